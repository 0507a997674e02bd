import { hostname } from 'node:os';
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType, isSpecifiedScalarType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { currentActor } from '../src/access/caller.ts';
import { wholeSchema } from '../src/lists/schema.ts';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { openSocket } from './support/streams.ts';

const schema = wholeSchema();

const ADMIN_KEY = 'key-of-the-operator';
/** A server as a newcomer starts it, and one with access control. */
let open: TestApp;
let guarded: TestApp;
/** Statements that were sent on behalf of a caller, and not by a job. */
const own: string[] = [];
const onSql = (name: string) => {
  if (currentActor()) own.push(name);
};
beforeAll(async () => {
  open = await startTestApp({ realAccess: true, onSql });
  const env = { API_KEY: ADMIN_KEY, CANARY_INTERVAL_MS: '0' };
  guarded = await startTestApp({ realAccess: true, env, onSql });
});
afterAll(async () => {
  await open.close();
  await guarded.close();
});

type Operation = { query: string; variables?: object; operationName?: string };
type Sent = Operation | Operation[];
type Caller = { app: TestApp; key: string | null };
/** `status` is that of HTTP, or the code that a WebSocket was closed with; 101 while it lives. */
type Answer = Result & { status: number; text: string };
type Door = (caller: Caller, sent: Sent, accept?: string) => Promise<Answer>;

async function request(
  { app, key }: Caller,
  path: string,
  body: unknown,
  more: object = {},
): Promise<Answer> {
  const response = await fetch(app.url + path, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key && { 'x-api-key': key }),
      ...more,
    },
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  const event = /^event: ?next\ndata: ?(.*)$/m.exec(text)?.[1];
  return { status: response.status, text, ...(/^[:{]/.test(text) && JSON.parse(event ?? text)) };
}

const overPost: Door = (caller, sent, accept = 'application/json') =>
  request(caller, '/graphql', sent, { accept });

const overGet: Door = (caller, sent) => {
  const { query, variables, operationName }: Operation = Array.isArray(sent)
    ? { query: JSON.stringify(sent) }
    : sent;
  const search = new URLSearchParams({ query, ...(operationName && { operationName }) });
  if (variables) search.set('variables', JSON.stringify(variables));
  return request(caller, `/graphql?${search}`, undefined, { 'graphql-require-preflight': '1' });
};

const overEvents: Door = (caller, sent) => overPost(caller, sent, 'text/event-stream');

const overSocket: Door = async ({ app, key }, sent) => {
  const { socket, opened, send, next } = openSocket(app);
  const ended = new Promise<Answer>((resolve) => {
    socket.once('close', (status, reason) => resolve({ status, text: String(reason) }));
  });
  const ask = async (): Promise<Answer> => {
    await opened;
    send({ type: 'connection_init', payload: { apiKey: key } });
    await next('connection_ack');
    send({ type: 'subscribe', id: 'a', payload: sent });
    const { payload } = await Promise.race([next('error'), next('next')]);
    const result = (Array.isArray(payload) ? { errors: payload } : payload) as Result;
    // The socket lives on.
    send({ type: 'ping' });
    await next('pong');
    return { status: 101, text: JSON.stringify(payload), ...result };
  };
  const answer = await Promise.race([ask(), ended]);
  socket.close();
  return answer;
};

const DOORS = Object.entries({
  POST: overPost,
  GET: overGet,
  'server-sent events': overEvents,
  WebSocket: overSocket,
});
const LASTING = ['server-sent events', 'WebSocket'];

async function asAdmin(query: string, variables = {}): Promise<Result['data']> {
  const { data, errors } = await overPost({ app: guarded, key: ADMIN_KEY }, { query, variables });
  expect(errors).toBeUndefined();
  return data;
}

let users = 0;
/** A plain user of the server with access control, with limits that nobody has drawn on. */
async function someUser(more: object = {}): Promise<Caller & { user: string }> {
  const user = `user ${users++}`;
  const query =
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ... on CreateApiKeySuccess { key } } }';
  const data = await asAdmin(query, { input: { name: 'test', userId: user, ...more } });
  return { app: guarded, key: data.createApiKey.key, user };
}

const list = (count: number, each: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => each(at)).join(' ');
const around = (levels: number, begin: string, inner: string, end: string) =>
  `${begin.repeat(levels)}${inner}${end.repeat(levels)}`;
const turns = (levels: number, first: number) =>
  around(levels, `conversation { interactions(first: ${first}) { nodes { `, 'id', ' } } }');
const fanOut = (inner: string) =>
  `conversations(first: 100) { nodes { interactions(first: 100) { nodes { ${inner} } } } }`;
const added = (inner: string) => `subscription { interactionAdded { interaction { ${inner} } } }`;
const part = (at: number) =>
  `fragment F${at} on Interaction { ${around(30, 'conversation{interactions{nodes{', at < 16 ? `...F${at + 1}` : 'id', '}}}')} }`;
const asking = (context: string) =>
  `mutation { processQuery(input: { query: "x", context: { a: ${context} } }) { __typename } }`;
const ME = 'me { userId }';

/** Most of them would be answered, if nothing were in their way. */
const DOCUMENTS: Record<string, string> = {
  'depth 20': `{ interactions(first: 1) { nodes { ${turns(6, 1)} } } }`,
  'depth 20, subscribed to': added(turns(6, 1)),
  'depth 1,600': around(1_600, '{a', '{a}', '}'),
  'depth 3,000': around(3_000, '{a', '{a}', '}'),
  'depth 20,000': around(20_000, '{a', '{a}', '}'),
  'depth 1,531, by way of fragments': `{ interactions { nodes { ...F0 } } } ${list(17, part)}`,
  'lists nested 2,400 deep': asking(around(2_400, '[', '', ']')),
  'objects nested 1,600 deep': asking(around(1_600, '{a:', '1', '}')),
  'types nested 2,400 deep': `query ($a: ${around(2_400, '[', 'Int', ']')}) { ${ME} }`,
  '20,000 aliases': `{ ${list(20_000, (at) => `a${at}:__typename`)} }`,
  '501 aliases': `{ ${list(501, (at) => `a${at}: ${ME}`)} }`,
  '5,000 directives': `{ ${'__typename @include(if: true) '.repeat(5_000)} }`,
  'a fragment cycle': `{ ...A } fragment A on Query { ...B } fragment B on Query { ${ME} ...A }`,
  'a fragment bomb': `{ ...f0 } ${list(40, (at) => `fragment f${at} on Query { ...f${at + 1} ...f${at + 1} }`)} fragment f40 on Query { ${ME} }`,
  'fields that repeat': `{ ${'me{x:userId} me{x:tenantId} '.repeat(400)} }`,
  '450 fragments in one place': `{ ${list(450, (at) => `...f${at}`)} } ${list(450, (at) => `fragment f${at} on Query{__typename}`)}`,
  'five lists of 100 within each other': `{ ${fanOut(turns(3, 100))} }`,
  'four lists of 100, subscribed to': added(turns(4, 100)),
  'errors behind 500,000 line breaks': `${'\n'.repeat(500_000)}{ ${list(100, (at) => `x${at}`)} }`,
  'a batch': 'BATCH',
  'two operations without a name': `query A { ${ME} } query B { ${ME} }`,
};
const CODES =
  /^(QUERY_TOO_COMPLEX|GRAPHQL_(PARSE|VALIDATION)_FAILED|OPERATION_RESOLUTION_FAILURE|BAD_REQUEST)$/;
/** Stacks, SQL, host names, paths. */
const INNER = new RegExp(
  `\\b${hostname()}\\b|127\\.0\\.0\\.1|localhost|postgres|node_modules|\\.[jt]s\\b|\\bat .*:\\d+|stack|(^|[\\s"])/\\w+|select .* from|insert into|\\$1`,
  'i',
);
describe.each<[string, () => Promise<Caller>]>([
  ['a newcomer’s server', async () => ({ app: open, key: null })],
  ['a server with access control', () => someUser()],
])('%s', (_server, caller) => {
  for (const [door, ask] of DOORS) {
    for (const [name, query] of Object.entries(DOCUMENTS)) {
      // The connection is cut while an address of this length is still on its way.
      if (door === 'GET' && query.length > 50_000) continue;
      test(`refuses ${name} over ${door}, without SQL, and lives on`, async () => {
        const who = await caller();
        own.length = 0;
        const sent = query === 'BATCH' ? [{ query: `{ ${ME} }` }, { query: `{ ${ME} }` }] : { query };
        const { status, data, errors, text } = await ask(who, sent);
        expect(own).toEqual([]);
        expect(data ?? null).toBeNull();
        expect(errors?.map(({ message }) => message).join('\n') ?? text).not.toMatch(INNER);
        expect(text).not.toMatch(/stacktrace|"http"/);
        // Not GraphQL's to refuse: an address that is too long, and what breaks the protocol of WebSockets.
        const isBefore = door === 'GET' ? [414, 431].includes(status) : query === 'BATCH' && status === 4400;
        if (!isBefore) {
          expect([101, 200, 400]).toContain(status);
          expect(errors?.length).toBeGreaterThan(0);
          for (const { extensions } of errors ?? []) expect(extensions.code).toMatch(CODES);
          // Refused while it is read, before validation compares each with each.
          if (name === 'fields that repeat') expect(text).toContain('QUERY_TOO_COMPLEX');
        }
        expect((await fetch(`${who.app.url}/livez`)).status).toBe(200);
      });
    }

    test(`answers what only looks large over ${door}`, async () => {
      const chain = list(
        140,
        (at) => `fragment F${at} on Interaction { id __typename ${at < 139 ? `...F${at + 1}` : ''} }`,
      );
      const query = `{ interactions(first: 1) { nodes { ...F0 } } } ${chain}`;
      expect((await ask(await caller(), { query })).data).toEqual({ interactions: { nodes: [] } });
    });

    test(`answers what is small over ${door}, with SQL`, async () => {
      const who = await caller();
      own.length = 0;
      const { data } = await ask(who, { query: `{ interactions(first: 1) { nodes { ${turns(1, 1)} } } }` });
      expect(data).toEqual({ interactions: { nodes: [] } });
      expect(own).not.toEqual([]);
    });
  }
});

describe('a page', () => {
  const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
  const lists = fields
    .filter(({ args }) => args.some(({ name }) => name === 'first'))
    .map(({ name }) => name);
  for (const [field, first] of lists.flatMap((field) =>
    [1_000_000, -1, 2 ** 31].map((n) => [field, n] as const),
  )) {
    test(`of ${first} ${field} is refused, and it says what is allowed`, async () => {
      const allowed = first === 2 ** 31 ? /\bInt\b/ : field === 'exportUser' ? /\b500\b/ : /\b100\b/;
      const others = field === 'notionPreview' ? 'kind: TASKS, ' : '';
      const literal = { query: `{ ${field}(${others}first: ${first}) { __typename } }` };
      const variable = {
        query: `query ($n: Int) { ${field}(${others}first: $n) { __typename } }`,
        variables: { n: first },
      };
      own.length = 0;
      for (const [, ask] of DOORS)
        for (const sent of [literal, variable]) {
          const { data, errors } = await ask({ app: open, key: null }, sent);
          expect(data ?? null).toBeNull();
          expect(errors?.[0]?.message).toMatch(allowed);
        }
      expect(own).toEqual([]);
    });
  }
});

test('an operation may be 15 fields deep and no deeper, however little it costs', async () => {
  const levels = ['interactions(first: 1)', 'nodes', 'conversation'];
  const deep = (depth: number) =>
    Array.from({ length: depth - 1 }, (_, at) => levels[at % levels.length]).reduceRight(
      (inner, level) => `${level} { ${inner} }`,
      'id',
    );
  for (const [, ask] of DOORS) {
    const taken = await ask({ app: open, key: null }, { query: `{ ${deep(15)} }` });
    expect(taken.errors).toBeUndefined();
    const { data, errors } = await ask({ app: open, key: null }, { query: `{ ${deep(16)} }` });
    expect(data ?? null).toBeNull();
    expect(errors?.[0]?.extensions.code).toBe('QUERY_TOO_COMPLEX');
    expect(errors?.[0]?.message).toMatch(/\(depth\).*depth 16/);
  }
});

describe('a field that an input does not have', () => {
  const stored = () => guarded.sql('select tenant_id, user_id from echo_unified_interactions');

  test.each(
    ['tenantId', 'tenant_id', 'role'].flatMap((extra) => [
      [extra, 'processQuery', 'ProcessQueryInput', { query: 'x' }] as const,
      [extra, 'recordTurns', 'RecordTurnsInput', { conversationId: 'x', turns: [{ query: 'x' }] }] as const,
    ]),
  )('%s of %s is refused, and nothing is stored', async (extra, field, type, given) => {
    const input = { ...given, [extra]: 'other' };
    const literal = JSON.stringify(input).replaceAll(/"(\w+)":/g, '$1: ');
    const query = `mutation ($input: ${type}!) { ${field}(input: $input) { __typename } }`;
    const who = await someUser();
    for (const sent of [
      { query: `mutation { ${field}(input: ${literal}) { __typename } }` },
      { query, variables: { input } },
    ]) {
      const modern = await overPost(who, sent, 'application/graphql-response+json');
      expect(modern.status).toBe(400);
      const others = [await overPost(who, sent), await overEvents(who, sent), await overSocket(who, sent)];
      for (const { data, errors, status } of [modern, ...others]) {
        expect(status).toBeLessThan(500);
        expect(data ?? null).toBeNull();
        expect(errors?.[0]?.extensions.code).toMatch(/^(BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED)$/);
        expect(errors?.[0]?.message).toContain(`"${extra}"`);
      }
    }
    expect(await stored()).toEqual([]);
  });

  test('changes nothing over REST: the turn is stored for the caller', async () => {
    const who = await someUser();
    const body = { query: 'x', tenant_id: 'other', tenantId: 'other', role: 'ADMIN', roles: ['ADMIN'] };
    expect((await request(who, '/api/echo/query', body)).status).toBe(200);
    expect((await request(who, '/api/echo/query', { ...body, user_id: 'other' })).status).toBe(403);
    expect(await stored()).toEqual([{ tenant_id: 'default', user_id: who.user }]);
  });
});

describe('the schema is not told to a user', () => {
  const NAMES = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || isSpecifiedScalarType(type)) continue;
    // Everybody knows how the roots are called.
    if (!/^(Query|Mutation|Subscription)$/.test(type.name)) NAMES.add(type.name);
    if (isEnumType(type)) for (const { name } of type.getValues()) NAMES.add(name);
    if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type))
      for (const field of Object.values(type.getFields()))
        for (const { name } of [field, ...('args' in field ? field.args : [])]) NAMES.add(name);
  }
  /** Names of the schema that messages quote, or that are no words of English, and that the caller did not send. */
  const told = ({ errors }: Answer, { query, variables }: Operation) => {
    const sent = new Set(`${query} ${JSON.stringify(variables)}`.match(/\w+/g));
    const messages = (errors ?? []).map(({ message }) => message).join('\n');
    const quoted = [...messages.matchAll(/"[^"]*"/g)].join(' ').match(/\w+/g) ?? [];
    const odd = messages.match(/\w*[a-z][A-Z]\w*/g) ?? [];
    return [...quoted, ...odd].filter((word) => NAMES.has(word) && !sent.has(word));
  };

  const both = 'query Q { __schema { types { name } } } subscription S { interactionAdded { cursor } }';
  const filtered = (f: object) => ({
    query: 'query ($f: InteractionFilter) { interactions(filter: $f) { nodes { id } } }',
    variables: { f },
  });
  const streamed = (input: object) => ({
    query: 'subscription ($input: ProcessQueryInput!) { processQueryStream(input: $input) { __typename } }',
    variables: { input },
  });
  type Table = Record<string, string | Operation>;
  const INTROSPECTION: Table = {
    __schema: '{ __schema { types { name } } }',
    __type: { query: 'query ($n: String!) { __type(name: $n) { name } }', variables: { n: 'Query' } },
    'a fragment': `{ ...F } fragment F on Query { ${ME} x: __schema { types { name } } }`,
    'a field that is skipped': `{ ${ME} __type(name: "Query") @skip(if: true) { name } }`,
    'a query beside a subscription': { query: both, operationName: 'Q' },
    'a subscription beside such a query': { query: both, operationName: 'S' },
  };
  const GUESSES: Table = {
    'a field': '{ mee { userId } }',
    'an argument': '{ interactions(frist: 1) { nodes { id } } }',
    'a value': '{ interactions(first: "x") { nodes { id } } }',
    'an input field in variables': filtered({ statu: 'ANSWERED' }),
    'a type': '{ ... on Qery { me { userId } } }',
    'a type of variables': 'query ($f: InteractionFiler) { interactions(filter: $f) { nodes { id } } }',
    'a directive': '{ me @skp(if: true) { userId } }',
    'a mutation': 'mutation { procesQuery(input: { query: "x" }) { __typename } }',
    'a subscription': 'subscription { interactionAded { cursor } }',
    'introspection, subscribed to': 'subscription { __schema { types { name } } }',
    'an argument of a subscription': 'subscription { interactionAdded(conversation: "x") { cursor } }',
    'an input field in variables of a subscription': streamed({ query: 'x', userid: 'y' }),
    'a field of a type': '{ me { userIdd } }',
    'an object without fields': '{ me }',
    'an argument that is left out': '{ conversation { id } }',
    'an enum value': '{ interactions(filter: { status: ANSWERD }) { nodes { id } } }',
    'an enum value in variables': filtered({ status: 'ANSWERD' }),
    'an input field': '{ interactions(filter: { statu: ANSWERED }) { nodes { id } } }',
    'an input that is left out': 'mutation { processQuery { __typename } }',
    'an input field that is left out': 'mutation { processQuery(input: {}) { __typename } }',
    'an enum value in variables of a subscription': streamed({ query: 'x', intelligenceLevel: 'QUIK' }),
    'an input field left out of variables of a subscription': streamed({}),
  };

  describe.each(DOORS)('over %s', (door, ask) => {
    /** Subscriptions are for doors that last, and a GET changes nothing. */
    const fitting = (table: Table) =>
      Object.entries(table)
        .map(([name, sent]): [string, Operation] => [name, typeof sent === 'string' ? { query: sent } : sent])
        .filter(([, { query, operationName }]) => {
          const isSubscription = query.startsWith('subscription') || operationName === 'S';
          return (
            LASTING.includes(door) || !(isSubscription || (door === 'GET' && query.startsWith('mutation')))
          );
        });

    test.each(fitting(INTROSPECTION))('by introspection with %s', async (_name, sent) => {
      const { data, errors } = await ask(await someUser(), sent);
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
      expect(data ?? null).toBeNull();
    });

    test.each(fitting(GUESSES))('by guesses of %s', async (_name, sent) => {
      const { data, errors, text } = await ask(await someUser(), sent);
      expect(errors?.[0]?.extensions.code).toMatch(/^(GRAPHQL_VALIDATION_FAILED|BAD_USER_INPUT)$/);
      expect(data ?? null).toBeNull();
      expect(text).not.toMatch(/did you mean/i);
    });

    const isSilent = async (_name: string, sent: Operation) =>
      expect(told(await ask(await someUser(), sent), sent)).toEqual([]);
    test.each(fitting(GUESSES))('by names in what is said to guesses of %s', isSilent);
  });

  test('but a newcomer is helped', async () => {
    const sent = { query: '{ mee { userId } }' };
    expect(told(await overPost({ app: open, key: null }, sent), sent)).toContain('me');
  });
});

describe('a refusal leaves one count, and one line of the audit log', () => {
  const verify = (count: number) =>
    `{ ${list(count, (at) => `a${at}: verifyConversation(conversationId: "x") { __typename }`)} }`;
  const nested = (inner: string) => ({ query: around(200, '{a', `{${inner}}`, '}') });
  const sending = (query: string) => (who: Caller, ask: Door) => ask(who, { query });
  const rest = (body: object) => (who: Caller) => request(who, '/api/echo/query', { query: 'x', ...body });
  let documents = 0;
  type Attempt = [string, string, (who: Caller, ask: Door) => Promise<Answer>, object?];

  const EVERYWHERE: Attempt[] = [
    ['UNAUTHENTICATED', 'a caller without a key', sending(`{ ${ME} }`)],
    ['FORBIDDEN', 'a field', sending('{ apiKeys { keyId } }')],
    ['FORBIDDEN', 'introspection', sending('{ __schema { types { name } } }')],
    ['QUERY_TOO_COMPLEX', 'cost', sending(`{ ${fanOut('id')} }`)],
    ['QUERY_TOO_COMPLEX', 'cost of two fields', sending(`{ a: ${fanOut('id')} b: ${fanOut('id')} }`)],
    ['QUERY_TOO_COMPLEX', 'new nesting', (who, ask) => ask(who, nested(`a${documents++}`))],
    ['QUERY_TOO_COMPLEX', 'nesting that was sent before', (who, ask) => ask(who, nested('a'))],
    ['RATE_LIMITED', 'a burst', sending(verify(1))],
  ];
  const SUBSCRIBED: Attempt[] = [
    ['FORBIDDEN', 'a subscription', sending('subscription { metrics { at } }')],
    ['QUERY_TOO_COMPLEX', 'a subscription', sending(added(turns(2, 100)))],
    [
      'RATE_LIMITED',
      'a subscription',
      sending('subscription { processQueryStream(input: { query: "x" }) { at } }'),
    ],
  ];
  const ELSEWHERE: Attempt[] = [
    ['UNAUTHENTICATED', 'REST', rest({})],
    ['UNAUTHENTICATED', 'metrics', (who) => request(who, '/metrics', undefined)],
    ['FORBIDDEN', 'REST, for somebody else', rest({ user_id: 'other' })],
    ['FORBIDDEN', 'REST, with a key for reading', rest({}), { permissions: ['READ'] }],
    ['FORBIDDEN', 'metrics', (who) => request(who, '/metrics', undefined)],
    [
      'FORBIDDEN',
      'a bare GET',
      // As a page of another site sends it.
      ({ app }) =>
        request({ app, key: null }, `/graphql?query={${ME}}`, undefined, { 'sec-fetch-site': 'cross-site' }),
    ],
    ['RATE_LIMITED', 'REST', rest({})],
  ];
  beforeAll(async () => {
    await overPost(await someUser(), nested('a'));
  });

  /** What was counted so far, and the lines after one. */
  async function refusals(after: string) {
    await guarded.app.services.audit.flush();
    const { text } = await request({ app: guarded, key: ADMIN_KEY }, '/metrics', undefined);
    const counts = text.matchAll(/^echo_refusals_total\{code="(\w+)"\} (\d+)$/gm);
    const query = 'auditLog(after: $after) { entries { actor address result correlationId detail } }';
    const { auditLog } = await asAdmin(`query ($after: String) { ${query} }`, { after });
    return {
      counts: Object.fromEntries([...counts].map(([, code, count]) => [code, Number(count)])),
      lines: (auditLog.entries as Record<string, unknown>[]).filter(({ result }) => result !== 'OK'),
    };
  }

  for (const [door, ask] of [...DOORS, ['HTTP', overPost] as const])
    for (const [code, what, attempt, more] of door === 'HTTP'
      ? ELSEWHERE
      : [...EVERYWHERE, ...(LASTING.includes(door) ? SUBSCRIBED : [])]) {
      const name = `${code} for ${what} over ${door}`;
      test(name, async () => {
        const who = await someUser(more);
        if (code === 'RATE_LIMITED')
          for (let taken = 0; taken < 30; taken += 3) await overPost(who, { query: verify(3) });
        await guarded.app.services.audit.flush();
        const [last] = await guarded.sql('select max(id)::text as id from echo_audit_log');
        const before = await refusals(last!.id);
        const isNobody = code === 'UNAUTHENTICATED' || what === 'a bare GET';
        const { status, text, errors } = await attempt(isNobody ? { app: guarded, key: null } : who, ask);
        expect(status === 4403 ? 'UNAUTHENTICATED' : text).toContain(code);
        const { counts, lines } = await refusals(last!.id);
        expect(counts).toEqual({ ...before.counts, [code]: (before.counts[code] ?? 0) + 1 });
        const correlationId = errors?.[0]?.extensions.correlationId ?? lines[0]?.correlationId;
        const actor = isNobody ? null : who.user;
        expect(lines).toEqual([{ actor, address: '127.0.0.1', result: code, correlationId, detail: {} }]);
      });
    }
});
