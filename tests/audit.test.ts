import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditCommand } from '../src/domains/audit/audit-command.ts';
import { DUTIES } from '../src/lists/duties.ts';
import { sealAudit } from './support/audit.ts';
import { deleteOutdated } from './support/duties.ts';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';

const ADMIN_KEY = 'key-of-the-operator';
let app: TestApp;
let ada: string;
beforeAll(async () => {
  app = await startTestApp({
    realAccess: true,
    env: { API_KEY: ADMIN_KEY, CANARY_INTERVAL_MS: '0', RATE_LIMIT_HEAVY: '2', TRUSTED_PROXIES: '127.0.0.1' },
  });
  const { data } = await send(
    ADMIN_KEY,
    'mutation { createApiKey(input: { name: "x", userId: "ada" }) { ... on CreateApiKeySuccess { key } } }',
  );
  ada = data.createApiKey.key;
  // Written by `log` alone: a round in the middle of a test makes two rows of what is alike.
  await app.app.services.audit.stop();
});
afterAll(() => app.close());

async function send(key: string | null, query: string, variables: object = {}): Promise<Result> {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': '203.0.113.7',
      ...(key !== null && { 'x-api-key': key }),
    },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Result;
}

const LOG = `query ($after: String) {
  auditLog(after: $after) { next entries { id action actor credential onBehalfOf address target result correlationId detail } }
}`;
async function log() {
  await app.app.services.audit.flush();
  const { data } = await send(ADMIN_KEY, LOG);
  return data.auditLog.entries as Record<string, unknown>[];
}
const ofAction = async (action: string) => (await log()).filter((entry) => entry.action === action);

describe('the audit log', () => {
  test.each<[string, string, string, object]>([
    [
      'turns that are recorded',
      'ada',
      'mutation { recordTurns(input: { conversationId: "hers", turns: [{ query: "One" }, { query: "Two" }] }) { __typename } }',
      { action: 'turns.store', target: 'hers', onBehalfOf: 'ada', detail: { turns: 2 } },
    ],
    [
      'a question',
      'ada',
      'mutation { processQuery(input: { query: "What?", conversationId: "asked" }) { __typename } }',
      { action: 'turns.store', target: 'asked', onBehalfOf: 'ada', detail: { turns: 1 } },
    ],
    [
      'turns for somebody else',
      'admin',
      'mutation { recordTurns(input: { conversationId: "of nina", userId: "nina", turns: [{ query: "One" }] }) { __typename } }',
      { action: 'turns.store', target: 'of nina', onBehalfOf: 'nina' },
    ],
    [
      'a character',
      'admin',
      'mutation { upsertCharacter(input: { characterName: "Iris Vale" }) { __typename } }',
      { action: 'character.store', target: 'Iris Vale' },
    ],
    [
      'a deleted conversation',
      'ada',
      'mutation { deleteConversation(conversationId: "hers") { __typename } }',
      { action: 'conversation.delete', target: 'hers', onBehalfOf: 'ada' },
    ],
    [
      'a revoked token',
      'admin',
      'mutation { revokeToken(tokenId: "token-1", expiresAt: "2999-01-01T00:00:00Z") { __typename } }',
      { action: 'token.revoke', target: 'token-1' },
    ],
  ])('tells of %s, who did it and from where', async (_name, who, query, expected) => {
    const { data, errors } = await send(who === 'ada' ? ada : ADMIN_KEY, query);
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).toContain('Success');
    const entries = (await log()).filter((entry) => entry.action === (expected as { action: string }).action);
    expect(entries.at(-1)).toMatchObject({
      ...expected,
      actor: who === 'ada' ? 'ada' : 'default',
      credential: who === 'ada' ? ada.split('_')[1] : 'API_KEY',
      address: '203.0.113.7',
      result: 'OK',
      correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test('tells of keys that are made and revoked', async () => {
    const keyId = ada.split('_')[1];
    expect(await ofAction('key.create')).toContainEqual(
      expect.objectContaining({ target: keyId, onBehalfOf: 'ada', actor: 'default' }),
    );
    const { data } = await send(
      ADMIN_KEY,
      'mutation { createApiKey(input: { name: "y" }) { ... on CreateApiKeySuccess { apiKey { keyId } } } }',
    );
    const other = data.createApiKey.apiKey.keyId;
    await send(ADMIN_KEY, `mutation { revokeApiKey(keyId: "${other}") { __typename } }`);
    expect(await ofAction('key.revoke')).toContainEqual(expect.objectContaining({ target: other }));
  });

  test('tells of refusals: unknown callers, missing permissions, limits, too much', async () => {
    await send(null, '{ me { userId } }');
    await send('echo_000000000000_wrong', '{ me { userId } }');
    await fetch(`${app.url}/api/echo/stats`);
    await send(ada, '{ apiKeys { keyId } }');
    // By its own name, whatever the caller calls it.
    await send(ada, 'mutation { me: revokeApiKey(keyId: "x") { __typename } }');
    for (let number = 0; number < 5; number++) await send('echo_000000000000_again', '{ me { userId } }');
    await send(ada, '{ __schema { types { name } } }');
    await send(ada, '{ conversations(first: 100) { nodes { interactions(first: 100) { nodes { id } } } } }');
    const ask =
      'mutation { a: processQuery(input: { query: "x" }) { __typename } b: processQuery(input: { query: "x" }) { __typename } }';
    await send(ada, ask);
    const refusals = (await log()).filter(({ result }) => result !== 'OK');
    expect(refusals.map(({ action, actor, result }) => [action, actor, result])).toEqual(
      expect.arrayContaining([
        ['/graphql', null, 'UNAUTHENTICATED'],
        ['/api/echo/stats', null, 'UNAUTHENTICATED'],
        ['apiKeys', 'ada', 'FORBIDDEN'],
        ['revokeApiKey', 'ada', 'FORBIDDEN'],
        ['operation', 'ada', 'FORBIDDEN'],
        ['operation', 'ada', 'QUERY_TOO_COMPLEX'],
        ['operation', 'ada', 'RATE_LIMITED'],
      ]),
    );
    // Those that are alike are one row.
    expect(
      refusals.filter(({ action, address }) => action === '/graphql' && address === '203.0.113.7'),
    ).toEqual([expect.objectContaining({ detail: { times: 7 } })]);
    expect(refusals.every(({ address }) => address === '203.0.113.7' || address === '127.0.0.1')).toBe(true);
  });

  test('holds no word of what was said', async () => {
    await send(
      ada,
      'mutation { recordTurns(input: { conversationId: "quiet", turns: [{ query: "pomegranate wine" }] }) { __typename } }',
    );
    await log();
    const rows = await app.sql(
      'select a::text as row from echo_audit_log a union all select n::text from echo_audit_names n',
    );
    expect(JSON.stringify(rows)).not.toMatch(/pomegranate/);
    expect(rows.length).toBeGreaterThan(10);
  });

  test.each([
    "update echo_audit_log set result = 'OK' where id = 1",
    'delete from echo_audit_log where id = 1',
    'truncate echo_audit_log',
    'update echo_audit_seals set rows = 0',
    'delete from echo_audit_seals',
    'truncate echo_audit_seals',
  ])('refuses with the application’s role: %s', async (text) => {
    // A row has to be there to be refused; a transaction of another test may hold it up.
    await sealAudit(app);
    await expect(app.sql(text)).rejects.toThrow(/permission denied/);
  });

  test('is for admins of the tenant only', async () => {
    expect((await send(ada, LOG)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await send(ada, '{ verifyAudit { rows } }')).errors?.[0]?.extensions.code).toMatch(
      /FORBIDDEN|RATE_LIMITED/,
    );
    for (const wrong of ['{ auditLog(first: 0) { next } }', '{ auditLog(after: "x") { next } }'])
      expect((await send(ADMIN_KEY, wrong)).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('is printed as JSON Lines, page by page over GraphQL, and forgets names with their person', async () => {
    const lines: string[] = [];
    const { audit } = app.app.services;
    expect(
      await auditCommand(
        ['export'],
        (work) => work({ audit }),
        (line) => lines.push(line),
      ),
    ).toBe(0);
    expect(lines.map((line) => JSON.parse(line).action)).toContain('key.create');
    expect(lines.join('\n')).toContain('"actor":"ada"');
    await send(ADMIN_KEY, 'mutation { eraseUser(userId: "ada", confirm: "ada") { __typename } }');
    expect((await send(ada, '{ me { userId } }')).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    lines.length = 0;
    expect(
      await auditCommand(
        ['export'],
        (work) => work({ audit }),
        (line) => lines.push(line),
      ),
    ).toBe(0);
    expect(lines.join('\n')).not.toMatch(/"ada"|"hers"/);
    expect(lines.join('\n')).toMatch(/user\.erase\.begin[\s\S]*user\.erase\.end/);
    expect(
      await auditCommand(
        [],
        (work) => work({ audit }),
        () => undefined,
      ),
    ).toBe(2);
  });

  test('finds rows that were altered, removed or put in', async () => {
    const { audit } = app.app.services;
    await sealAudit(app);
    const whole = await audit.verify();
    expect(whole.broken).toEqual([]);
    expect(whole.rows).toBeGreaterThan(15);
    expect((await send(ADMIN_KEY, '{ verifyAudit { rows broken } }')).data.verifyAudit.broken).toEqual([]);
    const tamper = async (text: string) => {
      await app.sql('alter table echo_audit_log disable trigger user');
      await app.sql(text);
      await app.sql('alter table echo_audit_log enable trigger user');
      return (await audit.verify()).broken.length;
    };
    const [row] = await app.sql(
      "select id, result from echo_audit_log where result = 'FORBIDDEN' order by id limit 1",
    );
    expect(await tamper(`update echo_audit_log set result = 'OK' where id = ${row?.id}`)).toBeGreaterThan(0);
    expect(await tamper(`update echo_audit_log set result = 'FORBIDDEN' where id = ${row?.id}`)).toBe(0);
    expect(
      await tamper(
        `create temp table kept as select * from echo_audit_log; delete from echo_audit_log where id = ${row?.id}`,
      ),
    ).toBeGreaterThan(0);
    expect(
      await auditCommand(
        ['verify'],
        (work) => work({ audit }),
        () => undefined,
      ),
    ).toBe(1);
  });

  test('is whole where numbers of transactions and rows get another digit', async () => {
    const fresh = await startTestApp({ env: { CANARY_INTERVAL_MS: '0' } });
    const { audit } = fresh.app.services;
    await audit.stop();
    await fresh.sql(
      `insert into echo_audit_log (xid, id, action, result)
       values ('9', 9, 'a', 'OK'), ('9', 10, 'b', 'OK'), ('10', 8, 'c', 'OK'), ('100', 7, 'd', 'OK')`,
    );
    await sealAudit(fresh);
    await fresh.graphql('mutation { upsertCharacter(input: { characterName: "Iris Vale" }) { __typename } }');
    await sealAudit(fresh);
    expect(await audit.verify()).toMatchObject({ broken: [], rows: 5 });
    const sealed = await fresh.sql<{ rows: number }>('select sum(rows)::int as rows from echo_audit_seals');
    expect(sealed).toEqual([{ rows: 5 }]);
    await fresh.close();
  });

  test('loses what is older than the retention, and nothing else', async () => {
    const at = "now() - interval '401 days'";
    await app.sql(
      `insert into echo_audit_log (id, at, action, result) values (-2, ${at}, 'old', 'OK'), (-1, now(), 'new', 'OK')`,
    );
    const before = await app.sql('select count(*)::int as count from echo_audit_log');
    await app.app.services.audit.flush();
    await deleteOutdated(app.app.services.db.pool, DUTIES, {
      AUDIT_RETENTION_DAYS: 400,
      TASKS_RETENTION_DAYS: 400,
    });
    expect(await app.sql("select action from echo_audit_log where action in ('old', 'new')")).toEqual([
      { action: 'new' },
    ]);
    expect(await app.sql('select count(*)::int + 1 as count from echo_audit_log')).toEqual(before);
  });
});
