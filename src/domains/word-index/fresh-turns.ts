import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { type IndexableTurn, type Run, turnsWithEarlier } from './turns.ts';
import { REACH } from './windows.ts';

/** A turn that waits for the index, and is still there. */
export interface QueuedTurn {
  readonly id: number;
  /** When it came into the queue, in seconds: later where an interrupted turn got its answer meanwhile, which is all that changes of one. */
  readonly queuedAt: number;
}

interface KnownTurn {
  readonly queuedAt: number;
  readonly turn: IndexableTurn;
}

/** Some searches' worth; about 2 MB. */
const MAX_KNOWN = 4_096;

/**
 * Turns that wait for the index, as they were read: while many are recorded, each search looks at a thousand, nearly all of them those of
 * the search before. Who is no longer in the queue is not asked for, and those next to them are read each time.
 */
export class FreshTurns {
  readonly #known = new Map<number, KnownTurn>();

  /** The turns of an owner's queue that exist, and those up to three places before one of them, by their ids. */
  async read(
    db: Pick<Database['pool'], 'query'>,
    owner: Owner,
    queued: readonly QueuedTurn[],
  ): Promise<IndexableTurn[]> {
    const turns: IndexableTurn[] = [];
    const unknown = new Map<number, number>();
    for (const { id, queuedAt } of queued) {
      const known = this.#known.get(id);
      if (known?.queuedAt === queuedAt) turns.push(known.turn);
      else unknown.set(id, queuedAt);
    }
    const runs = runsBefore(turns);
    if (unknown.size === 0 && runs.length === 0) return turns.sort(byId);
    const taken = new Set(turns.map(({ id }) => id));
    for (const turn of await turnsWithEarlier(db, [...unknown.keys()], { owner, runs })) {
      // One that is not known may also lie before one that is: it is read for both.
      if (taken.has(turn.id)) continue;
      taken.add(turn.id);
      turns.push(turn);
      const queuedAt = unknown.get(turn.id);
      if (queuedAt !== undefined) this.#remember(turn, queuedAt);
    }
    return turns.sort(byId);
  }

  /** Forgets everything, for an erasure. */
  clear(): void {
    this.#known.clear();
  }

  #remember(turn: IndexableTurn, queuedAt: number): void {
    this.#known.delete(turn.id);
    this.#known.set(turn.id, { queuedAt, turn });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_KNOWN) break;
      this.#known.delete(oldest);
    }
  }
}

const byId = (a: IndexableTurn, b: IndexableTurn) => a.id - b.id;

/** Where those may lie that are within reach of a turn, and not among the turns. */
function runsBefore(turns: readonly IndexableTurn[]): Run[] {
  const conversations = new Map<string, Set<number>>();
  for (const { conversationId, sequence } of turns) {
    const sequences = conversations.get(conversationId);
    if (sequences) sequences.add(sequence);
    else conversations.set(conversationId, new Set([sequence]));
  }
  const runs: Run[] = [];
  for (const [conversationId, sequences] of conversations)
    for (const sequence of sequences)
      if (sequence > 1 && !sequences.has(sequence - 1))
        runs.push({ conversationId, first: sequence - REACH, last: sequence - 1 });
  return runs;
}
