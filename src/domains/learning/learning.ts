import { setTimeout } from 'node:timers/promises';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { type DatabaseMeaning, judgeDatabaseError } from '../../db/meaning.ts';
import { retried } from '../../db/retried.ts';
import { createRest, type Pressure } from '../../ground/pressure.ts';
import type { RunningTask } from '../../jobs/job.ts';
import type { Logger } from '../../log.ts';
import type { SettingsServices } from '../settings/settings.ts';
import { commitLessons } from './commit.ts';
import { inContext, OwnerContexts, type TurnInContext } from './context.ts';
import { type Extract, type Lesson, lessonsOf, loadRules } from './extraction.ts';
import { type Learned, NOTHING, sumOf } from './learned.ts';
import type { LearningModel, ModelLearner } from './model.ts';
import type { ModelUse } from './model-use.ts';
import { isWaiting, type Lease, nextWaitingUser, releaseTurns, takeTurns } from './queue.ts';
import { endRun } from './runs.ts';

export interface LearningServices extends SettingsServices {
  readonly db: Database;
  readonly log: Logger;
  readonly pressure: Pressure;
  readonly learning: { readonly model: LearningModel | null };
}

export interface LearningResult extends Learned {
  /** Users whose turns others had all the time, or somebody was changing: a later run takes them. */
  readonly left: number;
}

/** Turns that are taken at once, and bytes of their text after which no further one is. */
const BATCH = 50;
const BATCH_BYTES = 1_000_000;
/** Statements that one transaction stores, which has ten seconds for all of it. */
const STATEMENTS_AT_ONCE = 150;
/** How long a task that is not heard of keeps turns from others; it takes them up itself before. */
const LEASE_MS = 120_000;
/** Looks at users whose turns others had, and the milliseconds between them. */
const PASSES = 5;
const PAUSE_MS = 1_000;

/**
 * Learns from all turns that wait: of the task's user, or of everybody for a task of the server. Each turn is learned from once,
 * by whichever task takes it; what was stored stays, and an attempt that takes over goes on behind it.
 *
 * @throws the reason of the task's signal
 */
export async function learnFromTurns(services: LearningServices, task: RunningTask): Promise<LearningResult> {
  const { model } = services.learning;
  const learner = model && (await loadLearner(model, services.log));
  const run = new LearningRun(services, task, { extract: await loadRules(), learner });
  for (let pass = 1; ; pass++) {
    const left = await run.pass();
    if (run.problem !== null) throw run.problem;
    if (left === 0 || pass === PASSES) return { ...run.learned, left };
    await setTimeout(PAUSE_MS, undefined, { signal: task.signal });
  }
}

/** What a task needs of a model is loaded where one is configured. */
async function loadLearner(model: LearningModel, log: Logger) {
  const { ATTEMPTS, ModelLearner, TURNS_AT_ONCE } = await import('./model.ts');
  return {
    model: new ModelLearner(model, log),
    turns: TURNS_AT_ONCE,
    // Nobody else may have turns while their model may still answer.
    leaseMs: LEASE_MS + ATTEMPTS * model.longestMs,
  };
}

/** Errors of the database that anybody's turns would meet. All others, those of the code among them, may lie in what is stored of one user. */
const OF_ALL: readonly string[] = ['unavailable', 'overloaded'] satisfies DatabaseMeaning[];

interface Extractors {
  readonly extract: Extract;
  /** Null: only rules learn. */
  readonly learner: { readonly model: ModelLearner; readonly turns: number; readonly leaseMs: number } | null;
}

/** One attempt at it. */
class LearningRun {
  readonly #services: LearningServices;
  readonly #task: RunningTask;
  readonly #extractors: Extractors;
  readonly #contexts: OwnerContexts;
  readonly #lease: Lease;
  readonly #rest: ReturnType<typeof createRest>;
  learned: Learned = NOTHING;
  /** What the turns of somebody met first; null: nothing. */
  problem: unknown = null;

  constructor(services: LearningServices, task: RunningTask, extractors: Extractors) {
    this.#services = services;
    this.#task = task;
    this.#extractors = extractors;
    this.#contexts = new OwnerContexts(services);
    const { leaseMs = LEASE_MS, turns: limit = BATCH } = extractors.learner ?? {};
    this.#lease = { taskId: task.taskId, leaseMs, limit, bytes: BATCH_BYTES };
    this.#rest = createRest(services.pressure);
    task.signal.addEventListener('abort', this.#rest.end, { once: true });
  }

  /** Learns from the turns of each user, one after the other; what those of one meet is no matter of the others. @returns how many users have turns that nobody learned from */
  async pass(): Promise<number> {
    const { db } = this.#services;
    let left = 0;
    for (
      let owner = await nextWaitingUser(db, this.#task.owner, null);
      owner;
      owner = await nextWaitingUser(db, this.#task.owner, owner)
    ) {
      const at = owner;
      if (!(await this.#learnOf(at).catch((error: unknown) => this.#passOver(at, error)))) left++;
    }
    return left;
  }

  /** @throws what would be met with everybody: the task is over, the database or a model is away */
  #passOver({ tenantId, userId }: Owner, error: unknown): true {
    if (this.#task.signal.aborted || OF_ALL.includes(judgeDatabaseError(error))) throw error;
    this.problem ??= error;
    this.#services.log.error(
      { err: error, tenantId, userId },
      'nothing could be learned from the turns of a user',
    );
    return true;
  }

  /** @returns whether none of the user's turns waits any more */
  async #learnOf(owner: Owner): Promise<boolean> {
    const { db } = this.#services;
    const known = await this.#contexts.of(owner);
    for (;;) {
      this.#task.signal.throwIfAborted();
      const turns = await takeTurns(db, owner, this.#lease);
      if (turns.length === 0) break;
      let done = 0;
      try {
        const { lessons, use } = await this.#read(owner, await inContext(db, owner, known, turns));
        done = await this.#store(owner, lessons, use);
      } finally {
        // What was learned from is given back to nobody.
        await releaseTurns(db, owner, this.#task.taskId, turns).catch((error: unknown) =>
          // They wait until their lease ends; what failed before is what the task ends with.
          this.#services.log.warn({ err: error }, 'turns to learn from were not given back'),
        );
      }
      if (done === 0) break;
      await this.#rest.take();
    }
    await endRun(db, owner, this.#task.taskId);
    return !(await isWaiting(db, owner));
  }

  /** What turns say by the rules, and by the model where one is configured. */
  async #read(owner: Owner, turns: readonly TurnInContext[]) {
    const { extract, learner } = this.#extractors;
    const lessons = await lessonsOf(extract, turns, this.#services.log);
    if (!learner) return { lessons, use: null };
    return learner.model.teach(owner, lessons, this.#task.signal);
  }

  /** Some lessons in each transaction. @returns how many turns were learned from */
  async #store(owner: Owner, lessons: readonly Lesson[], use: ModelUse | null): Promise<number> {
    let done = 0;
    let told = use;
    for (let start = 0; start < lessons.length; ) {
      const some = lessons.slice(start, start + countAtOnce(lessons, start));
      const learned = await this.#commit(owner, some, told);
      if (learned.turns > 0) told = null;
      this.learned = sumOf(this.learned, learned);
      this.#task.progress(this.learned.turns, null, null);
      done += learned.turns;
      // Somebody is changing one of them, or has deleted it: the rest is taken anew.
      if (learned.turns < some.length) break;
      start += some.length;
    }
    return done;
  }

  /** What the database refuses, goes alone; a turn that it refuses alone is noted as one that says nothing. */
  async #commit(owner: Owner, lessons: readonly Lesson[], use: ModelUse | null): Promise<Learned> {
    const { taskId } = this.#task;
    try {
      return await retried(() =>
        this.#task.write((client) => commitLessons(client, owner, taskId, lessons, use)),
      );
    } catch (error) {
      const [lesson] = lessons;
      if (!lesson || judgeDatabaseError(error) !== 'refused') throw error;
      if (lessons.length > 1) return this.#commit(owner, [lesson], use);
      this.#services.log.error(
        { err: error, turnId: lesson.turn.turnId },
        'the facts of a turn cannot be stored',
      );
      const refused = [{ field: null, reason: 'it could not be stored', count: lesson.found.length }];
      const empty = { ...lesson, found: [], forgotten: [], refused };
      return this.#task.write((client) => commitLessons(client, owner, taskId, [empty], use));
    }
  }
}

/** How many lessons go into one transaction; one at the least. */
function countAtOnce(lessons: readonly Lesson[], start: number): number {
  let statements = 0;
  let count = 0;
  for (const { found } of lessons.slice(start)) {
    statements += found.length;
    if (count > 0 && statements > STATEMENTS_AT_ONCE) break;
    count++;
  }
  return count;
}
