import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forgottenRows } from '../src/domains/consistency/forgotten-rows.ts';
import { FORGOTTEN_KINDS } from '../src/domains/consistency/kinds.ts';
import { subjectOf } from '../src/ground/ownership.ts';
import * as tables from '../src/lists/tables.ts';
import { exportedLines, restored } from './support/exports.ts';
import { learn } from './support/facts.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { operate } from './support/operate.ts';

const TURNS = 'echo_unified_interactions';
const LOCAL = { tenantId: 'default', userId: 'default' };
const HASH = 'a'.repeat(64);

let app: TestApp;
/** Of the conversation "kept", whose first two turns facts were learned from. */
beforeAll(async () => {
  app = await startTestApp();
  // More than are worth the index's while.
  await app.record('kept', numbered(70));
  const turnIds = await idsOf('kept');
  await app.record('another', numbered(3));
  await app.record('thinned', numbered(5));
  await app.graphql(
    `mutation { deleteInteraction(turnId: "${(await idsOf('thinned'))[1]}") { __typename } }`,
  );
  await learn(app, LOCAL.userId, [
    ...[
      { turnId: turnIds[0] ?? '', object: 'Lisbon' },
      { turnId: turnIds[1] ?? '', object: 'Porto' },
    ].map((said) => ({
      ...{ ...said, predicate: 'lives_in', saidAt: new Date().toISOString() },
    })),
  ]);
});
afterAll(() => app.close());

const numbered = (number: number) => Array.from({ length: number }, (_, n) => ({ query: `words ${n + 1}` }));
const idsOf = async (conversationId: string): Promise<string[]> => {
  const rows = await app.sql(
    `select turn_id as id from ${TURNS} where conversation_id = '${conversationId}' order by sequence`,
  );
  return rows.map(({ id }) => id as string);
};
const count = async (table: string) =>
  (await app.sql(`select count(*)::int as n from ${table}`))[0]?.n as number;

/** Until the index has what it was given before: what is made by hand would get numbers that it is about to use. */
const settled = () =>
  expect
    .poll(async () => (await count('echo_index_queue')) + (await count('echo_index_removals')), {
      timeout: 60_000,
    })
    .toBe(0);

/** What is found, and how much of it was made good, by kind. */
async function look(repair = false) {
  const found: Record<string, [count: number, repaired: number | null]> = {};
  for await (const rows of forgottenRows(app.app.services.db, { repair, settledMs: 0 }))
    found[rows.kind] = [rows.count, rows.repaired];
  return found;
}

const FIRST = `(select id from ${TURNS} where conversation_id = 'kept' and sequence = 1)`;
const AGAIN = `echo_index_owners o where o.user_id = 'default'`;
const SUBJECT = `'\\x${subjectOf(LOCAL).toString('hex')}'::bytea`;

/** How each kind is made by hand, and how many rows of it these are. A repair makes all good but the last two. */
const MADE: readonly [kind: string, statements: readonly string[], rows: number][] = [
  ['turns-of-no-conversation', [`delete from echo_conversations where conversation_id = 'another'`], 3],
  [
    'conversations-behind-their-turns',
    [`update echo_conversations set last_interaction = '2001-01-01' where conversation_id = 'kept'`],
    70,
  ],
  [
    'conversations-miscounted',
    [`update echo_conversations set deleted_turns = 40 where conversation_id in ('kept', 'thinned')`],
    2,
  ],
  [
    'marks-of-no-conversation',
    [
      `insert into echo_deleted_turns (turn_id, tenant_id, subject, conversation_id, sequence)
       values (gen_random_uuid(), 'default', ${SUBJECT}, 'one that is gone', 1)`,
    ],
    1,
  ],
  ['turns-without-words', [`delete from echo_index_documents where interaction_id = ${FIRST}`], 1],
  [
    'words-of-lost-segments',
    [`delete from echo_index_segments where segment = 0 and owner_id = (select owner_id from ${AGAIN})`],
    1,
  ],
  [
    'words-of-no-turn',
    [
      `insert into echo_index_documents select owner_id, next_document + 1000, 2000000000 from ${AGAIN}`,
      'update echo_index_segments set documents = documents + 1',
    ],
    1,
  ],
  [
    'words-of-nobody',
    [
      "insert into echo_index_postings (owner_id, term, segment, saying, data) values (77777, 'left', 0, 1, '')",
      'insert into echo_index_documents (owner_id, document, interaction_id) values (77778, 0, 2000000001)',
    ],
    2,
  ],
  [
    'facts-of-no-turn',
    [`update echo_fact_sources set turn_id = gen_random_uuid() where object = 'Porto'`],
    1,
  ],
  [
    'facts-of-no-picture',
    [
      `insert into echo_fact_sources (tenant_id, user_id, source_id, fact, added_by, file_hash, quote, starts_at, ends_at, said_at, origin,
         confidence, statement, subject, object, category)
       select tenant_id, user_id, gen_random_uuid(), fact, added_by, '${HASH}', '', 0, 0, said_at, origin, confidence, statement,
         subject, object, category from echo_fact_sources where object = 'Lisbon'`,
    ],
    1,
  ],
  ['facts-of-no-source', [`delete from echo_fact_sources where object = 'Lisbon'`], 1],
  [
    'refusals-of-no-turn',
    [
      `with run as (insert into learning_history (tenant_id, user_id, run_id, task_id)
         values ('default', 'default', gen_random_uuid(), gen_random_uuid()) returning id)
       insert into learning_refusals (run, turn_id, field, reason, count) select id, gen_random_uuid(), 'query', 'why', 1 from run`,
    ],
    1,
  ],
  [
    'events-of-no-turn',
    [
      `insert into echo_events (tenant_id, user_id, kind, turn_id) values ('default', 'default', 'interaction_added', gen_random_uuid())`,
    ],
    1,
  ],
];

const BEYOND_REPAIR: readonly [kind: string, made: string, undone: string][] = [
  [
    'deleted-turns-that-are-there',
    `insert into echo_deleted_turns (turn_id, tenant_id, subject) select turn_id, tenant_id, ${SUBJECT} from ${TURNS} where id = ${FIRST}`,
    `delete from echo_deleted_turns d using ${TURNS} i where i.turn_id = d.turn_id`,
  ],
  [
    'turns-twice',
    `insert into echo_unified_interactions_archive select (t).* from (
       select jsonb_populate_record(i, '{"archived_at": "2026-01-01"}') as t from only ${TURNS} i where id = ${FIRST}) i`,
    'delete from echo_unified_interactions_archive',
  ],
];

describe('rows that hang on turns', () => {
  test('are all there, and no more, where nobody forgot any', async () => {
    expect(await look()).toEqual({});
    await expect.poll(() => count('echo_index_queue'), { timeout: 60_000 }).toBe(0);
    expect(await look()).toEqual({});
    const { code, lines } = await operate(app.directory, 'verify', []);
    expect([code, lines]).toEqual([
      0,
      ['{"conversations":3,"turns":77,"damaged":0,"forgotten":0,"setAside":0}'],
    ]);
  });

  test.each(MADE)('%s are found, and made good', async (kind, statements, rows) => {
    await settled();
    for (const statement of statements) await app.sql(statement);
    expect(await look()).toEqual({ [kind]: [rows, null] });
    expect(await look(true)).toEqual({ [kind]: [rows, rows] });
    expect(await look()).toEqual({});
  });

  test.each(BEYOND_REPAIR)('%s are found, and left to people', async (kind, made, undone) => {
    await app.sql(made);
    const found = await look(true);
    await app.sql(undone);
    expect(found[kind]).toEqual([1, null]);
    expect(await look()).toEqual({});
  });

  test('are as they were for users after all of that', async () => {
    await settled();
    const { data } = await app.graphql(`{ conversations { nodes { conversationId interactionCount } }
      facts { nodes { object status } } memorySearch(query: "words 7") { hits { interaction { query } } } }`);
    expect(
      data.conversations.nodes.toSorted((a: Named, b: Named) =>
        a.conversationId < b.conversationId ? -1 : 1,
      ),
    ).toEqual([
      { conversationId: 'another', interactionCount: 3 },
      { conversationId: 'kept', interactionCount: 70 },
      { conversationId: 'thinned', interactionCount: 4 },
    ]);
    // What nothing says any more says nothing.
    expect(data.facts.nodes.map(({ object }: { object: string }) => object).join('')).toBe('');
    expect(data.memorySearch.hits[0].interaction.query).toBe('words 7');
  });
});

type Named = { conversationId: string };

test('the command tells of them in words, and what it made good', async () => {
  await app.sql(
    `update echo_conversations set deleted_turns = deleted_turns + 1 where conversation_id = 'kept'`,
  );
  const told = await operate(app.directory, 'verify', []);
  expect([told.code, ...told.lines.map((line) => JSON.parse(line))]).toEqual([
    1,
    {
      kind: 'conversations-miscounted',
      what: 'conversations that count more or fewer turns than they have',
      count: 1,
      examples: [{ ...LOCAL, id: 'kept' }],
      repaired: null,
      canBeRepaired: true,
    },
    { conversations: 3, turns: 77, damaged: 0, forgotten: 1, setAside: 0 },
  ]);
  const mended = await operate(app.directory, 'verify', ['--repair']);
  expect([mended.code, ...mended.lines.map((line) => JSON.parse(line))]).toMatchObject([
    ...[0, { repaired: 1 }, { forgotten: 0 }],
  ]);
  expect(await operate(app.directory, 'verify', ['--mend'])).toMatchObject({ code: 2 });
});

test('a conversation whose next turn would come before its last one takes turns again', async () => {
  await app.sql(`update echo_conversations set next_sequence = 1 where conversation_id = 'kept'`);
  expect(await look(true)).toEqual({ 'conversations-miscounted': [1, 1] });
  const [added] = await app.record('kept', [{ query: 'one more' }]);
  expect(added).toMatchObject({ sequence: 71 });
  const { data } = await app.graphql('{ verifyConversation(conversationId: "kept") { intact } }');
  expect(data.verifyConversation.intact).toBe(true);
  await app.graphql(`mutation { deleteInteraction(turnId: "${added?.turnId}") { __typename } }`);
});

test('a conversation whose next turn would take the place of a deleted one takes none', async () => {
  const [last] = await app.record('kept', [{ query: 'the last one' }]);
  await app.graphql(`mutation { deleteInteraction(turnId: "${last?.turnId}") { __typename } }`);
  await app.sql(
    `update echo_conversations set next_sequence = ${last?.sequence} where conversation_id = 'kept'`,
  );
  expect(await look(true)).toEqual({ 'conversations-miscounted': [1, 1] });
  const [added] = await app.record('kept', [{ query: 'behind the deleted one' }]);
  expect(added?.sequence).toBe(Number(last?.sequence) + 1);
  const { data } = await app.graphql('{ verifyConversation(conversationId: "kept") { intact } }');
  expect(data.verifyConversation.intact).toBe(true);
  await app.graphql(`mutation { deleteInteraction(turnId: "${added?.turnId}") { __typename } }`);
});

test('rows of a user who is being erased are the erasure’s', async () => {
  await app.sql(
    `update echo_conversations set deleted_turns = deleted_turns + 1 where conversation_id = 'kept'`,
  );
  await app.sql(
    `insert into echo_erasures (receipt_id, tenant_id, subject, erased_at) values (gen_random_uuid(), 'default', ${SUBJECT}, now())`,
  );
  expect(await look()).toEqual({});
  await app.sql('delete from echo_erasures');
  expect(await look(true)).toEqual({ 'conversations-miscounted': [1, 1] });
});

test('a conversation that is restored piece by piece stands where its latest turn does', async () => {
  const said = ['2026-01-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z'];
  await app.record(
    'moved',
    said.map((timestamp, n) => ({ query: `piece ${n}`, timestamp })),
    'mover',
  );
  const lines = (await exportedLines(app, 'mover')).filter((line) => line.includes('moved'));
  await app.graphql('mutation { deleteConversation(conversationId: "moved") { __typename } }', {}, 'mover');
  const [conversation = '', ...turns] = lines;
  const older = JSON.stringify({ ...JSON.parse(conversation), lastInteraction: said[0] });
  await restored(app, 'mover', [older, turns[0] ?? '']);
  await restored(app, 'mover', [conversation, turns[1] ?? '']);
  const { data } = await app.graphql(
    '{ conversation(conversationId: "moved") { lastInteraction interactionCount } }',
    {},
    'mover',
  );
  expect(data.conversation).toEqual({ lastInteraction: said[1], interactionCount: 2 });
  expect(await look()).toEqual({});
});

test('the health check’s own turn counts nowhere', async () => {
  await app.sql(`create function keep_canary() returns trigger language plpgsql as $$ begin return null; end $$;
    create trigger keep_canary before delete on ${TURNS} for each row when (old.tenant_id = '__canary') execute function keep_canary();
    create trigger keep_canary before delete on echo_conversations for each row
      when (old.tenant_id = '__canary') execute function keep_canary()`);
  const before = (await app.graphql('{ metrics { turnsStored } }')).data.metrics.turnsStored;
  await app.app.services.canary.run();
  expect(await app.sql(`select 1 from ${TURNS} where tenant_id = '__canary'`)).toHaveLength(1);
  const { lines } = await operate(app.directory, 'verify', []);
  expect(lines).toEqual(['{"conversations":4,"turns":79,"damaged":0,"forgotten":0,"setAside":0}']);
  expect((await app.graphql('{ metrics { turnsStored } }')).data.metrics.turnsStored).toBe(before);
  await app.sql(`drop trigger keep_canary on ${TURNS}; drop trigger keep_canary on echo_conversations`);
});

test('words of turns that were deleted while their segment was made again are the index’s', async () => {
  await settled();
  await app.sql(`with gone as (insert into echo_index_documents
      select owner_id, next_document + n, 2000000000 + n from generate_series(1000, 1099) n, ${AGAIN} returning interaction_id)
    insert into echo_index_removals (tenant_id, user_id, interaction_id, conversation_id) select 'default', 'default', interaction_id, 'kept' from gone`);
  expect(await look()).toEqual({});
  await settled();
});

test('a conversation that is made again goes on behind what was deleted at its end', async () => {
  await app.record('cut', numbered(3), 'cutter');
  const [, , last] = await idsOf('cut');
  await app.graphql(`mutation { deleteInteraction(turnId: "${last}") { __typename } }`, {}, 'cutter');
  await app.sql(`delete from echo_conversations where conversation_id = 'cut'`);
  expect(await look(true)).toEqual({ 'turns-of-no-conversation': [2, 2] });
  await app.record('cut', numbered(1), 'cutter');
  const { data } = await app.graphql(
    '{ verifyConversation(conversationId: "cut") { intact turns deleted } }',
    {},
    'cutter',
  );
  expect(data.verifyConversation).toEqual({ intact: true, turns: 3, deleted: 1 });
});

describe('turns whose words cannot be indexed', () => {
  /** One turn of a user whose words the database refuses, until it is set aside. */
  async function refused(user: string): Promise<string> {
    await app.record('refused', [{ query: `quagga of ${user}` }], user);
    await app.sql(`update echo_index_queue set queued_at = now() - interval '1 minute' where user_id = $1`, [
      user,
    ]);
    const of = `from echo_index_queue q join ${TURNS} i on i.id = q.interaction_id where q.user_id = '${user}' and set_aside is not null`;
    await expect.poll(() => app.sql(`select turn_id ${of}`), { timeout: 60_000 }).toHaveLength(1);
    return (await app.sql(`select turn_id ${of}`))[0]?.turn_id as string;
  }
  const waiting = (user: string) => app.sql('select from echo_index_queue where user_id = $1', [user]);
  const refuse = () =>
    app.sql(`create or replace function refuse() returns trigger language plpgsql as $$
        begin if new.term = 'quagga' then raise exception 'no quaggas' using errcode = '22000'; end if; return new; end $$;
      create trigger refuse before insert on echo_index_postings for each row execute function refuse()`);
  const allow = () => app.sql('drop trigger if exists refuse on echo_index_postings');
  const verified = async (...options: string[]) => {
    const { code, lines } = await operate(app.directory, 'verify', options);
    return { code, lines: lines.map((line) => JSON.parse(line)) };
  };
  beforeAll(refuse);
  afterAll(allow);

  test('are told of as what they are, fail nothing, and are tried again where that is asked for', async () => {
    const id = await refused('odd');
    expect(await look()).toEqual({});
    const told = {
      setAside: 'turns that were set aside, as their words cannot be indexed',
      ...{ reason: 'no quaggas (22000)', count: 1, examples: [{ tenantId: 'default', userId: 'odd', id }] },
    };
    const { code, lines } = await verified();
    expect(code).toBe(0);
    expect(lines.slice(-2)).toMatchObject([
      { ...told, triedAgain: false },
      { damaged: 0, forgotten: 0, setAside: 1 },
    ]);
    await allow();
    expect((await verified('--repair')).lines.at(-2)).toEqual({ ...told, triedAgain: true });
    await expect.poll(() => waiting('odd'), { timeout: 60_000 }).toEqual([]);
    expect((await verified()).lines).toMatchObject([{ damaged: 0, forgotten: 0, setAside: 0 }]);
    await refuse();
  });

  test('are found all the same, told of, and tried again by the server itself', async () => {
    const id = await refused('seen');
    const asked = async (text: string) => (await app.graphql(text, {}, 'seen')).data;
    const { memorySearch, interactions } = await asked(
      `{ memorySearch(query: "quagga") { hits { tier interaction { turnId } } }
         interactions(filter: { text: "quagga" }) { nodes { turnId } } }`,
    );
    expect(memorySearch.hits).toContainEqual({ tier: 'KEYWORDS', interaction: { turnId: id } });
    expect(interactions.nodes).toEqual([{ turnId: id }]);
    const words = async () =>
      (await asked('{ health { checks { name status detail } } }')).health.checks.find(
        ({ name }: { name: string }) => name === 'words',
      );
    const alerts = async () =>
      (await app.graphql('{ activeAlerts { name } }')).data.activeAlerts.map(
        ({ name }: { name: string }) => name,
      );
    expect(await words()).toMatchObject({ status: 'DEGRADED', detail: expect.stringContaining('set aside') });
    await expect.poll(alerts).toContain('words_degraded');
    expect(await (await fetch(`${app.url}/metrics`)).text()).toMatch(/^echo_words_set_aside 1$/m);
    const longAgo =
      "update echo_index_queue set queued_at = now() - interval '2 hours' where user_id = 'seen'";
    await app.sql(longAgo);
    const tried =
      "select from echo_index_queue where user_id = 'seen' and queued_at > now() - interval '1 hour' and set_aside is not null";
    await expect.poll(() => app.sql(tried)).toHaveLength(1);
    await allow();
    await app.sql(longAgo);
    await expect.poll(() => waiting('seen')).toEqual([]);
    await expect.poll(words).toMatchObject({ status: 'HEALTHY' });
    await expect.poll(alerts).not.toContain('words_degraded');
    await refuse();
  });

  test('do not keep others from being tried again, whatever ends the attempt', async () => {
    await refused('stuck');
    await refused('behind');
    // As a statement ends that takes too long.
    await app.sql(`create or replace function refuse() returns trigger language plpgsql as $$ declare who text; begin
      select user_id into who from echo_index_owners o where o.owner_id = new.owner_id;
      if who = 'stuck' then raise exception 'too slow' using errcode = '57014'; end if; return new; end $$`);
    await app.sql(`update echo_index_queue set queued_at = now() - case user_id when 'stuck' then interval '3 hours' else interval '2 hours' end
      where user_id in ('stuck', 'behind')`);
    await expect.poll(() => waiting('behind')).toEqual([]);
    expect(await app.sql("select set_aside from echo_index_queue where user_id = 'stuck'")).toEqual([
      { set_aside: 'no quaggas (22000)' },
    ]);
    await allow();
    await app.sql(
      "update echo_index_queue set queued_at = now() - interval '3 hours' where user_id = 'stuck'",
    );
    await expect.poll(() => waiting('stuck')).toEqual([]);
    await refuse();
  });

  test('are nowhere any more once they are deleted', async () => {
    const id = await refused('gone');
    await app.graphql(`mutation { deleteInteraction(turnId: "${id}") { __typename } }`, {}, 'gone');
    await expect.poll(() => waiting('gone'), { timeout: 60_000 }).toEqual([]);
    expect(await look()).toEqual({});
  });
});

test('marks are compared with conversations of one name that thousands of users have', async () => {
  const users = 'generate_series(1, 6000) n';
  await app.sql(
    `insert into echo_conversations (tenant_id, user_id, conversation_id) select 'default', 'user ' || n, 'main' from ${users}`,
  );
  await app.sql(`insert into echo_deleted_turns (turn_id, tenant_id, subject, conversation_id, sequence, chain_hash)
    select gen_random_uuid(), 'default', sha256(convert_to('["default","user ' || n || '"]', 'UTF8')), 'main', 1, '' from ${users}`);
  await app.sql(
    `update echo_conversations set next_sequence = 2, deleted_turns = 1 where conversation_id = 'main'`,
  );
  expect(await look()).toEqual({});
  await app.sql(`delete from echo_conversations where user_id = 'user 77'`);
  expect(await look(true)).toEqual({ 'marks-of-no-conversation': [1, 1] });
});

test('each table that names a turn is looked at, or says why not', () => {
  const looked = FORGOTTEN_KINDS.map(({ walk, forgotten }) => `${walk.behind} ${forgotten}`).join(' ');
  /** Tables that have turns only for a while. */
  const ON_THE_WAY = ['echo_vector_leases', 'echo_index_removals', 'echo_index_queue'];
  const naming = Object.values(tables)
    .filter((table) => is(table, PgTable))
    .filter((table) =>
      Object.values(getTableColumns(table)).some(({ name }) => /^(turn_id|interaction_ids?)$/.test(name)),
    )
    .map((table) => getTableName(table));
  expect(naming.length).toBeGreaterThan(5);
  expect(
    naming.filter((name) => !ON_THE_WAY.includes(name) && !looked.includes(`from ${name} where`)),
  ).toEqual([]);
});
