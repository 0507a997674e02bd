import type { Database } from '../../db/client.ts';
import { judgeDatabaseError } from '../../db/meaning.ts';
import { createPause } from '../../ground/pause.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { Logger } from '../../log.ts';
import type { VectorStore } from '../../vectors/vector-store.ts';
import { isOutage } from './batch.ts';
import { CatchingUp } from './catching-up.ts';
import { checkPoints, checkTurns, type Finding, NO_FINDINGS } from './reconcile-pages.ts';

export interface ReconcilerOptions {
  readonly db: Database;
  /** Opened for the embedder's model. */
  readonly store: VectorStore;
  readonly log: Logger;
  readonly keepers: Keepers;
  /** Where servers do not share their vectors: makes those of turns that another server has embedded. */
  readonly copy?: ((turnIds: readonly string[]) => Promise<number>) | undefined;
  /** Told of each page with findings; a good place to wake the vector worker. */
  readonly onFinding?: (found: Finding) => void;
  /** Told of each whole pass. */
  readonly onPass?: (found: Finding) => void;
  readonly pageSize?: number;
  /** Between two pages; longer where a page takes long. */
  readonly pauseMs?: number;
  /** Between two passes. */
  readonly restMs?: number;
}

export interface ReconcilerStats extends Finding {
  readonly running: boolean;
  /** Whole passes over both sides since the start of this process. */
  readonly passes: number;
  readonly lastPassAt: Date | null;
  readonly lastPassMs: number | null;
  /** What the last whole pass found; null before its end. */
  readonly lastPass: Finding | null;
  /** Turns whose vectors are still those of an earlier model, as of the last whole pass. */
  readonly awaitingModel: number | null;
  /** Why nothing can be compared at present; null while it can. */
  readonly trouble: string | null;
  /** Whether this server lacks vectors that others have, and makes them. */
  readonly isCatchingUp: boolean;
}

export interface Reconciler {
  start(): void;
  /** Finishes its page and ends. */
  stop(): Promise<void>;
  /** Starts the next pass now. */
  wake(): void;
  /** One whole pass over both sides, without pauses. @returns what was found */
  runOnce(): Promise<Finding>;
  /** Removes the points of turns that were just deleted. What fails here is found as an orphan later. */
  forget(turnIds: readonly string[]): Promise<void>;
  stats(): ReconcilerStats;
}

const PAGE_SIZE = 500;
const PAUSE_MS = 100;
const REST_MS = 5_000;
const RETRY_MS = 2_000;
/** After a finding there are often more: for this many pages there is hardly a pause. */
const HURRIED_PAGES = 20;
const HURRIED_PAUSE_MS = 5;
/** A pause is at least so many times what the page took, so that a pass takes a fifth of the machine at most. */
const PAUSE_PER_WORK = 4;
/** While vectors are made that others have, half of it: searches do without them, and health says so. */
const PAUSE_PER_COPYING = 1;

/**
 * Compares turns and points for ever, page by page from both sides, and repairs what differs: turns whose point is
 * missing, stale or somebody else's are queued to be embedded again, points without a turn are deleted. When no turn
 * is left with a vector of an earlier model, that model's vectors are dropped.
 */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { store, log } = options;
  const pause = createPause();
  const total = { ...NO_FINDINGS };
  let state: Pick<ReconcilerStats, 'passes' | 'lastPassAt' | 'lastPassMs' | 'lastPass' | 'awaitingModel'> = {
    passes: 0,
    lastPassAt: null,
    lastPassMs: null,
    lastPass: null,
    awaitingModel: null,
  };
  let started = false;
  let stopping = false;
  let trouble: string | null = null;
  const catchingUp = new CatchingUp();

  const report = (found: Finding) => {
    add(total, found);
    if (hasAny(found)) options.onFinding?.(found);
  };
  const pass = async (between: (page: PageDone) => Promise<void>): Promise<Finding> => {
    const started = performance.now();
    const sum = { ...NO_FINDINGS };
    catchingUp.begin();
    const done = async (page: PageDone) => {
      catchingUp.note({ checked: page.checked, copied: page.found.copied });
      report(page.found);
      add(sum, page.found);
      await between(page);
    };
    const awaitingModel = await passOver(options, done, () => stopping);
    const { orphan: _orphan, repaired: _repaired, copied: _copied, ...others } = sum;
    if (Object.values(others).some((count) => count > 0))
      log.warn(sum, 'vectors and turns differed; repaired');
    // A turn that another server deleted leaves its vector in this one's own store; no search shows it.
    else if (hasAny(sum)) log.info(sum, 'vectors of turns that are gone were removed');
    if (stopping) return sum;
    options.onPass?.(sum);
    state = {
      passes: state.passes + 1,
      lastPassAt: new Date(),
      lastPassMs: performance.now() - started,
      lastPass: sum,
      awaitingModel,
    };
    if (awaitingModel === 0 && sum.missing + sum.stale + sum.wrongOwner === 0) await dropEarlier(store, log);
    return sum;
  };
  const pace = createPace(options.pauseMs ?? PAUSE_MS, (ms) => pause.wait(ms));
  const round = async () => {
    try {
      await pass(pace);
      trouble = null;
    } catch (error) {
      const isAway = isOutage(error) || judgeDatabaseError(error) === 'unavailable';
      // The worker and the pool tell of an outage; here one line is enough.
      if (isAway && trouble === null) log.warn({ err: error }, 'the comparison of vectors and turns waits');
      trouble = (error as Error).message;
      if (!isAway) throw error;
    }
  };
  const keeper = options.keepers.create({
    name: 'vector comparison',
    everyMs: () => (trouble === null ? (options.restMs ?? REST_MS) : RETRY_MS),
    ...{ retryMs: RETRY_MS, round },
  });
  return {
    start: () => {
      started = true;
      keeper.wake();
      keeper.start();
    },
    stop: async () => {
      stopping = true;
      pause.end();
      await keeper.stop();
    },
    wake: () => keeper.wake(),
    runOnce: () => pass(async () => undefined),
    forget: async (turnIds) => {
      await store.remove(turnIds).catch((error) => {
        if (!isOutage(error)) throw error;
      });
    },
    stats: () => ({
      ...{ running: started && !stopping, ...total, ...state, trouble },
      isCatchingUp: catchingUp.isBehind,
    }),
  };
}

interface PageDone {
  /** Turns; points of a page of points are none. */
  readonly checked: number;
  readonly found: Finding;
  readonly tookMs: number;
}

/** One pass: all turns, then all points. @returns the turns whose vectors are those of an earlier model */
async function passOver(
  options: ReconcilerOptions,
  done: (page: PageDone) => Promise<void>,
  stopped: () => boolean,
): Promise<number> {
  const pageSize = options.pageSize ?? PAGE_SIZE;
  let awaitingModel = 0;
  for (let after: number | null = 0; after !== null && !stopped(); ) {
    const started = performance.now();
    const page = await checkTurns(options, after, pageSize);
    awaitingModel += page.awaitingModel;
    after = page.next;
    await done({ checked: page.checked, found: page.found, tookMs: performance.now() - started });
  }
  for (let more = true, after: string | null = null; more && !stopped(); ) {
    const started = performance.now();
    const page: { next: string | null; found: Finding } = await checkPoints(options, after, pageSize);
    after = page.next;
    more = after !== null;
    await done({ checked: 0, found: page.found, tookMs: performance.now() - started });
  }
  return awaitingModel;
}

function createPace(pauseMs: number, wait: (ms: number) => Promise<void>) {
  let hurried = 0;
  return async ({ found, tookMs }: PageDone) => {
    hurried = found.repaired > 0 ? HURRIED_PAGES : Math.max(0, hurried - 1);
    const perWork = found.copied > 0 ? PAUSE_PER_COPYING : PAUSE_PER_WORK;
    await wait(hurried > 0 ? HURRIED_PAUSE_MS : Math.max(pauseMs, tookMs * perWork));
  };
}

async function dropEarlier(store: VectorStore, log: Logger): Promise<void> {
  for (const model of await store.earlierModels()) {
    await store.dropModel(model);
    log.info({ model: model.name, dimensions: model.dimensions }, 'vectors of an earlier model were dropped');
  }
}

function hasAny({ missing, stale, orphan, wrongOwner }: Finding): boolean {
  return missing + stale + orphan + wrongOwner > 0;
}

function add(sum: { -readonly [Key in keyof Finding]: number }, found: Finding): void {
  for (const key of Object.keys(sum) as (keyof Finding)[]) sum[key] += found[key];
}
