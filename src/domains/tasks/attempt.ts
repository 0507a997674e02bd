import { randomUUID } from 'node:crypto';
import { actingFor, actingForNobody } from '../../access/caller.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { judgeDatabaseError, wordsOf } from '../../db/meaning.ts';
import { EchoError, Forbidden } from '../../errors.ts';
import { parseInput } from '../../ground/input.ts';
import type { Job, RunningTask } from '../../jobs/job.ts';
import type { Logger } from '../../log.ts';
import { beginningOf, storableText } from '../../texts.ts';
import type { Claim, Ending } from './claims.ts';
import { ResultRefused, TaskAborted, TaskLost } from './errors.ts';
import { ProgressWriter, writeProgress } from './progress.ts';
import { doOnce, writeWhileHeld } from './steps.ts';
import { storedJson } from './stored-json.ts';
import type { TaskRow } from './tables.ts';

/** Milliseconds that a job gets to stop once it was told to; after them its worker goes on without it. */
export const GRACE_MS = 5_000;
/** Bytes of a result, as JSON. */
export const MAX_RESULT_BYTES = 1_048_576;
const MAX_ERROR = 2_000;
/** A task that met the absence of the database waits so long. */
const AWAY_MS = 2_000;

interface AttemptParts {
  readonly db: Database;
  readonly availability: Pick<Availability, 'wasAway'>;
  readonly log: Logger;
  readonly services: unknown;
  readonly events: { wake(): void };
}

/** What came of an attempt. */
export interface Attempted {
  /** Null: the task is another's, nothing is to be written. */
  readonly ending: Ending | null;
  /** The job went on though it was told to stop: nobody waits for it any more. */
  readonly isAbandoned: boolean;
}

/** Runs a job for one attempt at a task. Never rejects. @param controller whoever wants to stop it aborts */
export async function runAttempt(
  parts: AttemptParts,
  job: Job,
  row: TaskRow,
  claim: Claim,
  controller: AbortController,
): Promise<Attempted> {
  const { signal } = controller;
  const ended = { is: false };
  const beganAt = new Date();
  const progress = new ProgressWriter((report) => writeReport(parts, claim, controller, report));
  const task = runningTask(parts, row, claim, { controller, ended, progress });
  const timer = setTimeout(() => {
    controller.abort(new TaskAborted('TIMEOUT', `it took longer than ${row.timeout} s`));
  }, row.timeout * 1_000).unref();
  const run = Promise.resolve()
    .then(() => requireMaker(job, row))
    .then(() => inName(row, () => job.run(parts.services as never, payloadOf(job, row), task)))
    .then(
      (value): Run => ({ value }),
      (error: unknown): Run => ({ error }),
    );
  const outcome = await Promise.race([run, graceOver(signal)]);
  clearTimeout(timer);
  ended.is = true;
  await progress.end();
  const aborted = signal.aborted ? (signal.reason as TaskAborted) : null;
  // Told to nobody: it may throw long after its task is over.
  const isAway = await isForWantOfDatabase(parts, outcome, beganAt);
  return { ending: endingOf(outcome, aborted, { job, row, isAway }), isAbandoned: outcome === null };
}

/** Rows of tasks also come from exports, which may say anything. @throws Forbidden for what only the server may have made */
function requireMaker({ name, mayCreate, isForOwner }: Job, { userId }: TaskRow): void {
  if (mayCreate === 'SERVER' && !isForOwner && userId !== null)
    throw new Forbidden(`a task of the type ${name} is the server's own, and this one is a user's`);
}

/** As its job reads it; the job may be of another version than the one that took it in. */
function payloadOf({ payload }: Job, row: TaskRow): unknown {
  return parseInput(payload, row.payload ?? {}, 'payload');
}

/** For whom the job works: what it writes and is refused is told with their name in the audit log. */
function inName<T>({ tenantId, userId, taskId }: TaskRow, work: () => T): T {
  if (userId === null) return actingForNobody(work);
  const actor = { tenantId, user: userId, credential: `task ${taskId}`, address: 'local' };
  return actingFor({ ...actor, correlationId: randomUUID() }, work);
}

type Run = { readonly value: unknown } | { readonly error: unknown };

/** Resolves (null) when the job was told to stop and has had the time for it. */
function graceOver(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    const begin = () => setTimeout(() => resolve(null), GRACE_MS).unref();
    if (signal.aborted) begin();
    else signal.addEventListener('abort', begin, { once: true });
  });
}

function runningTask(
  { db }: AttemptParts,
  row: TaskRow,
  claim: Claim,
  run: { controller: AbortController; ended: { readonly is: boolean }; progress: ProgressWriter },
): RunningTask {
  const { controller, ended, progress } = run;
  return {
    taskId: row.taskId,
    owner: { tenantId: row.tenantId, userId: row.userId },
    attempt: row.attempt,
    signal: controller.signal,
    progress: (done, total = null, note = null) => {
      if (!ended.is) progress.report(done, total, note);
    },
    once: (step, effect) => whileHeld(run, () => doOnce(db, claim, step, effect)),
    write: (effect, { isRepeated = false } = {}) =>
      whileHeld(run, () => writeWhileHeld(db, claim, effect, !isRepeated)),
  };
}

/** @throws TaskLost, after which the attempt is told to stop; the reason of its signal */
async function whileHeld<T>(
  { controller, ended }: { readonly controller: AbortController; readonly ended: { readonly is: boolean } },
  work: () => Promise<T>,
): Promise<T> {
  controller.signal.throwIfAborted();
  if (ended.is) throw new TaskLost();
  try {
    return await work();
  } catch (error) {
    if (error instanceof TaskLost) controller.abort(error);
    throw error;
  }
}

async function writeReport(
  { db, log, events }: AttemptParts,
  claim: Claim,
  controller: AbortController,
  report: Parameters<typeof writeProgress>[2],
): Promise<void> {
  try {
    if (await writeProgress(db, claim, report)) events.wake();
    else controller.abort(new TaskLost());
  } catch (error) {
    // The next report says more than this one; whether the worker is still there, its lease tells.
    log.warn({ reason: wordsOf(error) }, 'the progress of a task could not be written');
  }
}

/**
 * Whether a job failed because the database was away. An error that says so may be of another database or service, that the
 * job calls; then it is a failure like others, or it would be tried again for ever.
 */
async function isForWantOfDatabase(
  { availability }: AttemptParts,
  outcome: Run | null,
  beganAt: Date,
): Promise<boolean> {
  if (outcome === null || !('error' in outcome)) return false;
  return judgeDatabaseError(outcome.error) === 'unavailable' && (await availability.wasAway(beganAt));
}

function endingOf(
  outcome: Run | null,
  aborted: TaskAborted | null,
  { job, row, isAway }: { readonly job: Job; readonly row: TaskRow; readonly isAway: boolean },
): Ending | null {
  if (aborted?.kind === 'LOST') return null;
  const overran = outcome === null ? `, and did not stop within ${GRACE_MS / 1_000} s of being told to` : '';
  if (aborted?.kind === 'TIMEOUT') return failure(`${aborted.message}${overran}`, job, row);
  if (outcome && 'value' in outcome) return completion(outcome.value);
  if (aborted?.kind === 'CANCELLED')
    return { kind: 'CANCELLED', error: (overran && `it was cancelled${overran}`) || null };
  if (aborted?.kind === 'STOPPING')
    return { kind: 'RELEASED', error: `${aborted.message}${overran}`, delayMs: 0 };
  const error = outcome?.error;
  if (error instanceof ResultRefused || (error instanceof EchoError && !error.retryable))
    return { kind: 'FAILED', error: errorText(error) };
  if (isAway) return { kind: 'RELEASED', error: errorText(error), delayMs: AWAY_MS };
  return failure(errorText(error), job, row);
}

function completion(value: unknown): Ending {
  try {
    return { kind: 'COMPLETED', result: storedJson(value, 'the result', MAX_RESULT_BYTES) };
  } catch (error) {
    return { kind: 'FAILED', error: (error as Error).message };
  }
}

function failure(error: string, { retry }: Job, { retryCount, maxRetries }: TaskRow): Ending {
  if (retryCount >= maxRetries) return { kind: 'FAILED', error };
  const delay = Math.min(retry.delaySeconds * 2 ** Math.min(retryCount, 30), retry.maxDelaySeconds);
  return { kind: 'AGAIN', error, delayMs: Math.round(delay * 1_000 * (0.5 + Math.random() / 2)) };
}

/** Words that can be stored, and hold no values of a statement. */
export function errorText(error: unknown): string {
  // An error of ours was written for people, and its code says no more.
  const words =
    error instanceof EchoError ? error.message : error instanceof Error ? wordsOf(error) : String(error);
  return beginningOf(storableText(words), MAX_ERROR) || 'it failed without a word';
}
