import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChains } from '../src/domains/compliance/chains.ts';
import { sealAudit } from './support/audit.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { runTask, untilTask } from './support/tasks.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ schedules: true });
  for (const said of ['one', 'two', 'three', 'four', 'five']) await app.record(said, ['Hello', said], 'ada');
  await sealAudit(app);
});
afterAll(() => app.close());

/** Runs the check, as its schedule does. @returns its result */
async function check() {
  const { data } = await app.graphql(
    'mutation { triggerSchedule(name: "compliance_check") { ... on CreateTaskSuccess { task { taskId } } ... on Error { message } } }',
  );
  const { result } = await untilTask(app, data.triggerSchedule.task.taskId, 'COMPLETED');
  return result;
}
const standing = async (user?: string) => {
  // Alerts are for those who look after the server.
  const alerts = user ? '' : 'activeAlerts { name message }';
  const { data } = await app.graphql(`{ health { checks { name status detail } } ${alerts} }`, {}, user);
  const named = (list: { name: string }[], wanted: string) => list.find(({ name }) => name === wanted);
  return {
    check: named(data.health.checks, 'compliance'),
    alert: named(data.activeAlerts ?? [], 'compliance_findings'),
  };
};

describe('the compliance check', () => {
  test('is no part of health before it ran, and finds nothing on a server as it should be', async () => {
    expect((await standing()).check).toBeUndefined();
    const result = await check();
    expect(result).toMatchObject({
      findings: [],
      audit: { broken: [], wrongNames: 0 },
      triggers: { missing: [] },
      chains: { conversations: 5, turns: 10, damaged: [], goesOnAfter: 0 },
      keys: { expired: 0, usedAfterExpiry: 0 },
      erasures: { unfinished: 0 },
      overdue: {},
    });
    expect(result.audit.seals).toBeGreaterThan(0);
    expect(result.triggers.expected).toBeGreaterThan(20);
    await expect
      .poll(() => standing())
      .toMatchObject({
        check: { status: 'HEALTHY', detail: expect.stringContaining('nothing was found') },
        alert: undefined,
      });
  });

  test('finds each thing that is not, raises an alert, and clears it when all is well', async () => {
    const wrong: Record<string, [string, string]> = {
      'seals of the audit log do not fit': [
        `alter table echo_audit_log disable trigger user;
         update echo_audit_log set result = 'FORGED' where id = (select min(id) from echo_audit_log);
         alter table echo_audit_log enable trigger user`,
        `alter table echo_audit_log disable trigger user;
         update echo_audit_log set result = 'OK' where result = 'FORGED';
         alter table echo_audit_log enable trigger user`,
      ],
      'is not told of autonomous_goals DELETE: goal.erase goal_id user_id': [
        'alter table autonomous_goals disable trigger echo_audit_goal_erased',
        'alter table autonomous_goals enable trigger echo_audit_goal_erased',
      ],
      '1 conversations do not fit their chains': [
        `update echo_unified_interactions set query = 'Goodbye' where query = 'three'`,
        `update echo_unified_interactions set query = 'three' where query = 'Goodbye'`,
      ],
      '1 keys were used after they had expired': [
        `insert into echo_api_keys (key_id, user_id, name, hash, last_four, roles, permissions, created_by, expires_at, last_used_at)
         values ('late', 'ada', 'x', '', 'xxxx', '{}', '{}', 'ada', now() - interval '1 day', now())`,
        `delete from echo_api_keys where key_id = 'late'`,
      ],
      '1 erasures were begun and not finished': [
        `insert into echo_erasures (receipt_id, subject, erased_at) values (gen_random_uuid(), 'nobody', now() - interval '2 hours')`,
        `delete from echo_erasures where subject = 'nobody'`,
      ],
      '1 rows of echo_revoked_tokens are kept longer': [
        `insert into echo_revoked_tokens (token_id, revoked_by, expires_at) values ('old', 'ada', now() - interval '4 days')`,
        `delete from echo_revoked_tokens where token_id = 'old'`,
      ],
    };
    for (const [spoil] of Object.values(wrong)) await app.sql(spoil);
    const { findings } = await check();
    for (const finding of Object.keys(wrong))
      expect(findings).toContainEqual(expect.stringContaining(finding));
    expect(findings).toHaveLength(Object.keys(wrong).length);
    await expect
      .poll(() => standing())
      .toMatchObject({
        check: { status: 'DEGRADED', detail: expect.stringContaining(findings[0]) },
        alert: { message: expect.stringContaining(findings[0]) },
      });
    expect((await standing('ada')).check).toMatchObject({ detail: expect.stringMatching(/: 6 findings$/) });
    for (const [, mend] of Object.values(wrong)) await app.sql(mend);
    expect((await check()).findings).toEqual([]);
    await expect.poll(() => standing()).toMatchObject({ check: { status: 'HEALTHY' }, alert: undefined });
  });

  test('of an admin’s own is no word of the server’s', async () => {
    await app.sql(`update echo_unified_interactions set query = 'Goodbye' where query = 'three'`);
    expect((await check()).findings).toHaveLength(1);
    const own = await runTask(app, { type: 'compliance_check', payload: { conversations: 0 } });
    await untilTask(app, own.taskId, 'COMPLETED');
    await expect.poll(() => standing()).toMatchObject({ check: { status: 'DEGRADED' } });
    await app.sql(`update echo_unified_interactions set query = 'three' where query = 'Goodbye'`);
    expect((await check()).findings).toEqual([]);
    await expect(runTask(app, { type: 'compliance_check' }, 'ada')).rejects.toThrow('only an admin');
  });
});

test('chains are looked at in turn, from one check to the next, and damaged ones again', async () => {
  const { db } = app.app.services;
  const task = { signal: new AbortController().signal, progress: () => undefined };
  const until = Date.now() + 3_600_000;
  await app.sql(`update echo_unified_interactions set query = 'Goodbye' where query = 'one'`);
  const first = await verifyChains(db, null, { most: 2, until }, task);
  expect(first).toMatchObject({
    conversations: 2,
    damaged: [expect.any(Number)],
    goesOnAfter: expect.any(Number),
  });
  const second = await verifyChains(db, first, { most: 2, until }, task);
  expect(second).toMatchObject({ conversations: 3, damaged: first.damaged });
  expect(second.goesOnAfter).toBeGreaterThan(first.goesOnAfter);
  await app.sql(`update echo_unified_interactions set query = 'one' where query = 'Goodbye'`);
  const third = await verifyChains(db, second, { most: 2, until }, task);
  expect(third).toMatchObject({ conversations: 2, damaged: [], goesOnAfter: 0 });
  // Time is over before the first one.
  expect(await verifyChains(db, first, { most: 2, until: 0 }, task)).toMatchObject({
    ...{ conversations: 1, goesOnAfter: first.goesOnAfter },
  });
});
