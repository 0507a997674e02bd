import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { writeEvent } from '../../events/written.ts';
import type { FactChangeKind, FactRow, Standing } from './tables.ts';

/** Why facts change: one statement, one correction, one undoing. All of its changes are undone together. */
export interface Act {
  readonly id: string;
  /** A user, or the name of what learned it. */
  readonly by: string;
  readonly runId: string | null;
  /** It cannot be undone: an undoing, or what follows from the deletion of turns. */
  readonly isFinal: boolean;
}

export const newAct = (by: string, runId: string | null = null): Act => ({
  ...{ id: randomUUID(), by, runId, isFinal: false },
});
export const newFinalAct = (by: string): Act => ({ ...newAct(by), isFinal: true });

export function standingOf(fact: FactRow): Standing {
  const { status, validUntil, retiredAt, retractedBy, supersededBy, correctedBy } = fact;
  return {
    ...{ status, retractedBy, supersededBy, correctedBy },
    validUntil: validUntil?.toISOString() ?? null,
    retiredAt: retiredAt?.toISOString() ?? null,
  };
}

/** Lets one transaction at a time change a user's facts; held to its end. */
export async function lockFacts(client: PoolClient, { tenantId, userId }: Owner): Promise<void> {
  await client.query({
    name: 'lock_facts',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [JSON.stringify(['facts', tenantId, userId])],
  });
}

/** Notes a change in its transaction, and tells of it when that is committed. @param before null: the fact is new */
export async function noteChange(
  client: PoolClient,
  owner: Owner,
  change: {
    readonly act: Act;
    readonly fact: number;
    readonly kind: FactChangeKind;
    readonly before: Standing | null;
    readonly changeId?: string;
  },
): Promise<void> {
  const { act, fact, kind, before, changeId = randomUUID() } = change;
  await client.query({
    name: 'insert_fact_change',
    text: `insert into echo_fact_changes (tenant_id, user_id, change_id, act, fact, kind, by, run_id, is_final, before)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    values: [
      ...[owner.tenantId, owner.userId, changeId, act.id, fact, kind, act.by, act.runId],
      ...[act.isFinal, before && JSON.stringify(before)],
    ],
  });
  const { tenantId, userId } = owner;
  await writeEvent(client, { kind: 'fact_changed', tenantId, userId, payload: { changeId } });
}
