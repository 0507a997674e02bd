import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../../src/db/embedded.ts';
import { createLogger } from '../../../src/log.ts';
import { type ChildServer, startChildServer } from '../child-server.ts';
import { asked, install, ROOT, record, untilFound } from './make.ts';

const DEADLINE = { ACK_DEADLINE_MS: '20000' };
const STORED = `{ interactions(first: 100) { nodes { turnId query response sequence rating } }
  verifyConversation(conversationId: "shared") { intact turns }
  persistence { journal { depth } } }`;

interface Stored {
  readonly interactions: { readonly nodes: readonly Record<string, unknown>[] };
  readonly verifyConversation: { readonly intact: boolean; readonly turns: number };
  readonly persistence: { readonly journal: { readonly depth: number } };
}

/**
 * A rolling upgrade: a server of an earlier version goes on beside one of today, which brings their database to its schema while
 * the earlier one takes turns. Both then write one conversation, and each must see all of it.
 *
 * @throws Error that says what does not hold
 */
export async function upgradeBeside(
  commit: string,
  workplace: string,
  print: (line: string) => void,
): Promise<void> {
  const root = await install(commit, join(workplace, commit));
  const directory = await mkdtemp(join(tmpdir(), 'echo-beside-'));
  const log = createLogger('warn', 2);
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres'), log });
  const { host, port, user } = postgres.connection;
  const urlOf = (name: string) =>
    `postgresql://${user}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`;
  const client = new pg.Client({ connectionString: urlOf('postgres') });
  await client.connect();
  await client.query('create database shared');
  await client.end();
  const env = { DATABASE_URL: urlOf('shared'), MASTER_KEY: 'ab'.repeat(32), ...DEADLINE };
  const running: ChildServer[] = [];
  const start = async (name: string, tree?: string) => {
    await mkdir(join(directory, name), { recursive: true });
    const server = await startChildServer(join(directory, name), env, tree);
    running.push(server);
    return server;
  };
  try {
    const earlier = await start('earlier', root);
    const turns = taking(earlier);
    const today = await start('today');
    const before = await turns.end();
    print(`${commit} took ${before.length} turns while it was upgraded beside it`);
    const said = await both(earlier, today, before);
    await expectOnce(urlOf('shared'), said);
    print('both wrote one conversation; each sees, finds and verifies all of it');
    await ended(earlier);
    if ((await migrationsIn(root)) < (await migrationsIn(ROOT))) {
      const refused = await refusal(root, { ...env, DATA_DIR: join(directory, 'earlier') });
      if (!/newer version/.test(refused)) throw new Error(`an earlier version on a newer schema: ${refused}`);
      print('started again, the earlier one refuses the newer schema');
    } else print('both have one schema: the earlier one may be started again');
    await ended(today);
  } finally {
    for (const server of running) server.signal('SIGKILL');
    await Promise.all(running.map(({ exited }) => exited));
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Says one turn after the other until it is told to end. */
function taking(server: ChildServer): { end: () => Promise<readonly string[]> } {
  let isOver = false;
  const run = async () => {
    const said: string[] = [];
    while (!isOver) {
      said.push(`turn ${said.length} of the earlier one`);
      await record(server, 'shared', [{ query: said.at(-1), response: 'Noted.' }]);
    }
    return said;
  };
  const done = run();
  done.catch(() => undefined);
  return {
    end: () => {
      isOver = true;
      return done;
    },
  };
}

/** @returns what was said in all */
async function both(
  earlier: ChildServer,
  today: ChildServer,
  before: readonly string[],
): Promise<readonly string[]> {
  const said = [...before];
  for (let round = 0; round < 5; round++)
    for (const [name, server] of [
      ['earlier', earlier],
      ['today', today],
    ] as const) {
      said.push(`${name} says ${round}`);
      await record(server, 'shared', [{ query: said.at(-1), response: 'Noted.' }]);
    }
  await record(earlier, 'shared', [{ query: 'I sleep in a lighthouse' }]);
  said.push('I sleep in a lighthouse');
  for (const server of [earlier, today]) {
    const stored = await asked<Stored>(server, STORED);
    const newest = stored.interactions.nodes.filter(({ query }) => said.slice(-11).includes(String(query)));
    if (newest.length !== 11) throw new Error(`it sees ${newest.length} of the newest 11 turns`);
    const { intact, turns } = stored.verifyConversation;
    if (!intact || turns !== said.length)
      throw new Error(`the chain of "shared": ${turns} of ${said.length} turns, intact: ${intact}`);
    await untilFound(server);
    const turnId = stored.interactions.nodes[0]?.turnId;
    await asked(
      server,
      'mutation ($turnId: ID!) { rateInteraction(input: { turnId: $turnId, rating: 1 }) { __typename ... on Error { message } } }',
      { turnId },
    );
    await asked(
      server,
      `mutation { processQuery(input: { query: "Where do I sleep?", conversationId: "asked" }) {
        __typename ... on Error { message } } }`,
    );
  }
  return said;
}

/** @throws Error if a turn was lost or doubled */
async function expectOnce(url: string, said: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ query: string }>(
    `select query from echo_unified_interactions where conversation_id = 'shared'`,
  );
  await client.end();
  const stored = rows.map(({ query }) => query).sort();
  if (JSON.stringify(stored) !== JSON.stringify([...said].sort()))
    throw new Error(`${said.length} turns were acknowledged, and ${stored.length} are stored, or others`);
}

async function migrationsIn(root: string): Promise<number> {
  return (await readdir(join(root, 'drizzle'))).filter((name) => name.endsWith('.sql')).length;
}

/** What a server says that does not start. */
async function refusal(root: string, env: Record<string, string>): Promise<string> {
  const script = existsSync(join(root, 'scripts/start.ts')) ? 'scripts/start.ts' : 'src/main.ts';
  const { PATH = '', HOME = '' } = process.env;
  return promisify(execFile)(process.execPath, [script], {
    ...{ cwd: root, env: { PATH, HOME, PORT: '0', SEED: 'off', ...env }, timeout: 60_000 },
  }).then(
    () => 'it started',
    (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
  );
}

async function ended(server: ChildServer): Promise<void> {
  server.signal('SIGTERM');
  const code = await server.exited;
  if (code !== 0) throw new Error(`a stop ended with ${code}`);
}
