import { afterAll, beforeAll, expect, test } from 'vitest';
import { dueAt } from '../src/domains/compliance/regions.ts';
import { mondayOf } from '../src/domains/compliance/report.ts';
import { sealAudit } from './support/audit.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const DAY_MS = 86_400_000;
const API_KEY = 'the operator’s own key'.replace('’', '-');
let app: TestApp;
let time = Date.now();
const keys: Record<string, { key: string; keyId: string; id: number }> = {};

/** Asks as whoever holds a key. */
async function ask(query: string, variables: object = {}, key: string | null = API_KEY) {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== null && { 'x-api-key': key }) },
    body: JSON.stringify({ query, variables }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: results have the shape that each test asks for
  return (await response.json()) as { data: any; errors?: { extensions: { code: string } }[] };
}

const REPORT = `reportId week since until region attention unknown json markdown
  sections { part lines { state text region keyId holder cites { source where ids rows } } }`;
/** Has the report made, as its schedule does. */
async function made() {
  const { data } = await ask(
    'mutation { triggerSchedule(name: "compliance_check") { ... on CreateTaskSuccess { task { taskId } } ... on Error { message } } }',
  );
  const { taskId } = data.triggerSchedule.task;
  const status = async () =>
    (await ask('query ($id: ID!) { task(taskId: $id) { status error } }', { id: taskId })).data.task;
  await expect.poll(status, { timeout: 60_000 }).toEqual({ status: 'COMPLETED', error: null });
  return latest();
}
const latest = async (key = API_KEY) =>
  (await ask(`{ complianceReports(first: 1) { nodes { ${REPORT} } } }`, {}, key)).data.complianceReports
    .nodes[0];
// biome-ignore lint/suspicious/noExplicitAny: a line of a report
const linesOf = (report: any, part: string): any[] =>
  report.sections.find((section: { part: string }) => section.part === part).lines;
// biome-ignore lint/suspicious/noExplicitAny: see above
const lineWith = (report: any, part: string, text: string) =>
  linesOf(report, part).find((line) => line.text.includes(text));

const NOTE = `mutation ($input: NoteDataRequestInput!) { noteDataRequest(input: $input) {
  ... on DataRequestSuccess { request { requestId kind region subject askedAt dueAt closedAt outcome } }
  ... on Error { code message } } }`;
const note = async (input: object, key = API_KEY) => (await ask(NOTE, { input }, key)).data.noteDataRequest;
const CLOSE = `mutation ($id: ID!, $outcome: DataRequestOutcome!) { closeDataRequest(requestId: $id, outcome: $outcome) {
  ... on DataRequestSuccess { request { outcome closedAt } } ... on Error { code message } } }`;
const close = async (id: string, outcome = 'DONE', key = API_KEY) =>
  (await ask(CLOSE, { id, outcome }, key)).data.closeDataRequest;
const REVIEW = `mutation ($keyIds: [String!]!) { reviewAccess(keyIds: $keyIds) {
  ... on ReviewAccessSuccess { reviewed { keyId reviewedAt } } ... on Error { code message } } }`;
const review = async (keyIds: string[], key = API_KEY) =>
  (await ask(REVIEW, { keyIds }, key)).data.reviewAccess;

beforeAll(async () => {
  app = await startTestApp({
    env: { API_KEY },
    realAccess: true,
    schedules: true,
    now: () => new Date(time),
  });
  for (const [name, tenantId, role] of [
    ['ada', 'default', 'USER'],
    ['bob', 'default', 'SERVICE'],
    ['eve', 'acme', 'ADMIN'],
  ] as const) {
    const { key, row } = await app.app.services.access.apiKeys.create({
      ...{ tenantId, userId: name, name: `laptop of ${name}`, roles: [role], permissions: null },
      ...{ expiresAt: null, createdBy: name },
    });
    keys[name] = { key, keyId: row.keyId, id: row.id };
  }
});
afterAll(() => app.close());

test('requests have until when the law of their region says, and bad ones are refused by name', async () => {
  const ago = (days: number) => new Date(time - days * DAY_MS).toISOString();
  const asked = await note({ userId: 'ada', kind: 'ACCESS', askedAt: ago(40) });
  expect(asked.request).toMatchObject({ kind: 'ACCESS', region: 'EU', outcome: null, closedAt: null });
  expect(asked.request.subject).toMatch(/^[0-9a-f]{64}$/);
  const other = await note({ userId: 'ada', kind: 'OBJECTION', region: 'CALIFORNIA', askedAt: ago(1) });
  expect(Date.parse(other.request.dueAt) - Date.parse(other.request.askedAt)).toBe(45 * DAY_MS);
  for (const [input, field] of [
    [{ userId: '', kind: 'ACCESS' }, 'userId'],
    [{ userId: 'a\u0000b', kind: 'ACCESS' }, 'userId'],
    [{ userId: 'ada', kind: 'ACCESS', askedAt: ago(-1) }, 'askedAt'],
    [{ userId: 'ada', kind: 'ACCESS', askedAt: ago(4_000) }, 'askedAt'],
  ] as const)
    expect(await note(input)).toEqual({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining(`${field}: must`),
    });
  expect(await close(other.request.requestId)).toMatchObject({ request: { outcome: 'DONE' } });
  expect(await close(other.request.requestId, 'REFUSED')).toMatchObject({ code: 'STATUS_MOVE_REFUSED' });
  expect(await close('no uuid')).toMatchObject({ code: 'BAD_USER_INPUT' });
  expect(await close(crypto.randomUUID())).toMatchObject({ code: 'NOT_FOUND' });
  // Of another tenant it does not exist.
  expect(await close(asked.request.requestId, 'DONE', keys.eve?.key)).toMatchObject({ code: 'NOT_FOUND' });
  const list =
    '{ dataRequests(open: true) { nodes { requestId } } complianceReports { nodes { reportId } } }';
  expect((await ask(list)).data.dataRequests.nodes).toEqual([{ requestId: asked.request.requestId }]);
  expect((await ask(list, {}, keys.eve?.key)).data.dataRequests.nodes).toEqual([]);
  expect((await ask(list, {}, keys.ada?.key)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});

test('a month ends on its day, or on the last one', () => {
  const due = (region: 'EU' | 'BRAZIL' | 'CANADA', at: string) => dueAt(region, new Date(at)).toISOString();
  expect(due('EU', '2026-01-31T10:00:00.000Z')).toBe('2026-02-28T10:00:00.000Z');
  expect(due('EU', '2028-01-30T10:00:00.000Z')).toBe('2028-02-29T10:00:00.000Z');
  expect(due('EU', '2026-12-15T00:00:00.000Z')).toBe('2027-01-15T00:00:00.000Z');
  expect(due('BRAZIL', '2026-12-25T00:00:00.000Z')).toBe('2027-01-09T00:00:00.000Z');
  expect(due('CANADA', '2026-02-01T00:00:00.000Z')).toBe('2026-03-03T00:00:00.000Z');
  expect(mondayOf(new Date('2026-11-29T23:59:59.000Z')).toISOString()).toBe('2026-11-23T00:00:00.000Z');
  expect(mondayOf(new Date('2026-11-23T00:00:00.000Z')).toISOString()).toBe('2026-11-23T00:00:00.000Z');
});

test('the report tells each thing with the rows that it comes from, and names nobody', async () => {
  const { keyId: adas } = keys.ada ?? { keyId: '' };
  const { keyId: bobs } = keys.bob ?? { keyId: '' };
  await app.sql(
    `update echo_api_keys set created_at = now() - interval '200 days', last_used_at = null where key_id = any($1)`,
    [[adas, bobs]],
  );
  expect(await review([adas])).toHaveProperty('reviewed');
  await app.sql(`update access_reviews set reviewed_at = now() - interval '100 days'`);
  expect(await review([bobs, bobs])).toMatchObject({ reviewed: [{ keyId: bobs }] });
  expect(await review([bobs, '000000000000'])).toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('keyIds.1'),
  });
  expect(await review([bobs], keys.eve?.key)).toMatchObject({ code: 'NOT_FOUND' });
  expect(await review([keys.eve?.keyId ?? ''], keys.eve?.key)).toHaveProperty('reviewed');
  expect(await review([])).toMatchObject({ code: 'BAD_USER_INPUT' });
  expect(await review(['x'])).toMatchObject({ code: 'BAD_USER_INPUT' });
  const erasure = await note({ userId: 'carl', kind: 'ERASURE' });
  await ask('mutation { eraseUser(userId: "carl", confirm: "carl") { __typename } }');
  await ask('mutation { eraseUser(userId: "dora", confirm: "dora") { __typename } }');
  for (let times = 0; times < 3; times++) await ask('{ me { userId } }', {}, 'wrong');
  await fetch(`${app.url}/metrics`);
  await app.sql(
    `insert into echo_revoked_tokens (token_id, revoked_by, expires_at) values ('old', 'ada', now() - interval '4 days')`,
  );
  await sealAudit(app);
  time = Date.now() + 60_000;
  const report = await made();
  expect(report.week).toBe(mondayOf(new Date(time)).toISOString().slice(0, 10));
  expect(Date.parse(report.until) - Date.parse(report.since)).toBe(7 * DAY_MS);

  expect(lineWith(report, 'REQUESTS', 'ACCESS')).toMatchObject({
    ...{ state: 'ATTENTION', region: 'EU', text: expect.stringMatching(/open, (9|10|11|12) days late$/) },
    cites: [{ source: 'data_subject_requests', rows: 1 }],
  });
  expect(lineWith(report, 'REQUESTS', 'OBJECTION')).toMatchObject({
    ...{ state: 'OK', region: 'CALIFORNIA', text: expect.stringMatching(/DONE .*, in time$/) },
  });
  expect(lineWith(report, 'REQUESTS', erasure.request.requestId)).toMatchObject({
    ...{ state: 'OK', text: expect.stringMatching(/ERASED .*, in time$/) },
    cites: [{ source: 'data_subject_requests' }, { source: 'echo_erasures', rows: 1 }],
  });
  expect(lineWith(report, 'REQUESTS', 'without a noted request')).toMatchObject({ state: 'OK' });
  expect(lineWith(report, 'REQUESTS', 'kept in no table')).toMatchObject({
    ...{ state: 'UNKNOWN', cites: [{ source: 'exportUser' }] },
  });
  expect(lineWith(report, 'RETENTION', 'echo_revoked_tokens: kept 1 day; 1 row should')).toMatchObject({
    state: 'ATTENTION',
  });
  expect(lineWith(report, 'RETENTION', 'echo_audit_log: kept 400 days; nothing is older')).toBeDefined();
  expect(lineWith(report, 'BACKUPS', 'There is no backup')).toMatchObject({ state: 'ATTENTION' });
  expect(lineWith(report, 'ACCESS', adas)).toMatchObject({
    ...{
      state: 'ATTENTION',
      keyId: adas,
      holder: 'ada',
      text: expect.stringMatching(/reviewed 20.*, which is to be done every 90 days$/),
    },
  });
  expect(lineWith(report, 'ACCESS', bobs)).toMatchObject({
    ...{ state: 'OK', holder: 'bob', text: expect.stringMatching(/SERVICE may READ, WRITE.*reviewed 20/) },
    cites: [{ ids: [String(keys.bob?.id)] }, { source: 'access_reviews', rows: 1 }],
  });
  expect(lineWith(report, 'ACCESS', 'API_KEY')).toMatchObject({ state: 'UNKNOWN' });
  expect(linesOf(report, 'UNUSED_KEYS').map(({ keyId }) => keyId)).toEqual([adas, bobs, null]);
  const today = new Date().toISOString().slice(0, 10);
  expect(lineWith(report, 'FAILED_LOGINS', `${today}, /graphql: 3 times no credential`)).toBeDefined();
  expect(lineWith(report, 'FAILED_LOGINS', `${today}, /metrics: 1 times`)).toBeDefined();
  expect(lineWith(report, 'INTEGRITY', 'Triggers of the audit log')).toMatchObject({ state: 'OK' });

  // What a line says, its rows say.
  // biome-ignore lint/suspicious/noExplicitAny: a citation
  const cites: any[] = report.sections.flatMap(({ lines }: any) => lines.flatMap((line: any) => line.cites));
  const lines = report.sections.flatMap(
    (section: { lines: { text: string; cites: unknown[] }[] }) => section.lines,
  );
  for (const { text, cites: cited } of lines) expect([text, cited.length > 0]).toEqual([text, true]);
  const inTables = cites.filter(({ where }) => where !== null);
  expect(inTables.length).toBeGreaterThan(20);
  for (const { source, where, rows, ids } of inTables) {
    const found = await app.sql(`select * from "${source}" where ${where}`);
    // That one grows while the report is read.
    if (source !== 'echo_audit_log') expect(found.length, `${source}: ${where}`).toBe(rows);
    expect(ids.length).toBe(Math.min(rows, 20));
  }
  const [failed] = linesOf(report, 'FAILED_LOGINS').flatMap(({ cites: [cite] }) => cite);
  expect(await app.sql(`select id from echo_audit_log where ${failed.where}`)).toHaveLength(failed.rows);

  const stored = JSON.stringify(await app.sql('select sections from compliance_reports'));
  for (const name of ['ada', 'bob', 'carl', 'dora', 'eve', '127.0.0.1', 'laptop'])
    expect(stored).not.toMatch(new RegExp(`\\b${name}\\b`));
  expect(report.markdown).toContain('## Failed log-ins');
  expect(report.markdown).toContain('holder: ada');
  expect(report.json.sections).toHaveLength(7);
  expect(report.json).not.toHaveProperty('tenantId');
  expect(report.attention).toBeGreaterThan(3);
  await ask('mutation { eraseUser(userId: "ada", confirm: "ada") { __typename } }');
  expect(await app.sql('select from access_reviews where key_id = $1', [adas])).toEqual([]);
  const after = await latest();
  expect(lineWith(after, 'ACCESS', adas)).toMatchObject({ holder: null });
  expect(after.markdown).toContain('holder: nobody any more');
});

test('each tenant has its own, another run of the week takes its place, and the next week goes on', async () => {
  const first = await latest();
  const theirs = await latest(keys.eve?.key);
  expect(theirs.reportId).not.toBe(first.reportId);
  expect(linesOf(theirs, 'REQUESTS').filter(({ region }) => region)).toEqual([]);
  expect(linesOf(theirs, 'ACCESS').map(({ keyId }) => keyId)).toEqual([keys.eve?.keyId]);
  expect(lineWith(theirs, 'FAILED_LOGINS', 'of no tenant')).toMatchObject({ state: 'UNKNOWN' });
  const one = `query ($id: ID!) { complianceReport(reportId: $id) { reportId } }`;
  expect((await ask(one, { id: first.reportId }, keys.eve?.key)).errors?.[0]?.extensions.code).toBe(
    'NOT_FOUND',
  );
  expect((await ask(one, { id: first.reportId })).data.complianceReport.reportId).toBe(first.reportId);
  expect((await ask(one, { id: 'x' })).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  time += 1_000;
  const again = await made();
  expect([again.reportId, again.week]).toEqual([first.reportId, first.week]);
  expect(Date.parse(again.until)).toBe(Date.parse(first.until) + 1_000);
  time += 9 * DAY_MS;
  const next = await made();
  expect(next.reportId).not.toBe(first.reportId);
  expect(next.since).toBe(again.until);
  // Too long ago to be told.
  time += 60 * DAY_MS;
  const late = await made();
  expect(Date.parse(late.until) - Date.parse(late.since)).toBe(35 * DAY_MS);
});
