import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** Words of one line mean the same. */
export const CONCEPTS = [
  ['pets', 'beagle'],
  ['weather', 'drizzle'],
  ['furniture', 'wardrobe'],
  ['music', 'violin'],
  ['food', 'dumplings'],
  ['travel', 'ferry'],
  ['sport', 'rowing'],
  ['tools', 'chisel'],
  ['clothes', 'scarf'],
  ['plants', 'fern'],
] as const;

/**
 * Embeds by concepts, not by words: texts with words of one concept lie close. Each model has its own idea of how like unlike
 * texts are: the longer its vectors, the more.
 */
export async function startConceptServer() {
  /** Turns that get their vector from a model, by the length of its vectors; the others wait. */
  const allowed = new Map<number, number>();
  const given = new Map<number, number>();
  const server = createServer(async (request, response) => {
    const { input, dimensions } = (await json(request)) as { input: string[]; dimensions: number };
    const turns = input.filter((text) => /number \d/.test(text)).length;
    const mustWait = () => {
      const [before, most] = [given.get(dimensions) ?? 0, allowed.get(dimensions) ?? Infinity];
      return most === 0 || (before > 0 && before + turns > most);
    };
    while (!response.destroyed && turns > 0 && mustWait())
      await new Promise((resolve) => setTimeout(resolve, 20));
    given.set(dimensions, (given.get(dimensions) ?? 0) + turns);
    const data = input.map((text, index) => ({ index, embedding: vectorOf(text, dimensions) }));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    /** Lets a model embed so many more turns, or those of its next request, if these are more. */
    allow: (dimensions: number, turns: number) => {
      given.set(dimensions, 0);
      allowed.set(dimensions, turns);
    },
    /** Turns that it was asked for vectors of since then. */
    given: (dimensions: number) => given.get(dimensions) ?? 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function vectorOf(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  vector[0] = dimensions > 500 ? 3 : 0.5;
  for (const [at, words] of CONCEPTS.entries())
    if (words.some((word) => text.toLowerCase().includes(word))) vector[at + 1] = 1;
  return vector;
}
