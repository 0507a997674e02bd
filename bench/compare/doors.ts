import { SEED_CHARACTERS } from '../../src/domains/characters/seed.ts';
import type { Load } from './client.ts';
import type { Figure } from './figures.ts';
import { MODEL_MS, startWithModel } from './with-model.ts';
import type { Bench, Work } from './work.ts';
import { ASK, CREATE } from './writing.ts';

const TURNS = 1_000;
const CONNECTIONS = 4;
const CONVERSATIONS = 40;
/** More than a round answers: a thread that is sent again is answered anew and not stored. */
const THREADS = 3_000;

/** The same question at three doors, and what memory adds to a model. */
export const doors: Work = {
  letters: ['h'],
  title: `(h) the older REST endpoints and /v1, ${CONNECTIONS} at a time`,
  run: async function* (bench) {
    const { memory, model, stop } = await startWithModel(bench);
    try {
      await memory.grow(TURNS);
      await memory.send(CREATE, { input: SEED_CHARACTERS[0] });
      const ask = (title: string, loads: Record<string, Asked>) => measure(bench, title, loads);
      yield await ask('who a character is', {
        'POST /api/echo/query': {
          ...{ url: memory.url(), path: '/api/echo/query' },
          bodies: () =>
            each(CONVERSATIONS, (id) => ({
              query: 'Tell me about Kai Nakamura',
              conversation_id: `rest ${id}`,
            })),
        },
        processQuery: {
          ...{ url: memory.url(), path: '/graphql' },
          bodies: () =>
            each(CONVERSATIONS, (id) => ({
              query: ASK,
              variables: { input: { query: 'Tell me about Kai Nakamura', conversationId: `graphql ${id}` } },
            })),
        },
      });
      let thread = 0;
      const chats = () =>
        each(THREADS, () => ({
          model: 'double',
          stream: true,
          messages: [{ role: 'user', content: `What would you cook from lentils? It is meal ${++thread}.` }],
        }));
      yield await ask(`a model of ${MODEL_MS} ms`, {
        'POST /v1/chat/completions': { url: memory.url(), path: '/v1/chat/completions', bodies: chats },
        'the model alone': { url: model.url, path: '/v1/chat/completions', bodies: chats },
      });
    } finally {
      await stop();
    }
  },
};

/** What one candidate is asked; each round gets bodies of its own. */
interface Asked extends Omit<Load, 'connections' | 'ms' | 'bodies'> {
  readonly bodies: () => string[];
}

const each = (count: number, body: (id: number) => object) =>
  Array.from({ length: count }, (_, id) => JSON.stringify(body(id)));

async function measure(bench: Bench, title: string, asked: Record<string, Asked>): Promise<Figure> {
  const loads = Object.entries(asked).map(([candidate, load]) => ({
    candidate,
    run: (ms: number) => bench.client.run({ ...load, bodies: load.bodies(), connections: CONNECTIONS, ms }),
    values: [] as number[],
  }));
  for (const { run } of loads) await run(2_000);
  for (let round = 0; round < bench.rounds; round++)
    for (const { run, values } of loads) values.push((await run(bench.ms)).p50);
  return { letter: 'h', title: `${title}: p50`, unit: 'ms', more: false, series: loads };
}
