import { z } from 'zod';
import { currentActor } from '../../access/caller.ts';
import type { Owner, Scope } from '../../access/principals.ts';
import type { Tolerance } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { Patience } from '../../db/patience.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { IdempotencyKeyReused, InteractionDeleted, InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import type { CharacterDirectory } from '../characters/directory.ts';
import { deletionsAmong } from '../conversations/marks.ts';
import type { Quotas } from '../tenants/quotas.ts';
import type { SavedTurns } from './acknowledgement.ts';
import { interactionsByTurnId } from './reads.ts';
import { TURN_SAID } from './shape.ts';
import type { TurnStore } from './store.ts';
import { type InteractionRow, interactions } from './tables.ts';
import { newTurn, payloadHashOf, type Turn, timeOrderedUuid, turnIdOf } from './turn.ts';

export const MAX_TURNS_PER_CALL = 500;

const RecordedTurn = z.object(TURN_SAID);

const RecordTurns = z.object({
  conversationId: input.conversationId,
  title: input.conversationTitle.nullish(),
  turns: z
    .array(RecordedTurn)
    .min(1, { error: 'must have at least 1 entry' })
    .max(MAX_TURNS_PER_CALL, { error: `must have at most ${MAX_TURNS_PER_CALL} entries` }),
});

export interface RecordServices {
  readonly store: TurnStore;
  readonly db: Database;
  readonly availability: Tolerance;
  /** Says which characters turns mention. */
  readonly characters: Pick<CharacterDirectory, 'mentionedInTurns'>;
  readonly quotas: Pick<Quotas, 'takeTurns'>;
  /** Refuses turns that must not come back. @throws InvalidInput */
  readonly tombstones: { check(owner: Owner, at: Date, field: string, named: boolean): void };
}

export type RecordTurnsInput = z.input<typeof RecordTurns>;

export interface RecordedTurns extends SavedTurns {
  /** Of turns that the journal keeps: how many may have been stored before, because the database did not tell in time. */
  readonly uncertain: number;
}

/**
 * Stores turns that another assistant produced: 1 to 500 of one conversation, in the order given, all or nothing.
 *
 * @throws InvalidInput, IdempotencyKeyReused, InteractionDeleted, QuotaExceeded
 */
export async function recordTurns(
  services: RecordServices,
  owner: Owner,
  given: RecordTurnsInput,
): Promise<RecordedTurns> {
  const { conversationId, title = null, turns } = input.parseInput(RecordTurns, given);
  const began = performance.now();
  const now = new Date();
  for (const [index, { timestamp, idempotencyKey }] of turns.entries())
    services.tombstones.check(owner, timestamp ?? now, `turns.${index}.timestamp`, idempotencyKey != null);
  const accepted = turns.map((turn) => ({ ...toTurn(owner, conversationId, turn, now), title }));
  // What is looked up and the commit share the time within which the caller hears that the turns are kept.
  const availability = new Patience(services.availability, services.store.lookUpMs);
  const known = await refuseKnownConflicts({ db: services.db, availability }, owner, accepted);
  const taken = await services.quotas.takeTurns({
    tenantId: owner.tenantId,
    field: 'turns',
    turnIds: accepted.map(({ turnId }) => turnId),
    bytes: () => Buffer.byteLength(JSON.stringify(accepted)),
    fresh: async () => freshAmong(services.store, owner, accepted, known),
  });
  const stored = async () => {
    const mentioned = await availability.tolerate(
      () => services.characters.mentionedInTurns(owner, accepted),
      [],
    );
    const found = accepted.map((turn, index) => ({ ...turn, characterIds: mentioned[index] ?? [] }));
    return services.store.save(found, undefined, began);
  };
  const saved = await stored().catch((error: unknown) => {
    taken.giveBack();
    throw error instanceof InteractionDeleted ? deletedAmong(accepted, new Set(error.turnIds)) : error;
  });
  taken.settle();
  // The journal cannot tell what the database has; where that was seen before, it is told all the same.
  if (saved.durability === 'COMMITTED') return { ...saved, uncertain: 0 };
  return {
    ...saved,
    turns: saved.turns.map((turn) => ({ ...turn, replayed: known?.has(turn.row.turnId) ?? false })),
    uncertain: known ? 0 : accepted.filter((turn) => turn.idempotencyKey !== null).length,
  };
}

/** Ids of turns that were not accepted before; nobody knows of any while the database is away. */
function freshAmong(
  { pending }: Pick<TurnStore, 'pending'>,
  owner: Owner,
  turns: readonly Turn[],
  known: ReadonlySet<string> | null,
): string[] {
  return turns
    .filter(({ turnId }) => known && !known.has(turnId) && !pending.byTurnId(owner, turnId))
    .map(({ turnId }) => turnId);
}

function deletedAmong(turns: readonly Turn[], deleted: ReadonlySet<string>): InteractionDeleted {
  const positions = [...turns.keys()].filter((position) => deleted.has(turns[position]?.turnId ?? ''));
  return new InteractionDeleted(`turns.${positions[0]}.idempotencyKey`, [...deleted], positions);
}

/**
 * Refuses what the database is known to refuse before the journal takes it. Nothing is decided here: the
 * transaction that stores the turns checks again.
 *
 * @returns ids of those that are stored already; null: the database did not tell in time
 */
async function refuseKnownConflicts(
  services: { db: Database; availability: Tolerance },
  owner: Owner,
  turns: readonly Turn[],
): Promise<ReadonlySet<string> | null> {
  const { db, availability } = services;
  const keyed = turns.filter((turn) => turn.idempotencyKey !== null);
  if (keyed.length === 0) return new Set();
  const stored = await availability.tolerate(
    () =>
      interactionsByTurnId(
        db,
        owner,
        keyed.map((turn) => turn.turnId),
      ),
    null,
  );
  const unknown = keyed.filter((_turn, index) => !stored?.[index]).map(({ turnId }) => turnId);
  const deleted = await availability.tolerate(() => deletionsAmong(db.pool, owner, unknown), new Map());
  if (deleted.size > 0) throw deletedAmong(turns, new Set(deleted.keys()));
  const known = new Map(
    (stored ?? []).flatMap((row) => (row ? [[row.turnId, row.payloadHash.toString('hex')]] : [])),
  );
  const storedIds = stored && new Set(known.keys());
  const reused: number[] = [];
  for (const [position, { turnId, payloadHash, idempotencyKey }] of turns.entries()) {
    if (idempotencyKey === null) continue;
    if ((known.get(turnId) ?? payloadHash) !== payloadHash) reused.push(position);
    // Of those that are new, the first one has the key.
    else known.set(turnId, payloadHash);
  }
  if (reused.length === 0) return storedIds;
  const turnIds = reused.flatMap((position) => turns[position]?.turnId ?? []);
  throw new IdempotencyKeyReused('idempotencyKey', turnIds, reused);
}

const Rating = z.object({
  turnId: z.guid({ error: 'must be the turnId of an interaction' }),
  rating: z.number().min(-1, { error: 'must be from -1 to 1' }).max(1, { error: 'must be from -1 to 1' }),
  comment: input.text(500, 0).nullish(),
});

/**
 * Sets what the user thought of an answer; a later rating replaces an earlier one.
 *
 * @throws InvalidInput, NotFound
 */
export async function rateInteraction(
  services: { db: Database; metrics: { usage: { countRating(rating: number): void } } },
  scope: Scope,
  given: z.input<typeof Rating>,
): Promise<InteractionRow> {
  const { turnId, rating, comment } = input.parseInput(Rating, given);
  const result = await services.db.transaction((client) =>
    client.query<RawRow>({
      name: 'rate_interaction',
      text: `update echo_unified_interactions set rating = $1, rating_comment = $2
           where turn_id = $3 and tenant_id = $4 and ($5::text is null or user_id = $5) returning *`,
      values: [rating, comment ?? null, turnId, scope.tenantId, scope.userId],
    }),
  );
  if (!result.rows[0]) throw new NotFound('turnId', 'there is no such interaction');
  services.metrics.usage.countRating(rating);
  return mapRow(interactions, result.rows[0]);
}

function toTurn(owner: Owner, conversationId: string, given: z.output<typeof RecordedTurn>, now: Date): Turn {
  const { timestamp, idempotencyKey = null, ...content } = given;
  return newTurn({
    ...owner,
    turnId: idempotencyKey ? turnIdOf(owner, conversationId, idempotencyKey) : timeOrderedUuid(now),
    conversationId,
    ...saidOf(content),
    query: content.query,
    modelUsed: content.modelUsed || 'external',
    timestamp: (timestamp ?? now).toISOString(),
    acceptedAt: now.toISOString(),
    status: content.response ? 'ANSWERED' : 'RECORDED',
    idempotencyKey,
    payloadHash: payloadHashOf({ ...content, timestamp: timestamp?.toISOString() }),
    actor: currentActor(),
  });
}

type Said<T> = { readonly [K in keyof T]?: NonNullable<T[K]> };

/** What was said; an empty text says nothing. */
function saidOf<T extends object>(content: T): Said<T> {
  const said = Object.entries(content).filter(([, value]) => value != null && value !== '');
  return Object.fromEntries(said) as Said<T>;
}

/** @throws InvalidInput if the text is no UUID, so that no statement is run for it */
export function parseTurnId(turnId: string, field = 'turnId'): string {
  const parsed = z.guid().safeParse(turnId);
  if (!parsed.success) throw new InvalidInput(field, 'must be the turnId of an interaction');
  return parsed.data.toLowerCase();
}
