import { type GraphQLArgument, type GraphQLInputField, getNamedType, isInputObjectType } from 'graphql';
import { type TOTP, URI } from 'otpauth';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { enrol } from '../src/domains/credentials/authenticators.ts';
import { requireSealer } from '../src/domains/credentials/credentials.ts';
import type { Journal } from '../src/journal/journal.ts';
import { wholeSchema } from '../src/lists/schema.ts';
import { callOf, type Place, placesOf } from './support/every-field.ts';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { VALUES } from './support/isolation.ts';
import { startOpenAiServer } from './support/openai-server.ts';
import { startQdrantDouble } from './support/qdrant-double.ts';
import { openSocket, overWebSocket, take } from './support/streams.ts';

const schema = wholeSchema();

const VICTIM = 'vera';
const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
  ... on RecordTurnsSuccess { interactions { turnId metadata } } ... on Error { message } } }`;

/** What each place is filled with where another one is attacked, so that the call gets as far as it can. */
const VALID: Record<string, unknown> = {
  query: 'Something',
  conversationId: 'thread of the caller',
  rating: 1,
  name: 'A_NAME',
  characterName: 'Iris Vale',
  value: 'a value',
  code: '000000',
  tokenId: 'a token',
  expiresAt: '2999-01-01T00:00:00Z',
  olderThanDays: 3_650,
  confirm: 'nobody',
  keyId: '000000000000',
  ...Object.fromEntries(
    [
      'invoiceId',
      'refundId',
      'customerId',
      'partnerId',
      'clientId',
      'partyId',
      'factId',
      'goalId',
      'projectId',
      'briefId',
      'segmentId',
      'generationId',
      'webhookId',
      'differenceId',
      'taskId',
    ].map((name) => [name, '00000000-0000-4000-8000-000000000000']),
  ),
  segmentIds: ['00000000-0000-4000-8000-000000000000'],
  turnIds: ['00000000-0000-4000-8000-000000000000'],
  fileHash: 'ab'.repeat(32),
  userId: 'nobody',
  character: 'Iris Vale',
  characters: ['Iris Vale'],
};
const KINDS: Record<string, string> = { createBusinessKey: 'CLIENT', noteDataRequest: 'ACCESS' };

let app: TestApp;
/** Looks at all that is kept, again and again: a new connection would have to learn all tables each time. */
let beside: pg.Client;
const journaled: unknown[] = [];
beforeAll(async () => {
  // What takes long to search for is given up, as usual.
  app = await startTestApp({
    env: { MASTER_KEY: '5e'.repeat(32), CANARY_INTERVAL_MS: '0', MEDIA_ROOTS: import.meta.dirname },
    patienceMs: 0,
  });
  beside = new pg.Client({ connectionString: app.databaseUrl });
  await beside.connect();
  const turns = [{ query: 'What nobody else may touch', response: 'Noted', idempotencyKey: 'hers' }];
  await app.graphql(RECORD, { input: { conversationId: 'thread of vera', turns } }, VICTIM);
  const { data } = await app.graphql(RECORD, {
    input: { conversationId: VALID.conversationId, turns: [{ query: 'Mine' }] },
  });
  VALID.turnId = data.recordTurns.interactions[0].turnId;
  VALID.id = Buffer.from(`Interaction:${VALID.turnId}`).toString('base64');
  await app.graphql('mutation { upsertCharacter(input: { characterName: "Iris Vale" }) { __typename } }');
  await app.graphql(
    'mutation { storeCredential(input: { name: "A_NAME", value: "a value" }) { __typename } }',
  );
  VALID.lines = (await app.graphql('{ exportUser { lines } }')).data.exportUser.lines;
  const made = await app.graphql(
    `mutation { createWebhook(input: { url: "https://93.184.215.14/hook", events: [FACT_CHANGED] }) {
      ... on WebhookSuccess { webhook { webhookId } } ... on Error { message } } }`,
  );
  VALID.webhookId = made.data.createWebhook.webhook.webhookId;
  // What is delivered would change what is kept.
  const pause =
    'mutation ($id: ID!) { updateWebhook(webhookId: $id, input: { paused: true }) { __typename } }';
  const paused = await app.graphql(pause, { id: VALID.webhookId });
  expect(paused.data.updateWebhook.__typename).toBe('WebhookSuccess');
  const waiting = "select 1 from echo_unified_interactions where vector_state <> 'EMBEDDED'";
  await vi.waitFor(async () => expect(await app.sql(waiting)).toEqual([]), { timeout: 60_000 });
  const { journal } = app.app.services as unknown as { journal: Journal };
  const write = journal.write.bind(journal);
  vi.spyOn(journal, 'write').mockImplementation((change) => {
    journaled.push(...(change.add ?? []));
    return write(change);
  });
});
afterAll(async () => {
  await beside.end();
  await app.close();
});

/** The type and description of what a caller puts at a place. */
function leafAt({ operation, field, path }: Place): { type: string; description: string } {
  const root = schema.getRootType(operation as never)?.getFields()[field];
  let leaf: GraphQLArgument | GraphQLInputField | undefined = root?.args.find(({ name }) => name === path[0]);
  for (const name of path.slice(1)) {
    const inner = leaf && getNamedType(leaf.type);
    leaf = isInputObjectType(inner) ? inner.getFields()[name] : undefined;
  }
  return { type: leaf ? getNamedType(leaf.type).name : '', description: leaf?.description ?? '' };
}

const places = placesOf(schema)
  .root.map((place) => ({ ...place, ...leafAt(place) }))
  .filter(({ type }) => ['String', 'ID', 'JSON'].includes(type));
type TextPlace = (typeof places)[number];

/** The ways in which a text can stand at a place: as it is, within JSON, within what is encoded. */
function formsOf({ name, type, path, operation }: TextPlace, text: string): unknown[] {
  if (type === 'JSON') return /(Images|Elements)\)$/.test(name) ? [[text]] : [{ a: text }, { [text]: 1 }];
  // A request has at most a mebibyte, and what is encoded is longer.
  const short = text.slice(0, 700_000);
  const last = path.at(-1) ?? '';
  if (last === 'id')
    return [text, ...NODES.map((node) => Buffer.from(`${node}:${short}`).toString('base64'))];
  // Half a character has no encoding.
  const isEncoded = operation === 'query' && /^(after|before)$/.test(last) && text.isWellFormed();
  return isEncoded ? [text, Buffer.from(short).toString('base64url')] : [text];
}
const NODES = ['Conversation', 'Interaction', 'Character'];

/** Calls a field with a value at one place. A subscription that says nothing is waited for so long. */
async function call(place: Place, value: unknown, silenceMs = 300): Promise<Result> {
  const { query, variables } = callOf(schema, place, (path, isChosen) => {
    const name = path.at(-1) ?? '';
    if (isChosen) return value;
    if (name === 'confirm' && place.path.at(-1) === 'userId') return String(value).slice(0, 100);
    // A thread belongs to one user, and takes a title with its turns only where it never had one.
    if (
      name === 'conversationId' &&
      ['userId', 'title'].includes(place.path.at(-1) ?? '') &&
      place.field !== 'updateConversation'
    )
      return crypto.randomUUID();
    if (name === 'kind' && KINDS[place.field]) return KINDS[place.field];
    return name === 'name' && place.field === 'deactivateCharacter'
      ? 'Iris Vale'
      : (VALID[name] ?? VALUES[name]);
  });
  if (place.operation !== 'subscription') return app.graphql(query, variables);
  const client = app.connect();
  const silence = new Promise<Result>((resolve) => setTimeout(() => resolve({}), silenceMs));
  const first = overWebSocket(client, query, variables).next();
  try {
    return await Promise.race([first.then(({ value: result }) => (result ?? {}) as Result), silence]);
  } finally {
    await client.dispose();
  }
}

/** The code of a refusal, wherever it stands; null: a lookup found nothing; undefined: an answer, or none. */
function codeOf({ data, errors }: Result): string | null | undefined {
  if (errors?.[0]) return errors[0].extensions.code;
  const [given] = Object.values((data ?? {}) as Record<string, Record<string, unknown> | null>);
  if (given === null) return null;
  if (given?.__typename === 'QueryFailed')
    return (given.QueryFailed_error as Record<string, string>).QueryFailure_code;
  return given?.[`${given?.__typename}_code`] as string | undefined;
}

/** The field that a refusal names; null: nothing was refused. */
function fieldOf({ data, errors }: Result): string | null {
  if (errors?.[0]) return errors[0].extensions.field ?? null;
  const [given] = Object.values((data ?? {}) as Record<string, Record<string, unknown> | null>);
  const refusal = given?.__typename === 'QueryFailed' ? given.QueryFailed_error : given;
  const { __typename: kind, ...said } = (refusal ?? {}) as Record<string, string | null>;
  return said[`${kind ?? 'QueryFailure'}_field`] ?? null;
}

/** How errors name a place: its path without `input`, in which most mutations have their fields. */
const wordsOf = ({ path }: Place) => path.slice(path.length > 1 && path[0] === 'input' ? 1 : 0).join('.');
const withoutPlaces = (field: string) => field.replaceAll(/\.\d+(?=\.|$)/g, '');

/**
 * All that is kept, but what workers derive from it, the log of who did what, what is measured, what is on its way to others (and how far that has come), and which servers are there. Prepared once:
 * to plan a look at all tables costs more than the look.
 */
async function kept(): Promise<unknown> {
  looking ??= await lookAtTables();
  return (await beside.query({ name: 'kept', text: looking })).rows[0];
}
let looking: string | undefined;

async function lookAtTables(): Promise<string> {
  const { rows: tables } = await beside.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' and tablename !~ '^echo_(index_|audit_|metric_|journals|vector_leases|deliver)'`,
  );
  const row =
    "(select jsonb_object_agg(key, value)::text from jsonb_each(to_jsonb(t)) where key !~ '^(vector|position)_')";
  const sums = tables.map(
    ({ name }) => `(select md5(string_agg(${row}, '' order by ${row})) from "${name}" t) as "${name}"`,
  );
  return `select ${sums.join(', ')}`;
}

/** Names that are looked up: what cannot exist is not there. */
const LOOKUPS = /^(Query\.(node|character|conversation|verifyConversation)|Mutation\.revokeApiKey)\(/;
const HOSTILE = ['a\u0000b', 'a\ud800b', '\udc00', 'x'.repeat(900_000)];

describe('text that cannot be stored: NUL, halves of characters, 900,000 characters', () => {
  test('is tried at every place', () => {
    expect(places.length).toBeGreaterThan(120);
  });

  /** As it was behind the last text: what that kept late shows with the next one. */
  let latest: unknown;
  const refused = async (place: TextPlace) => {
    const before = latest ?? (await kept());
    journaled.length = 0;
    const taken: unknown[] = [];
    for (const text of HOSTILE)
      for (const value of formsOf(place, text)) {
        const answer = await call(place, value, 20_000);
        const code = codeOf(answer);
        const field = fieldOf(answer);
        // Whose hash cannot be is found out behind that it names no tag.
        const isWhole = place.field === 'tagMedia' && field === 'input';
        const isNamed =
          field === null
            ? code !== 'BAD_USER_INPUT' || LOOKUPS.test(place.name)
            : withoutPlaces(field) === wordsOf(place);
        if (!isNamed && !isWhole) taken.push([JSON.stringify(value).slice(0, 40), `names ${field}`]);
        const isRight =
          code === 'BAD_USER_INPUT' || (LOOKUPS.test(place.name) && (code === null || code === 'NOT_FOUND'));
        if (!isRight) taken.push([JSON.stringify(value).slice(0, 40), code]);
      }
    latest = await kept();
    expect(taken).toEqual([]);
    expect(journaled).toEqual([]);
    expect(latest).toEqual(before);
  };
  const named = (some: TextPlace[]) => some.map((place) => [place.name, place] as const);
  test.each(named(places))('is refused at %s, and nothing is kept of it', (_name, place) => refused(place));

  const asked = (input: string) =>
    `mutation { processQuery(input: { ${input} }) { __typename ... on Error { code } } }`;
  test.each([
    ['{ conversations(episodeId: "a\\u0000b") { nodes { id } } }', 'BAD_USER_INPUT'],
    ['{ conversations(episodeId: "a\u0000b") { nodes { id } } }', 'BAD_USER_INPUT'],
    ['{ character(name: "a\\u0000b") { id } }', null],
    [asked('query: "a\\u0000b"'), 'BAD_USER_INPUT'],
    [asked('query: "x", context: { a: ["\\u0000"] }'), 'BAD_USER_INPUT'],
    [asked('query: "a\\ud800b"'), 'GRAPHQL_PARSE_FAILED'],
  ])('is refused as a literal: %j', async (query, expected) => {
    const before = await kept();
    const [overSocket] = await take(overWebSocket(app.connect(), query));
    for (const { data, errors } of [await app.graphql(query), overSocket ?? {}]) {
      const [typed] = Object.values((data ?? {}) as Record<string, { code: string } | null>);
      expect(errors ? errors[0]?.extensions.code : (typed?.code ?? null)).toBe(expected);
    }
    expect(await kept()).toEqual(before);
  });
});

describe('text that means something elsewhere', () => {
  const intact = () =>
    app.sql(
      `select (select jsonb_agg(to_jsonb(i) order by id) from echo_unified_interactions i where user_id = $1) as turns,
         (select jsonb_agg(to_jsonb(c) order by id) from echo_conversations c where user_id = $1) as threads,
         (select count(*)::int from pg_tables where schemaname = 'public') as tables,
         (select count(*)::int from character_profiles where character_name = 'Iris Vale' and is_active) as characters,
         (select count(*)::int from echo_credentials where name = 'A_NAME') as credentials`,
      [VICTIM],
    );

  test.each([
    "'; drop table echo_conversations; --",
    "\\'; delete from echo_unified_interactions; --",
    '%_',
    '$1',
    '") or 1=1; --',
  ])('%s is text at every place, and touches nothing of others', async (text) => {
    const before = await intact();
    journaled.length = 0;
    const failed: unknown[] = [];
    for (const place of places)
      for (const value of formsOf(place, text)) {
        const answer = await call(place, value);
        if (/"INTERNAL"|"SERVICE_UNAVAILABLE"|Unexpected error/.test(JSON.stringify(answer)))
          failed.push([place.name, value, answer]);
      }
    expect(failed).toEqual([]);
    expect(await intact()).toEqual(before);
    // The calls got as far as to store something, and the journal was looked at.
    expect(journaled.length).toBeGreaterThan(10);
  });

  const SEARCHES: [string, number][] = [
    ['query ($t: String!) { interactions(filter: { text: $t }) { nodes { userId } } }', 1_000],
    ['query ($t: String!) { characters(filter: { search: $t }) { nodes { id } } }', 20_000],
    ['query ($t: String!) { memorySearch(query: $t) { hits { interaction { userId } } } }', 32_000],
    ['mutation ($t: String!) { processQuery(input: { query: $t }) { __typename } }', 32_000],
  ];
  test.each(
    [
      '!(',
      '((a|b)&!c)<->',
      "'x':*ABCD & ",
      '%_',
      '\\',
      '(a+)+$',
      '(.*)*[[:alpha:]]{1,255}',
      '"a" or -',
      'ﷺ',
    ].flatMap((bomb) => SEARCHES.map((search) => [bomb, ...search] as const)),
  )('%j, again and again, is text to %s', async (bomb, query, maximum) => {
    const text = bomb.repeat(maximum / bomb.length).padEnd(maximum, 'b');
    const { data, errors } = await app.graphql(query, { t: text });
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).not.toContain(VICTIM);
  });
});

describe('the length of a text', () => {
  const MIX = [...'🦊ש\u202e\u0001\u001b[\r\n\t\ufeff\u2028"\\\'e\u0301%٣'];
  /** So many characters, as the database counts them: emoji, right to left, controls; no white space at its ends. */
  const long = (length: number) =>
    `🦊${Array.from({ length: length - 2 }, (_, at) => MIX[at % MIX.length]).join('')}🦊`;
  const STORING =
    /^Mutation\.(recordTurns|processQuery|rateInteraction|upsertCharacter|createApiKey|storeCredential)\(/;
  /** What descriptions say, which clients go by; of names of users they say nothing. */
  const limits = places.flatMap((place) => {
    const said = /([\d,]+)(?: ASCII)? characters/.exec(place.description)?.[1]?.replace(',', '');
    const maximum = place.path.at(-1) === 'userId' ? 100 : Number(said ?? 0);
    return STORING.test(place.name) && maximum > 0 ? [[place.name, maximum, place] as const] : [];
  });

  /** The texts of an answer, and what is not among them, but kept. */
  async function keptTexts(answer: Result): Promise<string> {
    const { db, sealer } = app.app.services;
    const address = await enrol(db, requireSealer(sealer), { tenantId: 'default', userId: 'default' });
    const { data } = await app.graphql(
      `mutation ($code: String!) { revealCredential(input: { name: "A_NAME", code: $code }) {
        ... on RevealCredentialSuccess { value } } }`,
      { code: (URI.parse(address) as TOTP).generate() },
    );
    const keys = await app.sql('select idempotency_key from echo_unified_interactions');
    return JSON.stringify([answer, data, keys]);
  }

  test('has a limit wherever a text is stored', () => {
    expect(limits.map(([name, maximum]) => [name, maximum])).toEqual(
      expect.arrayContaining([
        ['Mutation.recordTurns(input.turns.query)', 32_000],
        ['Mutation.recordTurns(input.turns.response)', 200_000],
        ['Mutation.processQuery(input.episodeId)', 255],
        ['Mutation.rateInteraction(input.comment)', 500],
        ['Mutation.upsertCharacter(input.backgroundStory)', 20_000],
        ['Mutation.createApiKey(input.name)', 100],
        ['Mutation.storeCredential(input.value)', 8_192],
      ]),
    );
    expect(limits.length).toBeGreaterThan(40);
  });

  test.each(limits)(
    '%s: %i characters come back as they were, one more is refused',
    async (_name, maximum, place) => {
      const make = (length: number) =>
        place.path.at(-1) === 'idempotencyKey' ? place.field.charAt(0).repeat(length) : long(length);
      const taken = await call(place, make(maximum));
      expect(codeOf(taken)).toBeUndefined();
      // With its quotes, so that it is the whole text.
      expect((await keptTexts(taken)).includes(JSON.stringify(make(maximum)))).toBe(true);
      const refused = await call(place, make(maximum + 1));
      expect(codeOf(refused)).toBe('BAD_USER_INPUT');
      expect(JSON.stringify(refused)).toMatch(new RegExp(`${place.path.at(-1)}\\b[^"]*\\b${maximum}\\b`));
    },
  );

  test('of metadata and context is 65,536 bytes', async () => {
    const ask = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
      ... on ProcessQuerySuccess { interaction { metadata } } ... on Error { message } } }`;
    const text = '🦊'.repeat((65_536 - '{"a":""}'.length) / 4);
    const send = async (value: object) => {
      const turns = [{ query: 'x', metadata: value }];
      const recorded = await app.graphql(RECORD, { input: { conversationId: 'large', turns } });
      const asked = await app.graphql(ask, { input: { query: 'x', context: value } });
      return { recorded: recorded.data.recordTurns, asked: asked.data.processQuery };
    };
    const taken = await send({ a: text });
    expect(taken.recorded.interactions[0].metadata).toEqual({ a: text });
    expect(taken.asked.interaction.metadata.context).toEqual({ a: text });
    const refused = await send({ a: `${text}x` });
    expect(refused.recorded.message).toMatch(/metadata: .*65536 bytes.*65537/);
    expect(refused.asked.message).toMatch(/context: .*65536 bytes.*65537/);
  });
});

describe('keys of metadata that mean something elsewhere', () => {
  const back = async (text: string) => {
    const input = { conversationId: 'odd keys', turns: [{ query: 'x', metadata: 'HERE' }] };
    const body = JSON.stringify({ query: RECORD, variables: { input } }).replace('"HERE"', () => text);
    const response = await app.post('/graphql', body);
    return ((await response.json()) as Result).data.recordTurns.interactions[0].metadata;
  };
  /** As text, because comparing takes no notice of `__proto__`. */
  const sorted = (value: unknown) =>
    JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))
        : inner,
    );

  test.each([
    '{"$":1,"$.a ? (@ == 1)":2,"\'; --":[{"$ref":"#"}],"a.b[*]":"$[0]","{a,b}":null,"":""}',
    '{"constructor":{"prototype":{"polluted":true}},"toString":1,"hasOwnProperty":2}',
    '{"a":{"__proto__":{"polluted":true}}}',
    '{"__proto__":{"polluted":true},"b":1}',
  ])('come back as they were: %s', async (text) => {
    expect(sorted(await back(text))).toBe(sorted(JSON.parse(text)));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('bytes that are no UTF-8', () => {
  const broken = (head: string, tail: string) =>
    Buffer.concat([Buffer.from(head), Buffer.from([0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80]), Buffer.from(tail)]);

  test.each(['/api/echo/query', '/api/echo/chat', '/graphql'])('are refused at %s with 400', async (path) => {
    const before = await kept();
    const response = await fetch(app.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: broken('{"query": "', '"}'),
    });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('UTF-8')]);
    expect(await kept()).toEqual(before);
  });

  test('end a WebSocket with 1007', async () => {
    const { socket, opened, closed, next } = openSocket(app);
    await opened;
    socket.send(broken('{"type":"connection_init","payload":{"a":"', '"}}'), { binary: false });
    expect(await Promise.race([closed, next('connection_ack')])).toBe(1007);
  });
});

test('names in the filter of a vector store are values, and nothing else', async () => {
  const hostile = [
    '"}],"should":[',
    '"},{"key":"owner","match":{"any":["default/vera"]}',
    'default/vera',
    'null',
  ];
  const owners = [VICTIM, ...hostile];
  const threadOf = (userId: string) => `thread "}],"should":[ of ${userId}`;
  const models = await startOpenAiServer({ embeddingDimensions: 64 });
  const qdrant = await startQdrantDouble();
  const mine = await startTestApp({
    env: { EMBEDDINGS_BASE_URL: models.url, EMBEDDINGS_MODEL: 'small', QDRANT_URL: qdrant.url },
  });
  try {
    for (const userId of owners) {
      const input = { userId, conversationId: threadOf(userId), turns: [{ query: 'A quinquereme' }] };
      expect((await mine.graphql(RECORD, { input })).data.recordTurns.message).toBeUndefined();
    }
    const points = () => [...qdrant.collections.values()].flatMap((each) => [...each.points.values()]);
    await expect.poll(() => points().length).toBe(owners.length);
    expect(new Set(points().map(({ payload }) => payload.owner)).size).toBe(owners.length);
    const search = `query ($filter: MemoryFilter) { memorySearch(query: "quinquereme", filter: $filter) {
      degraded hits { interaction { userId } } } }`;
    for (const userId of owners)
      for (const conversationId of [null, threadOf(userId), threadOf(VICTIM)]) {
        qdrant.requests.length = 0;
        const { data } = await mine.graphql(search, { filter: { userId, conversationId } });
        const hits =
          (conversationId ?? threadOf(userId)) === threadOf(userId) ? [{ interaction: { userId } }] : [];
        expect(data.memorySearch).toEqual({ degraded: false, hits });
        const asked = qdrant.requests.find(({ name }) => name.endsWith('/points/query'))?.body as {
          filter: Record<string, { match: { value: string } }[]>;
        };
        const own = points().find(({ payload }) => payload.user_id === userId)?.payload.owner;
        const conditions = [{ key: 'owner', match: { value: own } }];
        if (conversationId) conditions.push({ key: 'conversation_id', match: { value: conversationId } });
        expect(asked.filter).toEqual({ must: conditions });
      }
    expect(qdrant.problems).toEqual([]);
  } finally {
    await mine.close();
    await Promise.all([models.close(), qdrant.close()]);
  }
});

test('a statement that waits too long is given up, and the same works afterwards', async () => {
  const outside = new pg.Client({ connectionString: app.databaseUrl });
  await outside.connect();
  const ask = () => app.graphql('{ conversations(first: 1) { nodes { conversationId } } }');
  try {
    await outside.query('begin');
    await outside.query('lock table echo_conversations in access exclusive mode');
    const started = Date.now();
    const { errors } = await ask();
    expect(errors?.[0]?.extensions.code).toMatch(/^(SERVICE_UNAVAILABLE|INTERNAL)$/);
    expect(Date.now() - started).toBeLessThan(60_000);
    await outside.query('rollback');
    expect((await ask()).data.conversations.nodes).toHaveLength(1);
  } finally {
    await outside.end();
  }
});
