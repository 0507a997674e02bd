import type { Owner } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import type { Availability } from '../../db/availability.ts';
import { Patience } from '../../db/patience.ts';
import { InteractionDeleted } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { ModelRouter } from '../../models/router.ts';
import type { CharacterDirectory } from '../characters/directory.ts';
import { deletionsAmong } from '../conversations/marks.ts';
import { type Durability, notCommitted } from '../interactions/acknowledgement.ts';
import { deletedSince } from '../interactions/deleted.ts';
import { interactionsByTurnId, type TurnColumns } from '../interactions/reads.ts';
import { rowOf } from '../interactions/rows.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import type { Turn } from '../interactions/turn.ts';
import type { MemoryHit } from '../memory/hits.ts';
import type { MemoryServices } from '../memory/memory.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { TaskServices } from '../tasks/tasks.ts';
import type { TenantBook } from '../tenants/book.ts';
import type { Quotas } from '../tenants/quotas.ts';
import { recalled } from '../utterances/recalled.ts';
import { type AcceptedQuery, accept, type ProcessQueryInput } from './accepted.ts';
import { answerQuery, type QueryAnswer } from './answer.ts';
import type { PricedModels } from './cost.ts';
import { type GatheredContext, gatherContext } from './gather.ts';
import { sameQuery, wholeMemories } from './replays.ts';
import type { RunningQueries } from './running.ts';
import { answered, unanswered } from './turn.ts';
import type { IntentModel } from './unsure.ts';

export interface ProcessedQuery {
  readonly interaction: InteractionRow;
  readonly durability: Durability;
  /** The turn had been stored by an earlier attempt with the same idempotency key. */
  readonly replayed: boolean;
  /** What went into the answer; empty for a replay. */
  readonly memories: readonly MemoryHit[];
  /** A part of what is remembered could not be read in time, so that the answer may lack it. */
  readonly degraded: boolean;
}

/** Told of each step as it happens. What it throws is not caught. */
export interface QueryObserver {
  accepted?(query: { turnId: string; conversationId: string }): void;
  intent?(classification: GatheredContext['classification']): void;
  /** @param degraded as of `ProcessedQuery` */
  memories?(memories: readonly MemoryHit[], degraded: boolean): void;
  delta?(text: string): void;
  /** The text sent so far is void: another model starts over. */
  restart?(): void;
  /** What of memories is shown to whoever asked; absent: whole turns. */
  readonly memoryColumns?: TurnColumns;
  /** Aborted when whoever asked has left: it ends the answer that is made for them, not one that another request makes. Absent: it is finished. */
  readonly left?: AbortSignal;
}

/** Makes the answer of what was gathered. What it throws leaves the query stored and interrupted. */
export type Answerer = (
  services: PatientServices,
  query: AcceptedQuery,
  gathered: GatheredContext,
  asked: { observer: QueryObserver; signal: AbortSignal },
) => Promise<QueryAnswer>;

/** Who waits for an answer, when nobody does any more, and who makes it. */
interface Caller {
  readonly observer: QueryObserver;
  readonly signal: AbortSignal;
  readonly answer: Answerer;
}

/** A query with a key that is being answered. */
interface Answering {
  readonly processed: Promise<ProcessedQuery>;
  /** What is read of its memories. */
  readonly columns: TurnColumns;
}

export interface QueryServices extends MemoryServices {
  readonly availability: Availability;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'usage'>;
  readonly models: ModelRouter;
  readonly intents: IntentModel | null;
  readonly characters: CharacterDirectory;
  readonly inFlight: Map<string, Answering>;
  readonly running: RunningQueries;
  readonly quotas: Pick<Quotas, 'takeTurns' | 'checkModels'>;
  readonly tenants: Pick<TenantBook, 'of'>;
  readonly tasks: TaskServices['tasks'];
  readonly events: TaskServices['events'];
  readonly config: MemoryServices['config'] & {
    readonly maxContextMessages: number;
    readonly contextTokenBudget: number;
    readonly ackPolicy: 'journal' | 'strict';
    readonly languageModels: PricedModels | null;
    readonly comfyUi: Config['comfyUi'];
  };
}

/** What one query is answered with. */
export type PatientServices = Omit<QueryServices, 'availability'> & { readonly availability: Patience };

/**
 * Answers a query in context and stores the turn: the main job.
 *
 * All that is looked up on the way, and the commit, share the time that an acknowledgement waits for the database: a
 * database that answers and is slow, locked or full costs no more than that.
 *
 * The turn is stored whether or not the caller still listens; an attempt with an idempotency key that is already
 * known returns the stored turn instead of a second one.
 *
 * @param answer who makes the answer, where it is not the server in its own words
 * @throws InvalidInput, IdempotencyKeyReused, InteractionDeleted, QuotaExceeded
 */
export async function processQuery(
  server: QueryServices,
  owner: Owner,
  given: ProcessQueryInput,
  observer: QueryObserver = {},
  answer: Answerer = answerQuery,
): Promise<ProcessedQuery> {
  const services = patient(server);
  const accepted = await accept(services, owner, given);
  const { turnId, conversationId, idempotencyKey } = accepted;
  observer.accepted?.({ turnId, conversationId });
  // Nothing may be awaited from here to the entries of what runs: whoever was told of the turn may cancel it at
  // once, and retries that run beside each other would all ask a model.
  const run = (work: typeof recallOrAnswer) =>
    services.running.run(
      accepted,
      (signal) => work(services, accepted, { observer, signal, answer }),
      observer.left,
    );
  if (!idempotencyKey) return run(answerAndStore);

  const running = services.inFlight.get(turnId);
  if (running) {
    const processed = sameQuery({ ...(await running.processed), replayed: true }, accepted);
    // Who waits for another request may show more of its memories than that one.
    const isEnough = observer.memoryColumns === 'said' || running.columns === 'all';
    return isEnough
      ? processed
      : { ...processed, memories: await wholeMemories(services, owner, processed.memories) };
  }
  const processed = run(recallOrAnswer);
  services.inFlight.set(turnId, { processed, columns: observer.memoryColumns ?? 'all' });
  try {
    return sameQuery(await processed, accepted);
  } finally {
    services.inFlight.delete(turnId);
  }
}

/** The same services, for work that shares the time which an acknowledgement waits for the database. */
export function patient(server: QueryServices): PatientServices {
  // One copy: there are so many of them that each takes as much memory as a page of text.
  return { ...server, availability: new Patience(server.availability, server.store.lookUpMs) };
}

async function recallOrAnswer(
  services: PatientServices,
  query: AcceptedQuery,
  caller: Caller,
): Promise<ProcessedQuery> {
  const { db, store, availability } = services;
  const replay = { replayed: true, memories: [], degraded: false };
  const waiting = store.pending.byTurnId(query.owner, query.turnId);
  if (waiting && waiting.status !== 'INTERRUPTED') {
    if (services.config.ackPolicy === 'strict') throw notCommitted();
    return { ...replay, interaction: waiting, durability: 'JOURNALED' };
  }
  const look = () => interactionsByTurnId(db, query.owner, [query.turnId]);
  // Worth waiting for: a turn that is answered twice keeps its first answer, and this caller would hear the second.
  const looked = waiting ? [waiting] : await availability.tolerate(look, null, Number.POSITIVE_INFINITY);
  const remembered = looked === null ? store.answers.find(query.owner, query.turnId) : null;
  // Another server may have deleted it a moment ago.
  const known = remembered ? [remembered] : [];
  const forgotten = await availability.tolerate(() => deletedSince(db.pool, known), new Set<string>());
  if (remembered && !forgotten.has(query.turnId))
    return { ...replay, interaction: rowOf(remembered), durability: 'COMMITTED' };
  const [stored] = looked ?? [null];
  // An interrupted turn gets its answer now.
  if (stored && stored.status !== 'INTERRUPTED')
    return { ...replay, interaction: stored, durability: 'COMMITTED' };
  if (stored) sameQuery({ ...replay, interaction: stored, durability: 'COMMITTED' }, query);
  // Before a model is asked for nothing; the transaction that stores the turn checks again.
  const deleted = await availability.tolerate(
    () => deletionsAmong(db.pool, query.owner, stored ? [] : [query.turnId]),
    new Map(),
  );
  if (deleted.size > 0) throw new InteractionDeleted('idempotencyKey', [query.turnId]);
  return answerAndStore(services, query, caller, stored !== null && stored !== undefined);
}

/**
 * The query is on disk before anybody is told what was found for it, or a model is asked; the turn before anybody is told of it. What
 * belongs to the query is read while it is written.
 */
async function answerAndStore(
  services: PatientServices,
  query: AcceptedQuery,
  { observer, signal, answer: makeAnswer }: Caller,
  isStored = false,
): Promise<ProcessedQuery> {
  const { store, availability } = services;
  const taken = await takeQuota(services, query, isStored);
  const started = performance.now();
  const draft = unanswered(query);
  const accepting = store.accept(draft);
  const gathering = gatherContext(services, query, {
    profileAnswers: makeAnswer === answerQuery,
    columns: observer.memoryColumns,
  });
  // Where the query cannot be written, nobody waits for what was read.
  gathering.catch(() => undefined);
  const journaled = await accepting.catch((error: unknown) => {
    taken.giveBack();
    throw error;
  });
  const accepted = performance.now();
  try {
    const gathered = await gathering;
    observer.intent?.(gathered.classification);
    observer.memories?.(gathered.memories, gathered.degraded);
    const answering = performance.now();
    const answer = await makeAnswer(services, query, gathered, { observer, signal });
    const ended = performance.now();
    services.metrics.usage.countAnswer(answer.memories.length, gathered.degraded);
    const turn: Turn = {
      ...draft,
      ...answered(query, answer),
      processingTimeMs: ended - started,
      stepTimings: {
        accept: accepted - started,
        ...gathered.timings,
        answer: ended - answering,
        ...(answer.waitedMs !== undefined && { queue: answer.waitedMs }),
        total: ended - started,
      },
    };
    const characterIds = await charactersOf(services, turn, gathered);
    const saved = await store.save(
      [{ ...turn, characterIds }],
      journaled,
      performance.now() - availability.spentMs,
    );
    const [applied] = saved.turns;
    if (!applied) throw new Error('the store returned no turn');
    return {
      interaction: applied.row,
      durability: saved.durability,
      replayed: applied.replayed,
      memories: answer.memories,
      degraded: gathered.degraded,
    };
  } catch (error) {
    await store
      .abandon(journaled)
      .catch((problem: unknown) =>
        services.log.error({ err: problem }, 'a query stays unanswered in the journal'),
      );
    throw error;
  } finally {
    taken.settle();
  }
}

/** @param isStored it was accepted before, and gets its answer now @throws QuotaExceeded */
async function takeQuota({ quotas, config }: PatientServices, query: AcceptedQuery, isStored: boolean) {
  return quotas.takeTurns({
    tenantId: query.owner.tenantId,
    field: 'query',
    turnIds: [query.turnId],
    bytes: () => Buffer.byteLength(query.query),
    fresh: async () => (isStored ? [] : [query.turnId]),
    asksModels: config.languageModels !== null,
  });
}

/** Those that the query names, then those that only its answer does; what the server quotes is named where it was said. */
async function charactersOf(
  { characters, availability }: PatientServices,
  turn: Turn,
  gathered: GatheredContext,
): Promise<number[]> {
  const asked = gathered.characters.map(({ id }) => id);
  const { response } = recalled(turn);
  if (response === '') return asked;
  const look = () => characters.mentionedInTurns(turn, [{ query: '', response }]);
  return [...new Set([...asked, ...(await availability.tolerate(look, [])).flat()])];
}
