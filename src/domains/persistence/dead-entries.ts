import { type Owner, type Principal, requirePermission } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { turnIdsIn } from '../../journal/entry.ts';
import type { DeadEntry, Journal } from '../../journal/journal.ts';
import { deletedSince } from '../interactions/deleted.ts';
import { deadEntries, TURNS, turnsOf } from '../interactions/entries.ts';
import type { Retried } from '../interactions/set-apart.ts';
import type { TurnStore } from '../interactions/store.ts';

export interface DeadServices {
  readonly db: Database;
  readonly journal: Pick<Journal, 'dead' | 'write' | 'prune'>;
  readonly store: Pick<TurnStore, 'retry'>;
  readonly tombstones: { forbids(owner: Owner, at: Date): boolean };
}

/**
 * Which entries somebody sees: those of a tenant; or of everybody (null), with those of which nobody can say any more whose they
 * are. That is for the operator, whose the disk is.
 */
export type DeadScope = { readonly tenantId: string } | null;

/** An entry of the journal that was set apart, without what was said. */
export interface DeadTurns {
  readonly seq: number;
  readonly reason: string;
  readonly isDamaged: boolean;
  readonly setApartAt: Date;
  readonly acceptedAt: Date;
  readonly discardedAt: Date | null;
  /** Null: the entry is damaged, and nobody knows. */
  readonly owner: Owner | null;
  readonly conversationId: string | null;
  readonly turnIds: readonly string[];
  readonly bytes: number;
}

/** What was said in a turn that is set apart. */
export interface DeadTurn {
  readonly turnId: string;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly query: string;
  readonly response: string;
}

/** What became of an entry that was tried again. */
export type RetriedEntry = Retried;

/** Days that a discarded entry is kept, in case somebody thinks better of it. */
export const DISCARDED_DAYS = 30;
const DAY_MS = 86_400_000;
/** Discarded entries that are deleted at once. */
const PRUNED_AT_ONCE = 500;
const LARGEST_SEQ = 2_147_483_647;

/** Only an admin sees what was set apart of a tenant. @throws Forbidden */
export function deadScopeOf(principal: Principal): DeadScope {
  requireAdmin(principal);
  return { tenantId: principal.tenantId };
}

/** What was set apart in this server's journal and is still there, oldest first. */
export async function listDeadEntries(
  { journal }: Pick<DeadServices, 'journal'>,
  scope: DeadScope,
): Promise<DeadTurns[]> {
  const found: DeadTurns[] = [];
  for await (const entry of deadEntries(journal)) {
    const told = toldOf(entry);
    if (isIn(scope, told)) found.push(told);
  }
  return found;
}

/** One entry, without what was said. @throws NotFound, InvalidInput */
export async function findDeadEntry(
  services: Pick<DeadServices, 'journal'>,
  scope: DeadScope,
  seq: number,
): Promise<DeadTurns> {
  return toldOf(await lookUp(services, scope, seq));
}

/**
 * What was said in an entry; that somebody read it is in the audit log. Of a damaged one nothing: nobody knows what it said.
 *
 * @throws NotFound, InvalidInput; Forbidden without the permission to read turns
 */
export async function readDeadEntry(
  services: Pick<DeadServices, 'journal' | 'db'>,
  scope: DeadScope,
  principal: Principal,
  seq: number,
): Promise<readonly DeadTurn[]> {
  requirePermission(principal, 'READ');
  const entry = await lookUp(services, scope, seq);
  const turns = turnsOf(entry);
  if (turns.length > 0) await audit(services.db, entry, 'journal.read');
  return turns.map(({ turnId, timestamp, query, response }) => ({ turnId, timestamp, query, response }));
}

/**
 * Lets an entry wait for the database again, in the place that it had. Stored turns are there once, however often they were tried
 * or sent again meanwhile; what is refused again is set apart again, with the newer reason, and nobody has discarded it.
 *
 * @throws NotFound; InvalidInput for what can never be stored; IdempotencyKeyReused, ServiceUnavailable
 */
export async function retryDeadEntry(
  services: DeadServices,
  scope: DeadScope,
  seq: number,
): Promise<RetriedEntry> {
  const { db, store, tombstones } = services;
  const entry = await lookUp(services, scope, seq);
  if (entry.isDamaged)
    throw new InvalidInput(
      'seq',
      `entry ${seq} is damaged: what it says is not what was accepted, so it cannot be stored; let the client send its turns again`,
    );
  if (entry.kind !== TURNS) throw new InvalidInput('seq', `entry ${seq} holds no turns that could be stored`);
  const turns = turnsOf(entry);
  const [first] = turns;
  if (first && tombstones.forbids(first, new Date(entry.acceptedAt)))
    throw new InvalidInput(
      'seq',
      `the user of entry ${seq} was erased after it was accepted; it stays unstored`,
    );
  const deleted = await deletedSince(db.pool, turns);
  if (turns.every(({ turnId }) => deleted.has(turnId)))
    throw new InvalidInput(
      'seq',
      `what entry ${seq} holds was deleted after it was accepted; it stays unstored`,
    );
  await audit(db, entry, 'journal.retry');
  const retried = await store.retry(entry);
  if (!retried) throw noSuch(seq);
  return retried;
}

/**
 * Gives an entry up: it raises no alert any more, and retention deletes it after `DISCARDED_DAYS`. Until then it can be tried again.
 *
 * @throws NotFound; InvalidInput if it was discarded before
 */
export async function discardDeadEntry(
  services: Pick<DeadServices, 'journal' | 'db'>,
  scope: DeadScope,
  seq: number,
): Promise<DeadTurns> {
  const entry = await lookUp(services, scope, seq);
  if (entry.discardedAt !== null)
    throw new InvalidInput(
      'seq',
      `entry ${seq} was discarded before, at ${new Date(entry.discardedAt).toISOString()}`,
    );
  await audit(services.db, entry, 'journal.discard');
  await services.journal.write({ discard: [seq] });
  return findDeadEntry(services, scope, seq);
}

/** Deletes some entries that were discarded long enough ago; never one that nobody discarded. @returns how many */
export async function pruneDeadEntries(
  { journal }: Pick<DeadServices, 'journal'>,
  dryRun: boolean,
): Promise<{ rows: number; isLast: boolean }> {
  const before = Date.now() - DISCARDED_DAYS * DAY_MS;
  const rows = await journal.prune(before, { limit: PRUNED_AT_ONCE, dryRun });
  return { rows, isLast: dryRun || rows < PRUNED_AT_ONCE };
}

function toldOf(entry: DeadEntry): DeadTurns {
  const { seq, reason, isDamaged, buriedAt, acceptedAt, discardedAt, body } = entry;
  const turns = turnsOf(entry);
  const [first] = turns;
  return {
    ...{ seq, reason, isDamaged, bytes: Buffer.byteLength(body) },
    setApartAt: new Date(buriedAt),
    acceptedAt: new Date(acceptedAt),
    discardedAt: discardedAt === null ? null : new Date(discardedAt),
    owner: first ? { tenantId: first.tenantId, userId: first.userId } : null,
    conversationId: first?.conversationId ?? null,
    turnIds: first ? turns.map(({ turnId }) => turnId) : turnIdsIn(body),
  };
}

function isIn(scope: DeadScope, { owner }: Pick<DeadTurns, 'owner'>): boolean {
  return scope === null || owner?.tenantId === scope.tenantId;
}

async function lookUp(
  { journal }: Pick<DeadServices, 'journal'>,
  scope: DeadScope,
  seq: number,
): Promise<DeadEntry> {
  if (!Number.isInteger(seq) || seq < 1 || seq > LARGEST_SEQ)
    throw new InvalidInput('seq', `must be a whole number from 1 to ${LARGEST_SEQ}`);
  const [entry] = await journal.dead(seq - 1, 1);
  if (entry?.seq !== seq || !isIn(scope, toldOf(entry))) throw noSuch(seq);
  return entry;
}

function noSuch(seq: number): NotFound {
  return new NotFound('seq', `no entry ${seq} is set apart in the journal of this server`);
}

/** In the log of the tenant whose turns these are. */
async function audit(db: Database, entry: DeadEntry, action: string): Promise<void> {
  const { owner, turnIds } = toldOf(entry);
  await db.transaction(async (client) => {
    await client.query({
      name: 'audit_dead_entry',
      text: `select echo_audit($1, $2, $3, $4, 'OK', jsonb_build_object('turns', $5::int), echo_audit_teller())`,
      values: [
        owner?.tenantId ?? 'default',
        owner?.userId ?? null,
        action,
        `journal entry ${entry.seq}`,
        turnIds.length,
      ],
    });
  });
}
