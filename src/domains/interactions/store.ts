import type { Database } from '../../db/client.ts';
import { type AppliedTurn, applyTurns } from './apply.ts';
import type { Turn } from './turn.ts';

/** How an acknowledged turn is kept: by the database, or by the local journal until the database has taken it. */
export type Durability = 'COMMITTED' | 'JOURNALED';

export interface SavedTurns {
  readonly durability: Durability;
  /** In the order given. */
  readonly turns: readonly AppliedTurn[];
}

/** Where accepted turns go. When `save` has returned, the turns are on disk; when it throws, none of them is. */
export interface TurnStore {
  /**
   * Stores turns, all or nothing, each exactly once.
   *
   * @throws IdempotencyKeyReused, NotFound (see `applyTurns`)
   */
  save(turns: readonly Turn[]): Promise<SavedTurns>;
}

/**
 * A store that commits straight to PostgreSQL.
 *
 * @param onCommitted told after each commit
 */
export function createDatabaseStore(
  db: Database,
  onCommitted: (turns: readonly AppliedTurn[]) => void,
): TurnStore {
  return {
    async save(turns) {
      const applied = await db.transaction((client) => applyTurns(client, turns));
      onCommitted(applied);
      return { durability: 'COMMITTED', turns: applied };
    },
  };
}
