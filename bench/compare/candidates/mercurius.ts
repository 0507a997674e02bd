import pg from 'pg';
import { peer } from './peer.ts';
import { CONVERSATIONS, LAST_OF_EACH, LATEST } from './sql.ts';

/** Mercurius with its compiler, over resolvers that are written by hand: GraphQL without access control and limits. */
interface Fastify {
  register(plugin: unknown, options: object): void;
  listen(options: object): Promise<string>;
}
const fastify = peer<(options: object) => Fastify>('fastify');
const mercurius = peer<unknown>('mercurius');
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 12 });

const schema = `
  type Interaction { turnId: ID! sequence: Int query: String! response: String modelUsed: String! status: String! timestamp: String! }
  type Conversation { conversationId: String! title: String createdAt: String! interactions: [Interaction!]! }
  type Query { latest(conversationId: String!): [Interaction!]! conversations: [Conversation!]! }
`;

type Row = Record<string, unknown>;
const inWords = (rows: Row[]): Row[] =>
  rows.map((row) => ({ ...row, timestamp: (row.timestamp as Date).toISOString() }));

const resolvers = {
  Query: {
    latest: async (_root: unknown, { conversationId }: { conversationId: string }) =>
      inWords((await pool.query({ name: 'latest', text: LATEST, values: [conversationId] })).rows),
    conversations: async () =>
      (await pool.query({ name: 'conversations', text: CONVERSATIONS })).rows.map((row: Row) => ({
        ...row,
        createdAt: (row.createdAt as Date).toISOString(),
      })),
  },
};
const loaders = {
  Conversation: {
    interactions: async (asked: readonly { obj: { conversationId: string } }[]) => {
      const names = asked.map(({ obj }) => obj.conversationId);
      const { rows } = await pool.query({ name: 'last_of_each', text: LAST_OF_EACH, values: [names] });
      const byName = new Map<string, Row[]>(names.map((name) => [name, []]));
      for (const row of inWords(rows)) byName.get(String(row.conversationId))?.push(row);
      return names.map((name) => byName.get(name) ?? []);
    },
  },
};

const app = fastify({});
app.register(mercurius, { schema, resolvers, loaders, jit: 1 });
console.log(JSON.stringify({ url: await app.listen({ host: '127.0.0.1', port: 0 }) }));
