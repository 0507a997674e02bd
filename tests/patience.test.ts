import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOCAL_PRINCIPAL } from '../src/access/principals.ts';
import { Patience } from '../src/db/patience.ts';
import { recordTurns } from '../src/domains/interactions/interactions.ts';
import { processQuery } from '../src/domains/query/query.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
  __typename ... on Error { code } ... on RecordTurnsSuccess { durability } } }`;
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  __typename ... on Error { code } ... on ProcessQuerySuccess { durability interaction { response } } } }`;

let app: TestApp;
let number = 0;

describe('what a call waits for all its reads together', () => {
  const never = () => new Promise<string>(() => undefined);
  /** Waits as long as it may, on a clock that is not the wall's. */
  const given: number[] = [];
  const tolerance = {
    patienceMs: 0,
    tolerate: async <T>(read: () => Promise<T>, fallback: T, ms = 0) => {
      given.push(ms);
      const end = performance.now() + Math.min(ms, 40);
      const waited = async () => {
        // A timer may be a little early.
        while (performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 1));
        return fallback;
      };
      return Promise.race([read(), waited()]);
    },
  };

  test('each read gets what the earlier ones left, and none is sent when nothing is left', async () => {
    given.length = 0;
    const patience = new Patience(tolerance, 30);
    expect(await patience.tolerate(never, 'without')).toBe('without');
    let sent = false;
    const late = await patience.tolerate(async () => {
      sent = true;
      return 'read';
    }, 'not sent');
    expect([late, sent, given]).toEqual(['not sent', false, [30]]);
  });

  test('reads beside each other count once, and time between reads not at all', async () => {
    given.length = 0;
    const patience = new Patience(tolerance, 10_000);
    await Promise.all([1, 2, 3].map(() => patience.tolerate(never, '')));
    const spent = patience.spentMs;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(patience.spentMs).toBe(spent);
    expect(spent).toBeLessThan(10_000);
    expect(await patience.tolerate(async () => 'read', '')).toBe('read');
    // Nothing waits longer than a read may by itself.
    expect(Math.max(...given)).toBeLessThanOrEqual(2_000);
  });
});

/** Looks at a table that nobody gets at, and at what becomes of one call; other tables answer. */
async function whileLocked<T>(table: string, work: () => Promise<T>): Promise<T> {
  const locker = new pg.Client({ connectionString: app.databaseUrl });
  await locker.connect();
  await locker.query(`begin; lock table ${table} in access exclusive mode`);
  try {
    return await work();
  } finally {
    await locker.end();
  }
}

describe.each([
  'echo_unified_interactions',
  'echo_conversations',
  'echo_deleted_turns',
  'echo_user_settings',
  'character_profiles',
])('%s is locked', (table) => {
  // One wait uses all of it up; each further one would be seen among the statements.
  const env = { ACK_DEADLINE_MS: '100', CANARY_INTERVAL_MS: '0' };
  beforeAll(async () => {
    app = await startTestApp({ env, patienceMs: 0 });
  });
  afterAll(() => app.close());

  test('each look-up waits at most for what is left, and the turn is kept', async () => {
    const key = `locked ${++number}`;
    const kept = await whileLocked(table, async () => {
      const recorded = await app.graphql(RECORD, {
        input: { conversationId: `r ${key}`, turns: [{ query: 'A blue kettle.', idempotencyKey: key }] },
      });
      const asked = await app.graphql(ASK, {
        input: { conversationId: `a ${key}`, query: 'Where is the kettle?', idempotencyKey: key },
      });
      const again = await app.graphql(ASK, {
        input: { conversationId: `a ${key}`, query: 'Where is the kettle?', idempotencyKey: key },
      });
      return { recorded, asked, again };
    });
    for (const { errors, data } of Object.values(kept)) {
      expect(errors).toBeUndefined();
      expect(Object.values(data)[0]).toHaveProperty('durability');
    }
    expect(kept.again.data.processQuery.interaction).toEqual(kept.asked.data.processQuery.interaction);
    const stored = () =>
      app.sql('select query from echo_unified_interactions where idempotency_key = $1 order by query', [key]);
    await expect.poll(stored).toEqual([{ query: 'A blue kettle.' }, { query: 'Where is the kettle?' }]);
  });
});

describe('what is looked up before a turn is kept', () => {
  // Less than a read may take by itself.
  const DEADLINE_MS = 1_000;
  beforeAll(async () => {
    app = await startTestApp({ env: { ACK_DEADLINE_MS: String(DEADLINE_MS), CANARY_INTERVAL_MS: '0' } });
  });
  afterAll(() => app.close());

  test.each([
    [
      'recordTurns',
      (services: never) =>
        recordTurns(services, LOCAL_PRINCIPAL, {
          conversationId: 'r',
          turns: [{ query: 'A', idempotencyKey: 'r' }],
        }),
    ],
    [
      'processQuery',
      (services: never) => processQuery(services, LOCAL_PRINCIPAL, { query: 'A?', idempotencyKey: 'a' }),
    ],
  ])('leaves time for the journal: %s', async (_name, call) => {
    const given: number[] = [];
    const availability = {
      isUp: true,
      patienceMs: 0,
      tolerate: async <T>(_read: () => Promise<T>, fallback: T, ms = 0) => {
        given.push(ms);
        return fallback;
      },
    };
    await call({ ...app.app.services, availability } as never);
    expect(given).not.toEqual([]);
    expect(Math.max(...given)).toBeLessThanOrEqual(DEADLINE_MS * 0.8);
  });
});

describe('the table of turns is locked', () => {
  // Long enough for what is read before.
  const env = { ACK_DEADLINE_MS: '2000', CANARY_INTERVAL_MS: '0' };

  test.each(['journal', 'strict'])(
    'a query awaits one look at it, not one after another: %s',
    async (policy) => {
      app = await startTestApp({ env: { ...env, ACK_POLICY: policy }, patienceMs: 0 });
      const key = `awaits ${policy}`;
      await whileLocked('echo_unified_interactions', async () => {
        app.statements.length = 0;
        const { data, errors } = await app.graphql(ASK, {
          input: { conversationId: key, query: 'Where is the kettle?', idempotencyKey: key },
        });
        if (policy === 'strict') expect(errors?.[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
        else expect(data.processQuery.durability).toBe('JOURNALED');
        const looks = app.statements.filter((name) => /interactions_by_turn_ids|deletions_among/.test(name));
        expect(looks).toHaveLength(1);
      });
      const stored = () =>
        app.sql('select status from echo_unified_interactions where idempotency_key = $1', [key]);
      // Refused means unknown, and never a half: it is stored whole, once.
      await expect.poll(stored).toEqual([{ status: 'ANSWERED' }]);
      await app.close();
    },
  );
});
