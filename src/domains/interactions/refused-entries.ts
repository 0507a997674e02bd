import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { InteractionDeleted } from '../../errors.ts';
import { forgetEventsOfRefused } from '../../events/forgotten.ts';
import type { Drain } from '../../journal/drain.ts';
import type { Journal } from '../../journal/journal.ts';
import type { AppliedTurn } from './apply.ts';
import type { Turn } from './turn.ts';

/** Whose turn it was, and which. */
type Named = Owner & { readonly turnId: string };

/**
 * Entries of the journal of which turns were refused because they had been deleted: their words are in its file until that is purged,
 * and events may tell of them.
 */
export class RefusedEntries {
  readonly #turns = new Map<number, readonly Named[]>();

  note(seq: number, turns: readonly Turn[], { turnIds }: InteractionDeleted): void {
    const deleted = turns.filter(({ turnId }) => turnIds.includes(turnId));
    const named = deleted.map(({ tenantId, userId, turnId }) => ({ tenantId, userId, turnId }));
    this.#turns.set(seq, [...(this.#turns.get(seq) ?? []), ...named]);
  }

  /** See `TurnStore.purgeDeleted`. */
  async purge(
    { db, journal }: { readonly db: Pick<Database, 'pool'>; readonly journal: Pick<Journal, 'purge'> },
    drain: Pick<Drain<readonly Turn[], readonly AppliedTurn[]>, 'waiting' | 'flushRemovals'>,
    gone: number,
  ): Promise<void> {
    const waiting = new Set(Array.from(this.#turns.size > 0 ? drain.waiting() : [], ({ seq }) => seq));
    const through = [...this.#turns].filter(([seq]) => !waiting.has(seq));
    if (gone + through.length === 0) return;
    const turns = through.flatMap(([, refused]) => refused);
    if (turns.length > 0) await forgetEventsOfRefused(db.pool, turns);
    await drain.flushRemovals();
    await journal.purge({});
    for (const [seq] of through) this.#turns.delete(seq);
  }
}
