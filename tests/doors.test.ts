import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
let broken: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seed: true });
  broken = await startTestApp();
  await broken.sql('alter table character_profiles rename to secret_name_of_a_table');
});
afterAll(async () => {
  await app.close();
  await broken.close();
});

interface Operation {
  query: string;
  variables?: Record<string, unknown> | null;
  operationName?: string | null;
  extensions?: object;
}
type Answer = { status: number; type: string | null; body: unknown };

/** What follows `accept` decides the door: with server-sent events among them, the request goes through Yoga. */
async function post(target: TestApp, operation: unknown, accept: string): Promise<Answer> {
  const response = await fetch(`${target.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify(operation),
  });
  return answerOf(response);
}

async function get(target: TestApp, { query, variables, operationName }: Operation, accept: string) {
  const search = new URLSearchParams({ query });
  if (variables) search.set('variables', JSON.stringify(variables));
  if (operationName) search.set('operationName', operationName);
  return answerOf(
    await fetch(`${target.url}/graphql?${search}`, {
      headers: { accept, 'graphql-require-preflight': '1' },
    }),
  );
}

async function answerOf(response: Response): Promise<Answer> {
  const body = JSON.parse(
    (await response.text()).replaceAll(/"correlationId":"[\w-]{36}",?/g, '').replaceAll(',}', '}'),
  ) as unknown;
  return { status: response.status, type: response.headers.get('content-type'), body };
}

const deep = (levels: number): string =>
  levels === 0 ? '{ id }' : `{ conversation { interactions(first: 1) { nodes ${deep(levels - 1)} } } }`;
const INTERACTIONS =
  'query ($n: Int, $filter: InteractionFilter) { interactions(first: $n, filter: $filter) { nodes { id } } }';

const OPERATIONS: [string, Operation][] = [
  ['a query', { query: '{ me { userId roles } }' }],
  [
    'a query with variables',
    { query: 'query ($n: String!) { character(name: $n) { characterName } }', variables: { n: 'Mei' } },
  ],
  ['null for what is absent', { query: '{ me { userId } }', variables: null, operationName: null }],
  [
    'one of two operations',
    { query: 'query A { a: me { userId } } query B { b: me { userId } }', operationName: 'B' },
  ],
  ['two operations without a name', { query: 'query A { me { userId } } query B { me { userId } }' }],
  ['a name that is not there', { query: 'query A { me { userId } }', operationName: 'C' }],
  ['only a fragment', { query: 'fragment F on Query { me { userId } }' }],
  ['a syntax error', { query: '{ me {' }],
  ['a document of nothing', { query: ' # nothing' }],
  ['too many tokens', { query: `{ ${'a: __typename '.repeat(2_000)} }` }],
  ['an unknown field', { query: '{ me { userId } nope }' }],
  ['several errors of validation', { query: '{ me character(name: 1, x: 2) { id } ...F }' }],
  ['an unknown directive', { query: '{ me @stream { userId } }' }],
  ['a fragment cycle', { query: '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }' }],
  ['a variable of a wrong type', { query: INTERACTIONS, variables: { n: 'ten' } }],
  ['a variable beyond 32 bits', { query: INTERACTIONS, variables: { n: 2 ** 31 } }],
  ['an unknown field of an input', { query: INTERACTIONS, variables: { filter: { role: 'ADMIN' } } }],
  ['a scalar that is refused', { query: INTERACTIONS, variables: { filter: { since: 'yesterday' } } }],
  ['a missing variable', { query: 'query ($n: String!) { character(name: $n) { id } }' }],
  ['a page too large', { query: INTERACTIONS, variables: { n: 101 } }],
  [
    'a fan-out',
    { query: '{ conversations(first: 100) { nodes { interactions(first: 100) { nodes { id } } } } }' },
  ],
  ['too much depth', { query: `{ interactions(first: 1) { nodes ${deep(6)} } }` }],
  [
    'too many aliases',
    { query: `{ ${Array.from({ length: 600 }, (_, n) => `a${n}: __typename`).join(' ')} me { userId } }` },
  ],
  ['introspection', { query: '{ __schema { queryType { name } } }' }],
];
const FORMATS: [string, string][] = [
  ['application/json', 'application/json'],
  ['application/graphql-response+json', 'application/graphql-response+json'],
];

describe.each(FORMATS)('both doors answer alike in %s to', (accept, type) => {
  test.each(OPERATIONS)('%s', async (_name, operation) => {
    const lane = await post(app, operation, accept);
    expect(lane.type).toBe(`${type}; charset=utf-8`);
    expect(JSON.stringify(lane.body)).not.toMatch(/stack|node_modules|"http"/);
    expect(await post(app, operation, `${accept}, text/event-stream`)).toEqual(lane);
    // Too long a URL is refused before GraphQL sees it.
    if (operation.query.length < 10_000) expect(await get(app, operation, accept)).toEqual(lane);
    // The second time everything comes from caches.
    expect(await post(app, operation, accept)).toEqual(lane);
    expect(await post(app, operation, `${accept}, text/event-stream`)).toEqual(lane);
  });

  test('a mutation', async () => {
    const operation = {
      query:
        'mutation ($n: String!) { upsertCharacter(input: { characterName: $n }) { ... on UpsertCharacterSuccess { character { characterName } } ... on Error { code } } }',
      variables: { n: 'Both' },
    };
    const lane = await post(app, operation, accept);
    expect(lane.body).toEqual({ data: { upsertCharacter: { character: { characterName: 'Both' } } } });
    expect(await post(app, operation, `${accept}, text/event-stream`)).toEqual(lane);
  });

  test('an error that nobody expected, without a word about it', async () => {
    const operation = { query: '{ me { userId } characterStats { total } }' };
    const lane = await post(broken, operation, accept);
    expect(JSON.stringify(lane.body)).not.toMatch(/relation|secret|character_profiles|select|postgres/i);
    expect(lane.body).toMatchObject({
      data: null,
      errors: [{ message: 'Unexpected error', path: ['characterStats'], extensions: { code: 'INTERNAL' } }],
    });
    expect(await post(broken, operation, `${accept}, text/event-stream`)).toEqual(lane);
    expect(await get(broken, operation, accept)).toEqual(lane);
  });
});

test('every error of both doors has a correlation id of its own, or is about the document alone', async () => {
  const ids = new Set<string>();
  for (const accept of ['application/json', 'application/json, text/event-stream'])
    for (const query of ['{ characterStats { total } }', '{ nope }']) {
      const response = await fetch(`${broken.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept },
        body: JSON.stringify({ query }),
      });
      const { errors } = (await response.json()) as { errors: { extensions: { correlationId: string } }[] };
      ids.add(errors[0]!.extensions.correlationId);
    }
  expect(ids.size).toBeGreaterThanOrEqual(3);
  expect(ids).not.toContain(undefined);
});

/** The same audits through both doors. */
/** As browsers send what is not simple; a GET without is refused, see tests/security-access.test.ts. */
function preflighted(given?: HeadersInit): Headers {
  const headers = new Headers(given);
  headers.set('graphql-require-preflight', '1');
  return headers;
}

const AUDITED: [string, typeof fetch][] = [
  ['the direct way', (input, init) => fetch(input, { ...init, headers: preflighted(init?.headers) })],
  [
    'Yoga',
    (input, init) => {
      const headers = preflighted(init?.headers);
      if (init?.method === 'POST')
        headers.set('accept', `${headers.get('accept') ?? 'application/json'}, text/event-stream`);
      return fetch(input, { ...init, headers });
    },
  ],
];

describe.each(AUDITED)('the audits of GraphQL over HTTP through %s', (_name, fetchFn) => {
  const audits = serverAudits({ url: () => `${app.url}/graphql`, fetchFn });
  test.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_audit, audit) => {
    const result = await audit.fn();
    expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok');
  });
});
