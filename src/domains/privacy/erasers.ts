import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import type { Counts, ErasingDatabase } from '../../db/erasure.ts';
import type { VectorStore } from '../../vectors/vector-store.ts';
import { eraseAuditNames } from '../audit/names.ts';
import { eraseConversations } from '../conversations/erased.ts';
import { eraseTurns } from '../interactions/erased.ts';
import { eraseMedia } from '../media-insights/erase.ts';

export interface EraserServices {
  readonly db: ErasingDatabase;
  readonly vectors: Pick<VectorStore, 'remove' | 'fetch'>;
  readonly config: Pick<Config, 'dataDirectory'>;
}

/** Takes away all that a domain keeps of a user. @returns what the receipt says of it */
export type Eraser = (
  services: EraserServices,
  owner: Owner,
) => Promise<{ readonly erased: Counts; readonly left: Counts }>;

/**
 * The verbs that duties of tables name, in the order of an erasure; rows of the other tables go behind them. Repeated
 * where an erasure was cut off.
 */
export const ERASERS: Readonly<Record<string, Eraser>> = {
  eraseTurns,
  // When their turns have gone.
  eraseConversations,
  eraseMedia,
};

/** Those that come last, in the transaction that ends the erasure. */
export const LAST_ERASERS: Readonly<Record<string, (client: PoolClient, owner: Owner) => Promise<void>>> = {
  // As the erasure itself is told in the audit log: its rows stay, and say no name any more.
  eraseAuditNames,
};
