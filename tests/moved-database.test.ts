import { afterAll, beforeAll, expect, test } from 'vitest';
import { sealAudit } from './support/audit.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { overWebSocket, take } from './support/streams.ts';

const WATCH = `subscription ($after: ID) { interactionAdded(after: $after) { cursor interaction { query } } }`;
/** More transactions than the cluster of the tests has seen: as if the rows had been dumped in another one. */
const ELSEWHERE = 7_000_000_000n;

let before: TestApp;
let after: TestApp;
const queriesOf = (results: Awaited<ReturnType<typeof take>>) =>
  results.map(({ data }) => data.interactionAdded.interaction.query);

beforeAll(async () => {
  before = await startTestApp({ env: { CANARY_INTERVAL_MS: '0' } });
  await before.record('c', ['one', 'two']);
  // Sealed with the numbers that they have, as they would have been there.
  await before.sql(`update echo_events set xid = (xid::text::bigint + ${ELSEWHERE})::text::xid8`);
  await before.sql(
    `insert into echo_audit_log (xid, action, result) values ('${ELSEWHERE}', 'old', 'OK'), ('${ELSEWHERE + 9n}', 'older', 'OK')`,
  );
  after = await startTestApp({ env: { DATABASE_URL: before.databaseUrl, CANARY_INTERVAL_MS: '0' } });
});
afterAll(async () => {
  await after.close();
  await before.close();
});

test('a database that was loaded into another cluster tells its events as before, and new ones after them', async () => {
  await after.record('c', ['three']);
  const all = await take(overWebSocket(after.connect(), WATCH, { after: '0-0' }), 3);
  expect(queriesOf(all)).toEqual(['one', 'two', 'three']);
  // A subscriber that saw the old ones there goes on here.
  const cursor = all[1]?.data.interactionAdded.cursor;
  expect(BigInt(cursor.split('-')[0])).toBeGreaterThan(ELSEWHERE);
  expect(queriesOf(await take(overWebSocket(after.connect(), WATCH, { after: cursor }), 1))).toEqual([
    'three',
  ]);
  // And so does one that saw more there than was dumped.
  const beyond = `${ELSEWHERE + 1_000_000n}-999`;
  expect(queriesOf(await take(overWebSocket(after.connect(), WATCH, { after: beyond }), 1))).toEqual([
    'three',
  ]);
});

test('a subscriber without a cursor is told what is new, and nothing old', async () => {
  const told: string[] = [];
  void take(overWebSocket(after.connect(), WATCH, {}), 1).then((results) => told.push(...queriesOf(results)));
  // What is recorded before it listens is old, too.
  const recorded = async () => {
    await after.record('c', ['four']);
    return told;
  };
  await expect.poll(recorded).toEqual(['four']);
});

test('its audit log is sealed on, old rows before new ones', async () => {
  const { audit } = after.app.services;
  await sealAudit(after);
  await after.graphql('mutation { upsertCharacter(input: { characterName: "Iris Vale" }) { __typename } }');
  let rows: { all: number; sealed: number } | undefined;
  // What a transaction of anybody on the server may still come before is sealed the next time.
  await expect
    .poll(async () => {
      await sealAudit(after);
      [rows] = await before.sql<{ all: number; sealed: number }>(
        'select (select count(*)::int from echo_audit_log) as all, (select sum(rows)::int from echo_audit_seals) as sealed',
      );
      return rows?.sealed === rows?.all;
    })
    .toBe(true);
  expect(await audit.verify()).toMatchObject({ broken: [], rows: rows?.all });
});

test('a start that finds nothing moved changes nothing', async () => {
  const bodies = () =>
    before.sql("select prosrc from pg_proc where proname in ('echo_transaction_id', 'echo_horizon')");
  const moved = await bodies();
  expect(JSON.stringify(moved)).not.toContain('+ 0)');
  const again = await startTestApp({ env: { DATABASE_URL: before.databaseUrl, CANARY_INTERVAL_MS: '0' } });
  expect(await bodies()).toEqual(moved);
  await again.close();
});
