import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { interactionsByTurnId } from '../src/domains/interactions/reads.ts';
import { rowOf } from '../src/domains/interactions/rows.ts';
import {
  payloadHashOf,
  rekeyTurn,
  type Turn,
  timeOrderedUuid,
  withoutAnswer,
} from '../src/domains/interactions/turn.ts';
import { Journal, type JournalEntry } from '../src/journal/journal.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { startOpenAiServer } from './support/openai-server.ts';

// The fixtures were written by the version before turns had one shape; this one must read and write the same bytes.
const fixture = (name: string) => join(import.meta.dirname, 'fixtures', 'turns', name);
const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');
const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

const OWNER = { tenantId: 'default', userId: 'ann' };
const AT = '2024-05-01T10:00:00.123Z';
const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename ... on Error { message } } }`;
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) { __typename ... on Error { message } } }`;
const EXPORT = '{ exportUser(first: 500) { lines } }';
const RESTORE = `mutation ($lines: [String!]!) {
  restoreUser(lines: $lines) { ... on RestoreUserSuccess { turns } ... on Error { message } } }`;

/** A query as it is accepted: nothing is set that need not be. */
const DRAFT: Turn = {
  ...OWNER,
  turnId: '018f3b2a-0000-7000-8000-000000000001',
  conversationId: 'cut',
  episodeId: null,
  mode: null,
  query: 'What did Rina say?',
  response: '',
  speaker: null,
  responder: null,
  modelUsed: 'none',
  intelligenceLevel: null,
  processingTimeMs: 0,
  escalationPath: [],
  intent: null,
  confidence: null,
  requiresClarification: false,
  clarifyingQuestions: [],
  timestamp: AT,
  sessionId: null,
  metadata: { request_type: 'conversation' },
  status: 'PROCESSING',
  idempotencyKey: null,
  payloadHash: payloadHashOf('What did Rina say?'),
  stepTimings: null,
  tokensIn: null,
  tokensOut: null,
  characterIds: [],
  context: null,
  actor: null,
};

/** Its answer, with everything set that can be. */
const ANSWERED: Turn = {
  ...DRAFT,
  response: 'Nothing yet. é 🙂',
  modelUsed: 'medium',
  intelligenceLevel: 'standard',
  processingTimeMs: 1234.5,
  escalationPath: ['quick: timeout', 'standard'],
  intent: 'memory_recall',
  confidence: 0.75,
  requiresClarification: true,
  clarifyingQuestions: ['Which Rina?', 'When?'],
  metadata: { request_type: 'conversation', context: { z: 1, a: [2.5, null] } },
  status: 'ANSWERED',
  stepTimings: { accept: 0.5, answer: 1200, total: 1234.5 },
  tokensIn: 120,
  tokensOut: 34,
  characterIds: [2, 1],
  finishReason: 'length',
  cost: '0.000360',
  actor: { tenantId: 'default', user: 'ann', credential: 'key', address: '127.0.0.1', correlationId: 'c' },
};

const FULL: Turn = {
  ...ANSWERED,
  turnId: '018f3b2a-0000-7000-8000-000000000002',
  conversationId: 'full',
  episodeId: 'episode',
  mode: 'founder_takeaway',
  speaker: 'Bert',
  responder: 'Ernie',
  sessionId: 'sitting',
  title: 'What everything is',
  context: { about: 'everything' },
};

const RECORDED = [
  { query: 'Said to nobody', idempotencyKey: 'bare', timestamp: AT },
  {
    query: 'Does Rina like tea?',
    response: 'She does.',
    speaker: 'Ann',
    responder: 'Claude',
    timestamp: '2024-05-01T10:00:01.000Z',
    sessionId: 'sitting',
    modelUsed: 'claude',
    processingTimeMs: 12.5,
    intent: 'question',
    metadata: { z: 1, a: { deep: ['é', null] } },
    idempotencyKey: 'full',
  },
  {
    query: 'Empty words',
    response: '',
    speaker: '',
    responder: '',
    metadata: null,
    processingTimeMs: null,
    intent: '',
    modelUsed: '',
    sessionId: '',
    idempotencyKey: 'empty',
    timestamp: AT,
  },
];

/** An entry with what differs from run to run (instants, durations, the request) set to something fixed. */
function fixed({ kind, stream, body }: JournalEntry): string {
  const same = body
    .replaceAll(/"timestamp":"202[5-9][^"]*"|"timestamp":"20[3-9][^"]*"/g, `"timestamp":"${AT}"`)
    .replaceAll(/"acceptedAt":"[^"]*"/g, `"acceptedAt":"${AT}"`)
    .replaceAll(/"processingTimeMs":\d+\.\d{3,}/g, '"processingTimeMs":12.25')
    .replaceAll(/"stepTimings":\{[^}]*\}/g, (timings) => timings.replaceAll(/:\d+(\.\d+)?/g, ':1.5'))
    .replaceAll(/"address":"[^"]*","correlationId":"[^"]*"/g, '"address":"127.0.0.1","correlationId":"c"');
  return JSON.stringify({ kind, stream, body: same });
}

describe('what is written of a turn', () => {
  test('to the journal is what the version before wrote', async () => {
    const entries: JournalEntry[] = [];
    const write = Journal.prototype.write;
    const spy = vi.spyOn(Journal.prototype, 'write').mockImplementation(function (this: Journal, change) {
      // Events are told beside turns.
      entries.push(...(change.add ?? []).filter(({ kind }) => kind !== 'event'));
      return write.call(this, change);
    });
    const provider = await startOpenAiServer();
    const app = await startTestApp({
      seed: true,
      env: {
        CANARY_INTERVAL_MS: '0',
        LLM_BASE_URL: provider.url,
        LLM_MODELS: 'quick=small,standard=medium,expert=small',
        LLM_PRICES: 'quick=0.15/0.60',
      },
    });
    const expectDone = async (query: string, input: object) => {
      const { data, errors } = await app.graphql(query, { input }, 'ann');
      expect(errors).toBeUndefined();
      for (const result of Object.values(data) as { message?: string }[])
        expect(result.message).toBeUndefined();
    };
    const ask = async (input: object) => {
      const before = entries.length;
      await expectDone(ASK, { conversationId: 'asked', ...input });
      // Remembered for retries, a moment after it was committed.
      await expect.poll(() => entries.slice(before).map(({ kind }) => kind)).toContain('answer');
    };
    try {
      const [bare, full, empty] = RECORDED;
      await expectDone(RECORD, { conversationId: 'recorded', title: 'Records', turns: [bare, full] });
      await expectDone(RECORD, { conversationId: 'recorded', turns: [empty] });
      await ask({ query: 'sudo reboot', idempotencyKey: 'refused' });
      provider.respondWith({
        kind: 'answer',
        deltas: ['As you wish.'],
        usage: { prompt_tokens: 1_200, completion_tokens: 300 },
      });
      await ask({
        query: 'Please continue the story',
        intelligenceLevel: 'QUICK',
        mode: 'FOUNDER_TAKEAWAY',
        context: { b: 1, a: [2.5, null] },
        idempotencyKey: 'told',
      });
      const { store } = app.app.services;
      await store.abandon(await store.accept(DRAFT));
      await store.save([ANSWERED]);
      await store.save([FULL]);
      const open = await store.accept({ ...DRAFT, turnId: '018f3b2a-0000-7000-8000-000000000003' });
      spy.mockRestore();
      await store.abandon(open);
    } finally {
      await app.close();
      await provider.close();
      spy.mockRestore();
    }
    await expect(textOf(entries.map(fixed))).toMatchFileSnapshot(fixture('journal-entries.jsonl'));
  });

  test('that had to be amended, too', async () => {
    const amended = [DRAFT, ANSWERED, { ...FULL, idempotencyKey: 'key' }].flatMap((turn) => [
      rekeyTurn(turn),
      withoutAnswer(turn),
      withoutAnswer(rekeyTurn(turn)),
    ]);
    const lines = amended.map((turn) => JSON.stringify(turn));
    await expect(textOf(lines)).toMatchFileSnapshot(fixture('amended-turns.jsonl'));
  });
});

describe('what was written of turns', () => {
  let app: TestApp;
  let directory: string;
  let turns: Turn[];
  beforeAll(async () => {
    const entries = linesOf(await readFile(fixture('journal-entries.jsonl'), 'utf8')).map(
      (line) => JSON.parse(line) as JournalEntry,
    );
    const read = ({ body }: JournalEntry) => [JSON.parse(body)].flat() as Turn[];
    const isAnswered = new Set(
      entries
        .filter(({ kind }) => kind === 'turns')
        .flatMap(read)
        .map((turn) => turn.turnId),
    );
    const isLate = (entry: JournalEntry) =>
      entry.kind === 'turns' &&
      read(entry).some((turn) => turn.turnId === DRAFT.turnId && turn.status === 'ANSWERED');
    const left = entries.filter(
      (entry) => !isLate(entry) && (entry.kind !== 'query' || !isAnswered.has(read(entry)[0]?.turnId ?? '')),
    );
    directory = await mkdtemp(join(tmpdir(), 'echo-shape-'));
    const journal = await Journal.open(join(directory, 'journal.db'), 2 ** 24);
    await journal.write({ add: left });
    await journal.close();
    app = await startTestApp({ seed: true, env: { CANARY_INTERVAL_MS: '0', DATA_DIR: directory } });
    const { store } = app.app.services;
    await vi.waitUntil(() => store.backlog.depth === 0, { timeout: 60_000 });
    // In a transaction of its own, so that it completes what was stored.
    await store.save(entries.filter(isLate).flatMap(read));
    await app.graphql(
      `mutation { rateInteraction(input: { turnId: "${FULL.turnId}", rating: 0.5, comment: "good" }) { __typename } }`,
      {},
      'ann',
    );
    turns = left.filter(({ kind }) => kind === 'turns').flatMap(read);
  });
  afterAll(async () => {
    await app.close();
    await rm(directory, { recursive: true, force: true });
  });

  const exported = async (target: TestApp): Promise<string[]> =>
    (await target.graphql(EXPORT, {}, 'ann')).data.exportUser.lines;

  async function expectIntact(target: TestApp) {
    for (const id of ['recorded', 'asked', 'cut', 'full']) {
      const check = `{ verifyConversation(conversationId: "${id}") { intact problems { kind sequence } } }`;
      const { data } = await target.graphql(check, {}, 'ann');
      expect(data.verifyConversation).toEqual({ intact: true, problems: [] });
    }
  }

  test('is read from the journal, chained and exported as the version before did', async () => {
    const lines = await exported(app);
    // It exported one character of a turn, though its journal held all, and no intent of an answer that came later.
    const late = (line: string) =>
      line.includes('"kind":"conversation"') && line.includes('"conversationId":"cut"');
    expect(lines.find(late)).toContain('"intentHistory":["memory_recall"]');
    const before = lines.map((line) =>
      (late(line) ? line.replace('"memory_recall"', '') : line).replace(/"characters":\[[^\]]*\],/, ''),
    );
    await expect(textOf(before)).toMatchFileSnapshot(fixture('export.jsonl'));
    const several = lines.flatMap((line) => JSON.parse(line).characters ?? []);
    expect(several.length).toBeGreaterThan(1);
    await expectIntact(app);
  });

  test('is shown, while it waits, as it is stored', async () => {
    const { db } = app.app.services;
    const stored = await interactionsByTurnId(
      db,
      OWNER,
      turns.map(({ turnId }) => turnId),
    );
    const settled = turns.flatMap((turn, index) => {
      const row = stored[index];
      // Its answer came later.
      return row?.completionHash ? [] : [{ turn, row }];
    });
    expect(settled.length).toBeGreaterThan(4);
    for (const { turn, row } of settled) {
      const given = { id: 0, sequence: 0, chainHash: Buffer.alloc(0), createdAt: row?.timestamp };
      const later = {
        rating: null,
        ratingComment: null,
        vectorState: 'PENDING',
        vectorModel: null,
        vectorUpdatedAt: null,
      };
      const machine = {
        vectorLeaseToken: null,
        vectorLeaseUntil: null,
        vectorAttempts: 0,
        vectorError: null,
        learningState: 'PENDING',
        learningLeaseToken: null,
        learningLeaseUntil: null,
        learningSince: row?.timestamp,
      };
      const cost = row?.cost == null ? null : String(row.cost);
      expect(rowOf(turn)).toEqual({ ...row, cost, ...given, ...later, ...machine });
    }
  });

  test('is restored into an empty server, where it is the same', async () => {
    const lines = linesOf(await readFile(fixture('export.jsonl'), 'utf8'));
    const other = await startTestApp({ seed: true, env: { CANARY_INTERVAL_MS: '0' } });
    try {
      const { data } = await other.graphql(RESTORE, { lines }, 'ann');
      expect(data.restoreUser).toEqual({ turns: 8 });
      expect(await exported(other)).toEqual(lines);
      await expectIntact(other);
    } finally {
      await other.close();
    }
  });

  test('is told, when it is stored, as it is read afterwards', async () => {
    const { db, store } = app.app.services;
    const again = turns.map((turn, index) => ({
      ...turn,
      conversationId: 'told',
      turnId: timeOrderedUuid(new Date()),
      idempotencyKey: null,
      metadata: { ...turn.metadata, longer: [1e21, -0.5, { b: null, a: '' }], z: index },
      // As PostgreSQL writes no amount.
      ...(index % 2 === 1 && { cost: '0.5' }),
    }));
    const saved = await store.save(again);
    expect(saved.durability).toBe('COMMITTED');
    const read = await interactionsByTurnId(
      db,
      OWNER,
      again.map(({ turnId }) => turnId),
    );
    const rows = saved.turns.map(({ row }) => row);
    expect(rows.map(({ cost }) => cost)).toContain('0.500000');
    // What happens to it by itself may have happened by now.
    const { vectorState, vectorModel, vectorUpdatedAt } = rowOf(again[0] as Turn);
    expect(rows).toEqual(read.map((row) => ({ ...row, vectorState, vectorModel, vectorUpdatedAt })));
  });
});
