import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { checkEvidence, countAnsweredTwice, countRefusedAfterAll } from '../checks.ts';
import type { Finding } from '../findings.ts';
import { checkForgotten } from '../forgotten-checks.ts';
import { checkIndexes, slotEvidence } from '../servers-checks.ts';
import { checkSlots, SLOT_EVERY_MS } from '../slots.ts';
import { drainedTurns } from '../stored.ts';
import { checkTasks } from '../task-checks.ts';
import { taskEvidence } from '../task-run.ts';
import { makeTask, taskState } from './calls.ts';
import { keptNow, restoreOne, until, untoldChanges } from './evidence.ts';
import { databaseOf } from './faults.ts';
import { judgeFlat } from './judge-flat.ts';
import { BOUNDS, judgeHealth, starvation } from './judge-health.ts';
import { judgeOnce } from './judge-once.ts';
import { seriesOf } from './samples.ts';
import type { Soak } from './soak.ts';

/** All that a soak was and found. */
export type SoakResult = Awaited<ReturnType<typeof judged>>;

const SETTLED_MS = 120_000;
const EVENTS_LIMIT_MS = 30_000;
/** Requests that failed without a fault: a machine that others keep busy lets one wait now and then. */
const FAILED_IN_QUIET = 3;

/** Waits, with a limit, until what was promised for later has come: the last pictures, what is learned, what is told. */
export async function settle(soak: Soak): Promise<void> {
  const { stand, visiting, striking } = soak;
  const port = stand.servers.servers[0]?.port ?? 0;
  for (const call of [`indexMedia(path: ${JSON.stringify(stand.media)})`, 'triggerSchedule(name: "learn")']) {
    // The one before may still be running, and takes no second beside it.
    await until(async () => {
      const { status } = await taskState(port, await makeTask(port, call).then(untilEnded(port)));
      return status === 'COMPLETED';
    }, SETTLED_MS);
  }
  const { visits } = visiting;
  await until(async () => {
    const ended = await taskEvidence(databaseOf(striking));
    return ended.every(({ status }) => status !== 'PENDING' && status !== 'RUNNING');
  }, SETTLED_MS);
  await until(async () => {
    const kept = new Set((await keptNow(databaseOf(striking))).map(({ kind, name }) => `${kind} ${name}`));
    return visits.asked.every((one) => !one.acknowledged || kept.has(`${one.kind} ${one.name}`));
  }, SETTLED_MS);
  await until(
    async () => (await untoldChanges(databaseOf(striking), stand.receiver.got)).untold.length === 0,
    SETTLED_MS,
  );
}

/** Of the sources that the servers were made of. */
const commitOf = () =>
  execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  }).trim();

/** Everything that was promised, held against what there is. */
export async function judged(soak: Soak) {
  const { stand, visiting, striking, samples, health, now, findings, options } = soak;
  const { visits } = visiting;
  const seconds = Math.round(now() / 1_000);
  const database = databaseOf(striking);
  const turns = await judgeTurns(soak);
  const tasks = await taskEvidence(database);
  findings.push(...checkTasks(tasks, visits.tasks));
  const slots = await slotEvidence(database);
  findings.push(...checkSlots(slots, SLOT_EVERY_MS));
  const once = judgeOnce(visits.asked, await keptNow(database));
  findings.push(...once.findings);
  const told = await untoldChanges(database, stand.receiver.got);
  if (told.untold.length > 0)
    findings.push(lost(`${told.untold.length} changes of facts were told to no webhook`));
  for (const [index, backup] of visits.backups.entries())
    findings.push(...(await restoreOne(stand, database, backup, index)));
  const isStarved = starvation(health);
  const quiet = visits.failures.filter(({ at }) => isQuiet(soak, at) && !isStarved(at));
  if (quiet.length > FAILED_IN_QUIET)
    findings.push({
      ...{ check: 'failed-in-quiet', conversationId: null },
      detail: `${quiet.length} requests failed without a fault, such as ${quiet[0]?.what}: ${quiet[0]?.why}`,
    });
  const truth = judgeHealth(health, striking.spans);
  const growth = judgeFlat(
    seriesOf(
      samples,
      stand.servers.servers.map(({ name }) => name),
    ),
    seconds * 1_000,
  );
  findings.push(...truth.findings, ...growth.findings);
  for (const { server } of stand.servers.servers) await server.stop();
  return {
    commit: commitOf(),
    ...{
      seed: options.seed,
      passed: findings.length === 0,
      startedAt: soak.startedAt.toISOString(),
      seconds,
    },
    machine: `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.version}, load ${loadavg()[2]?.toFixed(1)}`,
    faults: Object.fromEntries(
      [...Map.groupBy(striking.spans, ({ kind }) => kind)].map(([kind, spans]) => [kind, spans.length]),
    ),
    ...{ turns, once: once.figures },
    tasks: { ended: tasks.length, attempts: tasks.reduce((sum, { attempts }) => sum + attempts.length, 0) },
    slots: { decided: slots.slots.length, run: slots.tasks.length },
    backups: {
      made: visits.backups.length,
      restored: visits.backups.length - count(findings, 'not-restored'),
    },
    webhook: { changes: told.changes, messages: told.messages },
    requests: { answered: visits.answers, failed: visits.failures.length, failedWithoutFault: quiet.length },
    health: truth.figures,
    flatness: growth.figures,
    findings: findings.slice(0, 50),
    failures: visits.failures,
    ...{ spans: striking.spans, samples, healthSamples: health },
  };
}

async function judgeTurns({ stand, striking, epoch, subscribers, findings }: Soak) {
  const database = databaseOf(striking);
  const stored = await drainedTurns(database, epoch);
  for (const subscriber of subscribers) {
    const start = performance.now();
    const waits = () => stored.some(({ turnId }) => !subscriber.counts.has(turnId));
    while (waits() && Math.min(subscriber.silentForMs, performance.now() - start) < EVENTS_LIMIT_MS)
      await delay(100);
  }
  findings.push(...checkEvidence({ epoch, stored, subscribers, severalServers: true }));
  findings.push(...(await checkIndexes(stand.servers, database)));
  findings.push(...(await checkForgotten(database)));
  const { traffic } = stand.servers;
  return {
    ...{ sent: traffic.turnsSent.total, stored: stored.length },
    acknowledged: Object.fromEntries(traffic.durabilities),
    unacknowledgedAttempts: Object.fromEntries(traffic.unknown),
    answeredTwice: countAnsweredTwice({ epoch, stored }),
    storedThoughRefused: countRefusedAfterAll({ epoch, stored }),
    seen: Object.fromEntries(subscribers.map(({ name, counts }) => [name, counts.size])),
  };
}

/** No fault, and none that has just ended. */
function isQuiet({ striking: { spans } }: Soak, at: number): boolean {
  return spans.every(({ from, until: end }) => at < from || at > end + BOUNDS.clearMs);
}

/** Waits for a task, whatever becomes of it. @returns its id */
const untilEnded = (port: number) => async (taskId: string) => {
  await until(
    async () => !['PENDING', 'RUNNING'].includes((await taskState(port, taskId)).status),
    SETTLED_MS,
  );
  return taskId;
};

const lost = (detail: string): Finding => ({ check: 'lost', conversationId: null, detail });
const count = (findings: readonly Finding[], check: Finding['check']) =>
  findings.filter((one) => one.check === check).length;
