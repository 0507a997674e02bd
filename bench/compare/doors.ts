import { SEED_CHARACTERS } from '../../src/domains/characters/seed.ts';
import type { Load } from './client.ts';
import type { Figure } from './figures.ts';
import { MODEL_MS, startWithModel } from './with-model.ts';
import type { Bench, Work } from './work.ts';
import { ASK, CREATE } from './writing.ts';

const TURNS = 1_000;
const CONNECTIONS = 4;
const CONVERSATIONS = 40;

/** The same question at three doors, and what memory adds to a model. */
export const doors: Work = {
  letters: ['h'],
  title: `(h) the older REST endpoints and /v1, ${CONNECTIONS} at a time`,
  run: async function* (bench) {
    const { memory, model, stop } = await startWithModel(bench);
    try {
      await memory.grow(TURNS);
      await memory.send(CREATE, { input: SEED_CHARACTERS[0] });
      const ask = (title: string, loads: Record<string, Omit<Load, 'connections' | 'ms'>>) =>
        measure(bench, title, loads);
      yield await ask('who a character is', {
        'POST /api/echo/query': {
          ...{ url: memory.url(), path: '/api/echo/query' },
          bodies: each((id) => ({ query: 'Tell me about Kai Nakamura', conversation_id: `rest ${id}` })),
        },
        processQuery: {
          ...{ url: memory.url(), path: '/graphql' },
          bodies: each((id) => ({
            query: ASK,
            variables: { input: { query: 'Tell me about Kai Nakamura', conversationId: `graphql ${id}` } },
          })),
        },
      });
      const chat = (id: number) => ({
        model: 'double',
        stream: true,
        messages: [
          { role: 'user', content: `What would you cook from lentils tonight? It is evening ${id}.` },
        ],
      });
      yield await ask(`a model of ${MODEL_MS} ms`, {
        'POST /v1/chat/completions': { url: memory.url(), path: '/v1/chat/completions', bodies: each(chat) },
        'the model alone': { url: model.url, path: '/v1/chat/completions', bodies: each(chat) },
      });
    } finally {
      await stop();
    }
  },
};

const each = (body: (id: number) => object) =>
  Array.from({ length: CONVERSATIONS }, (_, id) => JSON.stringify(body(id)));

async function measure(
  bench: Bench,
  title: string,
  asked: Record<string, Omit<Load, 'connections' | 'ms'>>,
): Promise<Figure> {
  const loads = Object.entries(asked).map(([candidate, load]) => ({
    candidate,
    load: { ...load, connections: CONNECTIONS, ms: bench.ms },
    values: [] as number[],
  }));
  for (const { load } of loads) await bench.client.run({ ...load, ms: 2_000 });
  for (let round = 0; round < bench.rounds; round++)
    for (const { load, values } of loads) values.push((await bench.client.run(load)).p50);
  return { letter: 'h', title: `${title}: p50`, unit: 'ms', more: false, series: loads };
}
