import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Looked, look } from '../database.ts';
import type { Random } from '../random.ts';
import { EFFECTS_JOB } from '../task-effects.ts';
import { callTool, chat, graphql, makeTask, taskState } from './calls.ts';
import type { Asked } from './judge-once.ts';
import { hashOf, picture } from './pictures.ts';
import type { SoakStand } from './stand.ts';

/** What visitors asked for, and how it went. */
export interface Visits {
  readonly asked: Asked[];
  /** Ids of tasks that leave effects. */
  readonly tasks: string[];
  readonly backups: { readonly backupId: string; readonly turnsBefore: readonly string[] }[];
  /** Turns of visitors that were acknowledged, in that order. */
  readonly turnIds: string[];
  readonly failures: { readonly at: number; readonly what: string; readonly why: string }[];
  readonly latencies: { readonly at: number; readonly what: string; readonly ms: number }[];
  answers: number;
}

export interface Visiting {
  readonly stand: SoakStand;
  /** The one that is the primary now. */
  readonly database: () => Looked;
  readonly random: Random;
  readonly visits: Visits;
  /** Milliseconds since the run began. */
  readonly now: () => number;
  /** Ends the visits; what is on its way is finished. */
  readonly ended: AbortSignal;
  /** Gives up what is on its way, too. */
  readonly abandoned: AbortSignal;
}

interface Visitor {
  readonly name: string;
  readonly everyMs: number;
  visit(visiting: Visiting, number: number, random: Random): Promise<void>;
}

const MINUTE = 60_000;
const RETRY_MS = 500;

const VISITORS: readonly Visitor[] = [
  { name: 'search', everyMs: 3_000, visit: search },
  { name: 'lists', everyMs: 5_000, visit: list },
  { name: 'mcp', everyMs: 5_000, visit: remember },
  { name: 'v1', everyMs: 6_000, visit: converse },
  { name: 'facts', everyMs: 10_000, visit: addFact },
  { name: 'learned facts', everyMs: 10_000, visit: sayFact },
  { name: 'learning', everyMs: MINUTE, visit: learn },
  { name: 'tasks', everyMs: 4_000, visit: order },
  { name: 'media', everyMs: 25_000, visit: index },
  { name: 'backups', everyMs: 4 * MINUTE, visit: backUp },
  { name: 'imports', everyMs: 3 * MINUTE, visit: importFile },
];

/** All of them, until they are to end. */
export async function visitAll(visiting: Visiting): Promise<void> {
  await Promise.all(
    VISITORS.map(async ({ name, everyMs, visit }) => {
      const random = visiting.random.fork(name);
      // Not all at once.
      await rest(visiting, random.integer(0, Math.min(everyMs, MINUTE / 2)));
      for (let number = 1; !visiting.ended.aborted; number++) {
        await visit(visiting, number, random.fork(number));
        await rest(visiting, everyMs / 2 + random.integer(0, everyMs));
      }
    }),
  );
}

/** At one server after the other, until one does it. @returns null if the run was given up before */
async function insist<T>(
  visiting: Visiting,
  what: string,
  random: Random,
  attempt: (port: number) => Promise<T>,
): Promise<T | null> {
  const { stand, visits, now, abandoned } = visiting;
  const { servers } = stand.servers;
  for (let at = random.integer(0, servers.length - 1); !abandoned.aborted; at++) {
    const since = now();
    try {
      const given = await attempt(servers[at % servers.length]?.port ?? 0);
      visits.latencies.push({ at: since, what, ms: now() - since });
      visits.answers++;
      return given;
    } catch (error) {
      const cause = (error as { cause?: { code?: string } }).cause?.code;
      visits.failures.push({ at: now(), what, why: cause ?? (error as Error).message.slice(0, 300) });
      await delay(RETRY_MS);
    }
  }
  const why = visits.failures.findLast((one) => one.what === what)?.why;
  stand.servers.report({
    check: 'unanswered',
    conversationId: null,
    detail: `${what}: ${why ?? 'nothing was said'}`,
  });
  return null;
}

async function search(visiting: Visiting, number: number, random: Random): Promise<void> {
  const words = random.pick(['the red door', 'Zorbla 12', 'what did we say about it?', `visit ${number}`]);
  const query = `query ($words: String!) { memorySearch(query: $words, limit: 10) { degraded hits { interaction { turnId } } } }`;
  await insist(visiting, 'search', random, (port) => graphql(port, query, { words }));
}

async function list(visiting: Visiting, _number: number, random: Random): Promise<void> {
  const query = random.pick([
    '{ conversations(first: 10) { nodes { conversationId interactions(last: 2) { nodes { turnId } } } } }',
    '{ facts(first: 20) { nodes { factId statement } } }',
    '{ mediaInsights(first: 20) { nodes { fileHash } } }',
    '{ tasks(first: 20) { nodes { taskId status } } }',
  ]);
  await insist(visiting, 'lists', random, (port) => graphql(port, query));
}

/** The last turn of each visit says its name, by which it is found again. */
async function remember(visiting: Visiting, number: number, random: Random): Promise<void> {
  const text = `#mcp.${number} ${random.pick(['a note', "an assistant's note", 'ein Vermerk'])}`;
  const asked = ask(visiting, 'turn of MCP', `mcp.${number}`, text);
  const turns = [{ query: text, idempotencyKey: `mcp.${number}` }];
  const given = await insist(visiting, 'mcp', random, (port) =>
    callTool(port, 'record_turns', { conversationId: 'soak-mcp', turns }),
  );
  if (given) acknowledge(visiting, asked, given.turnIds[0]);
}

async function converse(visiting: Visiting, number: number, random: Random): Promise<void> {
  const words = `#v1.${number} is what I say`;
  const asked = ask(visiting, 'turn of /v1', `v1.${number}`, words);
  const turnId = await insist(visiting, 'v1', random, (port) => chat(port, `soak-v1-${number % 5}`, words));
  if (turnId) acknowledge(visiting, asked, turnId);
}

async function addFact(visiting: Visiting, number: number, random: Random): Promise<void> {
  const object = `Zorbla${number}`;
  const asked = ask(visiting, 'fact', object, 'ACTIVE');
  const given = await insist(visiting, 'facts', random, (port) =>
    graphql(
      port,
      `mutation ($input: FactInput!) { addFact(input: $input) { ... on FactSuccess { fact { factId } } ... on Error { code message } } }`,
      { input: { predicate: 'visited', object } },
    ),
  );
  if (given) asked.acknowledged = true;
}

async function sayFact(visiting: Visiting, number: number, random: Random): Promise<void> {
  const name = `Quirm${number}`;
  const query = `I love ${name}.`;
  const asked = ask(visiting, 'learned fact', name, 'ACTIVE');
  const turns = [{ query, idempotencyKey: `said.${number}` }];
  const input = { conversationId: 'soak-said', userId: 'learner', turns };
  const given = await insist(visiting, 'learned facts', random, (port) =>
    graphql(
      port,
      `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
        ... on RecordTurnsSuccess { interactions { turnId } } ... on Error { code message } } }`,
      { input },
    ),
  );
  // It is promised with its turn: what is said is learned.
  if (given) asked.acknowledged = true;
}

async function learn(visiting: Visiting, _number: number, random: Random): Promise<void> {
  // One that is under way learns the same.
  await insist(visiting, 'learning', random, (port) =>
    makeTask(port, 'triggerSchedule(name: "learn")').catch((error: Error) => {
      if (!error.message.includes('SCHEDULE_BUSY')) throw error;
    }),
  );
}

async function order(visiting: Visiting, number: number, random: Random): Promise<void> {
  const input = `{ type: "${EFFECTS_JOB}", payload: { steps: 2, pauseMs: 200 }, maxRetries: 20, idempotencyKey: "order ${number}" }`;
  const taskId = await insist(visiting, 'tasks', random, (port) =>
    makeTask(port, `createTask(input: ${input})`),
  );
  if (taskId) visiting.visits.tasks.push(taskId);
}

async function index(visiting: Visiting, number: number, random: Random): Promise<void> {
  const { media } = visiting.stand;
  for (const one of [2 * number, 2 * number + 1]) {
    const bytes = await picture(one);
    const path = join(media, `picture-${one}.jpg`);
    await writeFile(path, bytes);
    // It is promised by the run over the whole folder at the end.
    ask(visiting, 'picture', hashOf(bytes), path).acknowledged = true;
  }
  await insist(visiting, 'media', random, (port) =>
    makeTask(port, `indexMedia(path: ${JSON.stringify(media)})`),
  );
}

/**
 * One that says that it succeeded must restore, with all that the database had before it was asked for: what then waits in the journal of
 * a server that does not make it is not in it.
 */
async function backUp(visiting: Visiting, number: number, random: Random): Promise<void> {
  const turnsBefore = await storedTurns(visiting);
  const taskId = await insist(visiting, 'backups', random, (port) =>
    makeTask(port, `createBackup(note: "soak ${number}")`),
  );
  if (!taskId) return;
  const result = await untilOver(visiting, taskId, random);
  if (result?.backupId) visiting.visits.backups.push({ backupId: result.backupId, turnsBefore });
}

/** Turns of visitors that the database has; none while it does not answer. */
async function storedTurns({ database, visits }: Visiting): Promise<string[]> {
  const text = 'select turn_id::text as id from echo_unified_interactions where turn_id = any($1::uuid[])';
  const rows = await look<{ id: string }>(database().connection, text, [visits.turnIds]).catch(() => []);
  return rows.map(({ id }) => id);
}

/** @returns the result of a task that was completed; null: it was not */
// biome-ignore lint/suspicious/noExplicitAny: each job has its own
async function untilOver(visiting: Visiting, taskId: string, random: Random): Promise<any> {
  while (!visiting.abandoned.aborted) {
    const task = await insist(visiting, 'tasks', random, (port) => taskState(port, taskId));
    if (task?.status === 'COMPLETED') return task.result;
    if (task?.status === 'FAILED' || task?.status === 'CANCELLED') {
      visiting.stand.servers.report({
        ...{ check: 'task-unfinished', conversationId: null },
        detail: `task ${taskId} is ${task.status}: ${task.error}`,
      });
      return null;
    }
    await delay(1_000);
  }
  return null;
}

const LINES = 30;
const ROOT = resolve(import.meta.dirname, '../..');

async function importFile(visiting: Visiting, number: number, random: Random): Promise<void> {
  const file = join(visiting.stand.scratch, `import-${number}.jsonl`);
  const lines = Array.from({ length: LINES }, (_, line) => {
    const query = `#import.${number}.${line} is what was said elsewhere`;
    const asked = ask(visiting, 'imported turn', `import.${number}.${line}`, query);
    return {
      asked,
      text: JSON.stringify({ conversationId: `soak-import-${number}`, query, response: 'Yes.' }),
    };
  });
  await writeFile(file, lines.map(({ text }) => `${text}\n`).join(''));
  const done = await insist(visiting, 'imports', random, (port) => importAt(visiting, port, file));
  for (const { asked } of lines) if (done) asked.acknowledged = true;
}

async function importAt({ stand, abandoned }: Visiting, port: number, file: string): Promise<true> {
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, ['scripts/import.ts', file, '--format', 'turns', '--url', url], {
    cwd: ROOT,
    env: { PATH: '/usr/bin:/bin', DATA_DIR: join(stand.scratch, 'import'), LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: abandoned,
  });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said = (said + piece).slice(-300);
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`exit code ${code}: ${said}`);
  return true;
}

function ask({ visits }: Visiting, kind: string, name: string, value: string): Asked {
  const asked = { kind, name, value, acknowledged: false };
  visits.asked.push(asked);
  return asked;
}

function acknowledge({ visits }: Visiting, asked: Asked, turnId: string): void {
  asked.acknowledged = true;
  visits.turnIds.push(turnId);
}

/** Ends early when there is nothing more to wait for. */
async function rest({ ended }: Visiting, ms: number): Promise<void> {
  await delay(ms, null, { signal: ended }).catch(() => null);
}
