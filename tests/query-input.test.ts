import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const ASK = `mutation ($input: ProcessQueryInput!) {
  processQuery(input: $input) {
    __typename
    ... on ProcessQuerySuccess {
      interaction { query response modelUsed intelligenceLevel intent status }
      conversation { conversationId }
    }
    ... on InvalidInputError { code message field }
  }
}`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seed: true });
});
afterAll(() => app.close());

const ask = (input: Record<string, unknown>, user?: string) => app.graphql(ASK, { input }, user);

async function rowCount(): Promise<number> {
  const rows = await app.sql<{ count: number }>(
    `select (select count(*) from echo_unified_interactions)::int + (select count(*) from echo_conversations)::int
       + (select count(*) from echo_events)::int as count`,
  );
  return rows[0]?.count ?? -1;
}

/** Runs `attempt` and expects it to leave nothing behind. */
async function storesNothing<T>(attempt: () => Promise<T>): Promise<T> {
  const before = await rowCount();
  const result = await attempt();
  expect(await rowCount()).toBe(before);
  return result;
}

describe('a query is refused, naming field and limit, when', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
  test.each([
    ['it is empty', { query: '' }, 'query', /1 to 32,?000/],
    ['it is one character too long', { query: 'a'.repeat(32_001) }, 'query', /32,?000.*32,?001/],
    ['it is one emoji too long', { query: '🦊'.repeat(32_001) }, 'query', /32,?000.*32,?001/],
    ['it is only white space', { query: ' \t\n\u3000' }, 'query', /white space/],
    ['it holds NUL', { query: 'a\u0000b' }, 'query', /NUL/],
    ['its key is empty', { idempotencyKey: '' }, 'idempotencyKey', /1 to 255/],
    ['its key is too long', { idempotencyKey: 'k'.repeat(256) }, 'idempotencyKey', /1 to 255/],
    ['its key is not ASCII', { idempotencyKey: 'ключ' }, 'idempotencyKey', /ASCII/],
    ['its key holds a control', { idempotencyKey: 'a\nb' }, 'idempotencyKey', /ASCII/],
    ['its conversation has no name', { conversationId: '' }, 'conversationId', /1 to 100/],
    ['its conversation has a long name', { conversationId: 'c'.repeat(101) }, 'conversationId', /1 to 100/],
    ['its conversation holds NUL', { conversationId: 'c\u0000' }, 'conversationId', /NUL/],
    ['its episode has a long name', { episodeId: 'e'.repeat(256) }, 'episodeId', /255/],
    ['its context is no object', { context: [1] }, 'context', /object/],
    ['its context is too large', { context: { a: 'x'.repeat(65_536) } }, 'context', /65,?536/],
    ['its context is too deep', { context: nested(40) }, 'context', /32/],
    ['its context holds NUL', { context: { a: ['\u0000'] } }, 'context', /NUL/],
    ['it asks for a level of stored turns', { intelligenceLevel: 'SECURITY' }, 'intelligenceLevel', /one of/],
  ])('%s', async (_name, input, field, message) => {
    const { data } = await storesNothing(() => ask({ query: 'A valid question', ...input }));
    expect(data.processQuery).toMatchObject({
      __typename: 'InvalidInputError',
      code: 'BAD_USER_INPUT',
      field,
      message: expect.stringMatching(message),
    });
  });

  test.each(['query', 'conversationId', 'episodeId'])('its %s holds a lone surrogate', async (field) => {
    // As an escape, because a string with half a character would be mended on its way out of this process.
    const input = { query: 'A valid question', [field]: 'HALF' };
    const body = JSON.stringify({ query: ASK, variables: { input } }).replace('HALF', 'a\\ud800b');
    const { data } = await storesNothing(async () => (await app.post('/graphql', body)).json());
    expect(data.processQuery).toMatchObject({ field, message: expect.stringContaining('surrogate') });
  });

  test.each([
    ['an unknown mode', { mode: 'PIRATE' }],
    ['an unknown level', { intelligenceLevel: 'genius' }],
    ['an unknown request type', { requestType: 'SUDO' }],
    ['an unknown field', { role: 'ADMIN' }],
    ['no query', { query: null }],
    ['a query that is no text', { query: 7 }],
  ])('it has %s', async (_name, input) => {
    const { data, errors } = await storesNothing(() => ask({ query: 'A valid question', ...input }));
    expect(data).toBeUndefined();
    expect(errors?.[0]?.message).toContain('Variable "$input" got invalid value');
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('it names another user and may not', async () => {
    const { data, errors } = await storesNothing(() =>
      ask({ query: 'A valid question', userId: 'hal' }, 'iris'),
    );
    expect(data).toBeNull();
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', retryable: false });
    expect((await ask({ query: 'A valid question', userId: 'iris' }, 'iris')).errors).toBeUndefined();
  });
});

describe('a query is accepted with', () => {
  test.each([
    ['one character', 'a'],
    ['one emoji', '🦊'],
    ['32,000 characters', 'a'.repeat(32_000)],
    ['32,000 emoji', '🦊'.repeat(32_000)],
    ['controls, right to left, and combining marks', '\u0001\u001b[31m \u202eשלום e\u0301 \r\n\ufeffend'],
  ])('%s, and is read back the same', async (_name, query) => {
    const { data } = await ask({ query });
    expect(data.processQuery.interaction.query === query).toBe(true);
  });

  test('null for whatever may be absent', async () => {
    const { data } = await ask({
      query: 'Nothing else is said',
      conversationId: null,
      idempotencyKey: null,
      episodeId: null,
      mode: null,
      intelligenceLevel: null,
      requestType: null,
      context: null,
      userId: null,
    });
    expect(data.processQuery.__typename).toBe('ProcessQuerySuccess');
  });

  test('a key of 255 characters and a conversation of 100', async () => {
    const input = {
      query: 'At the limits',
      idempotencyKey: '~'.repeat(255),
      conversationId: '🦊'.repeat(100),
    };
    const { data } = await ask(input);
    expect(data.processQuery.conversation.conversationId).toBe(input.conversationId);
  });

  test('a context whose keys are those of prototypes', async () => {
    const body = JSON.stringify({
      query: ASK,
      variables: { input: { query: 'Polluted', context: 'HERE' } },
    }).replace(
      '"HERE"',
      '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
    );
    const { data } = await (await app.post('/graphql', body)).json();
    expect(data.processQuery.__typename).toBe('ProcessQuerySuccess');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('a command', () => {
  const marker = () => join(app.directory, 'executed');

  test('by request type is refused and stored, and nothing is executed', async () => {
    const { data } = await ask({ query: `touch ${marker()}`, requestType: 'SYSTEM_COMMAND' });
    expect(data.processQuery.interaction).toMatchObject({
      intent: 'system_command',
      modelUsed: 'security_policy',
      intelligenceLevel: 'SECURITY',
      status: 'ANSWERED',
      response: expect.stringMatching(/do not run commands/),
    });
    expect(existsSync(marker())).toBe(false);
  });

  test('by its words is refused', async () => {
    const { data } = await ask({ query: `run the command: sudo touch ${marker()}` });
    expect(data.processQuery.interaction).toMatchObject({
      intent: 'system_command',
      modelUsed: 'security_policy',
    });
    expect(existsSync(marker())).toBe(false);
  });

  test('through the older door is refused', async () => {
    const body = { query: `touch ${marker()}; $(touch ${marker()})`, request_type: 'system_command' };
    const response = await app.post('/api/echo/query', body);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      model_used: 'security_policy',
      intelligence_level: 'security',
      intent: 'system_command',
      response: expect.stringMatching(/do not run commands/),
    });
    expect(existsSync(marker())).toBe(false);
  });

  test('mentioning a character is refused as well', async () => {
    const { data } = await ask({ query: 'Kai Nakamura says: rm -rf /', requestType: 'SYSTEM_COMMAND' });
    expect(data.processQuery.interaction).toMatchObject({ modelUsed: 'security_policy' });
  });
});
