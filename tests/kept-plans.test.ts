import type { PoolClient } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentsOf } from '../src/domains/memory/pool.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

/** More often than PostgreSQL plans a statement for its values, on each of a few connections. */
const TIMES = 30;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seed: true });
  for (const about of ['rivers', 'bridges', 'ferries'])
    await app.record(about, [
      { query: `Kai Nakamura told me of ${about}`, response: `All ${about} lead to the sea` },
      { query: `I like ${about}`, response: 'So I hear' },
    ]);
});
afterAll(() => app.close());

/** The statements that PostgreSQL plans anew each time, and the ones whose plans it keeps, of all connections. */
async function plans(): Promise<{ kept: string[]; anew: string[] }> {
  const { pool, pipelined } = app.app.services.db;
  const held: PoolClient[] = [];
  const counts = new Map<string, number>();
  const note = async (client: PoolClient) => {
    const { rows } = await client.query<{ name: string; plans: number }>(
      'select name, generic_plans::int as plans from pg_prepared_statements',
    );
    for (const { name, plans } of rows) counts.set(name, (counts.get(name) ?? 0) + plans);
  };
  // Turns that come one after the other are stored over the same one of theirs.
  await pipelined(note);
  try {
    while (held.length < pool.totalCount) held.push(await pool.connect());
    for (const client of held) await note(client);
  } finally {
    for (const client of held) client.release();
  }
  const named = (is: (plans: number) => boolean) =>
    [...counts].flatMap(([name, plans]) => (is(plans) ? [name.replace(/_[0-9a-f]{16}$/, '')] : [])).sort();
  return { kept: named((plans) => plans > 0), anew: named((plans) => plans === 0) };
}

test('what is read for each answer, search, turn and list is not planned anew each time', async () => {
  for (let time = 0; time < TIMES; time++) {
    await app.ask('Tell me about Kai Nakamura', undefined, {
      conversationId: 'asked',
      idempotencyKey: `asked ${time}`,
    });
    await app.search('rivers');
    await app.graphql('{ conversations(first: 2) { nodes { title } } }');
  }
  const { kept } = await plans();
  expect(kept).toEqual(
    expect.arrayContaining([
      ...[
        'conversation_page_listed',
        'index_postings',
        'interactions_by_turn_ids',
        'stored_turns',
        'turns_about_answered_otherwise',
      ],
    ]),
  );
});

test('turns are not read where nobody said the words', async () => {
  app.statements.length = 0;
  await app.search('zyzzyva');
  const sent = app.statements.map((name) => name.replace(/_[0-9a-f]{16}$/, ''));
  expect(sent).toContain('index_postings');
  expect(sent).not.toContain('pooled_turns');
});

/** The prepared statements of these names, of all connections. */
async function statementsOf(...names: string[]): Promise<string[]> {
  const { pool } = app.app.services.db;
  const held: PoolClient[] = [];
  const found = new Set<string>();
  try {
    while (held.length < pool.totalCount) held.push(await pool.connect());
    for (const client of held) {
      const { rows } = await client.query<{ name: string; statement: string }>(
        'select name, statement from pg_prepared_statements',
      );
      for (const { name, statement } of rows)
        if (names.includes(name.replace(/_[0-9a-f]{16}$/, ''))) found.add(statement);
    }
  } finally {
    for (const client of held) client.release();
  }
  return [...found];
}

/** Their plans, for any values, where the database may not read whole tables. */
async function plansOf(...names: string[]): Promise<string[]> {
  const statements = await statementsOf(...names);
  const client = await app.app.services.db.dedicated();
  try {
    await client.query('set enable_seqscan = off');
    const plans: string[] = [];
    for (const statement of statements) {
      const plan = await client.query<{ 'QUERY PLAN': string }>(`explain (generic_plan) ${statement}`);
      plans.push(plan.rows.map((row) => row['QUERY PLAN']).join('\n'));
    }
    return plans;
  } finally {
    await client.end();
  }
}

// With ten million turns of one user each of these ran into the limit of 15 seconds.
test('turns that are few are found by indexes of their own, however many others there are', async () => {
  for (const filter of ['{ status: FAILED }', '{ intent: "none" }'])
    await app.graphql(`{ interactions(first: 5, filter: ${filter}) { nodes { query } } }`);
  const plans = await plansOf('interaction_page_said');
  expect(plans.filter((plan) => plan.includes('echo_interactions_unanswered_idx'))).toHaveLength(1);
  expect(plans.filter((plan) => plan.includes('echo_interactions_intent_idx'))).toHaveLength(1);
  expect(plans.join('\n')).not.toContain('Sort Key');
});

test('the last turns of a conversation are read without looking at more entries of the index than there are turns', async () => {
  await app.graphql('{ conversations(first: 2) { nodes { interactions(last: 2) { nodes { query } } } } }');
  await app.graphql(
    '{ conversation(conversationId: "rivers") { interactions(last: 2) { nodes { query } } } }',
  );
  const plans = await plansOf('interactions_of_conversations', 'conversation_page_with_turns');
  for (const condition of [
    /Index Cond: .*sequence >= k\.lowest/,
    /Index Cond: .*sequence >= \(\(\S*next_sequence - \S*deleted_turns\)/,
  ]) {
    const own = plans.filter((plan) => condition.test(plan));
    expect(own).toHaveLength(1);
    expect(own[0]).toMatch(/Scan Backward using echo_interactions_conversation_sequence_key/);
  }
});

test('what is shown and recorded of all turns reads none that has its vector', async () => {
  expect(await (await fetch(`${app.url}/metrics`)).text()).toMatch(/^echo_vectors_coverage_ratio \d/m);
  const [plan] = await plansOf('share_with_vector');
  expect(plan).toContain('echo_interactions_vector_queue_idx');
  expect(plan).not.toMatch(/Seq Scan on echo_unified/);
});

// Joined to the day, as many of them as lie behind any other are expected, and all are read.
test('what was used on some days reads their turns by when they were stored', async () => {
  await app.graphql('{ tenantUsage(days: 3) { day } financeTenants(days: 3) { tenantId } }');
  const plans = await plansOf('usage_of_tenant', 'finance_by_tenant');
  expect(plans).toHaveLength(2);
  for (const plan of plans) {
    expect(plan).toMatch(/created_at >= \(date_trunc/);
    expect(plan).not.toContain('CTE Scan on span');
  }
});

/** Waits until all turns are in the index. */
async function indexed(): Promise<void> {
  const { pool } = app.app.services.db;
  await expect
    .poll(
      async () => (await pool.query('select from echo_index_queue where user_id = $1', ['default'])).rowCount,
    )
    .toBe(0);
}

test('of conditions that more turns meet than are asked for, none is looked up', async () => {
  const { db } = app.app.services;
  await app.search('ferries');
  await indexed();
  const { rows } = await db.pool.query<{ owner_id: number }>(
    'select owner_id from echo_index_owners where user_id = $1',
    ['default'],
  );
  const met = (limit: number) =>
    documentsOf(
      db,
      { tenantId: 'default', userId: 'default' },
      rows[0]?.owner_id ?? 0,
      { conversationId: 'ferries', since: null, until: null, about: null, archived: null },
      limit,
    );
  expect((await met(2))?.size).toBe(2);
  expect(await met(1)).toBeNull();
});

// Of a table without figures, an owner's index cost the planner as much as that by ids: a new server read each turn of its user for each
// turn that came into the index.
test('whether turns are as they were read before they came into the index is looked up by their ids', async () => {
  await indexed();
  const plans = await plansOf('index_turns_unchanged');
  expect(plans).toHaveLength(1);
  expect(plans[0]).toMatch(/Index Scan using echo_unified_interactions_pkey/);
  expect(plans[0]).not.toMatch(/Index Cond: .*user_id/);
});

// In both tables at once, or along the wrong one of the indexes, all turns about a character of whom none is counted are read for the latest.
test('of a character who was just spoken of for the first time, only the latest turns are read', async () => {
  const { db } = app.app.services;
  const add = (turns: number, character: number | null) =>
    db.pool.query(
      `insert into echo_unified_interactions (tenant_id, turn_id, conversation_id, sequence, user_id, query, response, model_used,
         processing_time, payload_hash, chain_hash, learning_state, character_id, character_ids)
       select 'default', gen_random_uuid(), 'of ' || coalesce($2, 0), n, 'else', 'said', 'so', 'bench', 0, '', '', 'LEARNED', $2,
         case when $2 is not null then array[$2::int] end
       from generate_series(1, $1::int) n`,
      [turns, character],
    );
  await app.ask('Tell me about Kai Nakamura');
  await add(1_000, null);
  await db.pool.query('analyze echo_unified_interactions');
  await add(300, 1_000_000);
  const client = await db.dedicated();
  try {
    const [statement] = await statementsOf('turns_about_answered_otherwise');
    await client.query(`set plan_cache_mode = force_generic_plan; prepare latest_about as ${statement}`);
    const plan = await client.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, costs off, timing off) execute latest_about('else', 'default', '{1000000}', 50)`,
    );
    const lines = plan.rows.map((row) => row['QUERY PLAN']);
    expect(lines[0]).toContain('rows=50');
    expect(lines.flatMap((line) => /actual rows=(\d+)/.exec(line)?.[1] ?? []).map(Number)).toSatisfy(
      (read: readonly number[]) => Math.max(...read) === 50,
    );
    expect(lines.join('\n')).not.toContain('Rows Removed by Filter');
  } finally {
    await client.end();
  }
});
