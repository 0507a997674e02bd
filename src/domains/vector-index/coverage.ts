import type { Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';
import { CANARY_TENANT } from '../../ground/ownership.ts';
import { COUNTED_TURNS } from '../conversations/tables.ts';

/** How many stored turns have their vector. */
export interface VectorCoverage {
  readonly stored: number;
  readonly embedded: number;
  /** Waiting, or being embedded right now. */
  readonly pending: number;
  /** Refused by the model or the store, to be tried again. */
  readonly failed: number;
  /** Seconds that the oldest turn without a vector has been waiting; 0 if none waits. */
  readonly oldestPendingSeconds: number;
}

/**
 * Vector coverage of one user, or of a whole tenant. Turns without a vector are counted through their partial index, all
 * turns of a user through the index over owners, and those of a tenant, which no index has together, by their conversations.
 */
export async function vectorCoverage(db: Database, scope: Scope): Promise<VectorCoverage> {
  const owned = 'tenant_id = $1 and ($2::text is null or user_id = $2)';
  const found = await db.pool.query<{ stored: number; pending: number; failed: number; oldest: number }>({
    name: scope.userId === null ? 'vector_coverage_tenant' : 'vector_coverage_user',
    text: `select (${
      scope.userId === null
        ? `select ${COUNTED_TURNS}::int from echo_conversations where tenant_id = $1 and $2::text is null`
        : 'select count(*)::int from echo_unified_interactions where tenant_id = $1 and user_id = $2'
    }) as stored,
             count(*) filter (where vector_state <> 'FAILED')::int as pending,
             count(*) filter (where vector_state = 'FAILED')::int as failed,
             coalesce(extract(epoch from now() - min(coalesce(vector_updated_at, created_at))), 0)::float8 as oldest
           from echo_unified_interactions where vector_state <> 'EMBEDDED' and ${owned}`,
    values: [scope.tenantId, scope.userId],
  });
  const { stored: counted, pending, failed, oldest } = onlyRow(found);
  // Where a conversation is damaged it may count fewer turns than wait.
  const stored = Math.max(counted, pending + failed);
  return {
    stored,
    embedded: stored - pending - failed,
    pending,
    failed,
    oldestPendingSeconds: Math.max(0, oldest),
  };
}

/** Seconds that the oldest turn without a vector has waited, over all tenants; 0 if none waits. Cheap at any size. */
export async function oldestWithoutVector(db: Database): Promise<number> {
  const found = await db.pool.query<{ seconds: number }>({
    name: 'oldest_without_vector',
    text: `select coalesce(extract(epoch from now() - min(coalesce(vector_updated_at, created_at))), 0)::float8 as seconds
           from echo_unified_interactions where vector_state <> 'EMBEDDED'`,
  });
  return Math.max(0, onlyRow(found).seconds);
}

/**
 * The share of the stored turns that have their vector, over all tenants, but for the turn of the health check; 1 without
 * turns. Those without are counted by their partial index, all by their conversations: a scrape reads no table of turns.
 */
export async function shareWithVector(db: Database): Promise<number> {
  const found = await db.pool.query<{ share: number }>({
    name: 'share_with_vector',
    text: `select coalesce(1 - least(missing, stored)::float8 / nullif(stored, 0), 1) as share
           from (select ${COUNTED_TURNS} as stored from echo_conversations where tenant_id <> '${CANARY_TENANT}') c,
             (select count(*) as missing from echo_unified_interactions
              where vector_state <> 'EMBEDDED' and tenant_id <> '${CANARY_TENANT}') t`,
  });
  return onlyRow(found).share;
}
