import type { Scope } from '../../access/principals.ts';
import type { Journal, StoredEntry } from '../../journal/journal.ts';
import type { Logger } from '../../log.ts';
import type { Turn } from './turn.ts';

export const ANSWER_ENTRY = 'answer';

/** Answers that are remembered; the oldest ones go first. */
const MAX_ANSWERS = 2_000;

interface Remembered {
  readonly turn: Turn;
  /** Its entry; null until that is written. */
  seq: number | null;
  written?: Promise<void>;
}

/**
 * The latest answers to queries with an idempotency key, kept in the journal after the database has taken them: so
 * that a retry hears the same answer even while the database is away, and after a restart.
 */
export class RecentAnswers {
  readonly #journal: Journal;
  readonly #log: Logger;
  readonly #answers = new Map<string, Remembered>();

  constructor(journal: Journal, log: Logger) {
    this.#journal = journal;
    this.#log = log;
    for (const entry of journal.recovered.entries) if (entry.kind === ANSWER_ENTRY) this.#recover(entry);
  }

  /** A turn by its id, within a scope; null if it is not remembered. */
  find(scope: Scope, turnId: string): Turn | null {
    const turn = this.#answers.get(turnId)?.turn;
    return turn && turn.tenantId === scope.tenantId && (scope.userId === null || turn.userId === scope.userId)
      ? turn
      : null;
  }

  /** Remembers turns that were just committed. Their entries are written before those that held them are removed. */
  remember(turns: readonly Turn[]): void {
    for (const turn of turns) {
      if (turn.idempotencyKey === null || turn.status !== 'ANSWERED' || turn.stepTimings === null) continue;
      const answer: Remembered = { turn, seq: null };
      this.#answers.set(turn.turnId, answer);
      const adding = this.#journal.write({
        add: [{ kind: ANSWER_ENTRY, stream: '', body: JSON.stringify(turn) }],
        remove: this.#evict(),
      });
      answer.written = adding.then(
        ([seq]) => {
          answer.seq = seq ?? null;
        },
        (error: unknown) => this.#log.warn({ err: error }, 'an answer is remembered in memory only'),
      );
    }
  }

  /** Forgets the answer of an entry that the caller removes from the journal. */
  drop(seq: number): void {
    for (const [turnId, answer] of this.#answers) if (answer.seq === seq) this.#answers.delete(turnId);
  }

  /** All that are remembered. */
  get turns(): readonly Turn[] {
    return [...this.#answers.values()].map(({ turn }) => turn);
  }

  /** Forgets what is deleted. @returns how many it were */
  async forget(isMeant: (turn: Turn) => boolean): Promise<number> {
    const gone = [...this.#answers].filter(([, { turn }]) => isMeant(turn));
    for (const [turnId] of gone) this.#answers.delete(turnId);
    await Promise.all(gone.map(([, { written }]) => written));
    const remove = gone.flatMap(([, { seq }]) => seq ?? []);
    if (remove.length > 0) await this.#journal.write({ remove });
    return gone.length;
  }

  #evict(): number[] {
    const remove: number[] = [];
    for (const [turnId, { seq }] of this.#answers) {
      if (this.#answers.size <= MAX_ANSWERS) break;
      this.#answers.delete(turnId);
      if (seq !== null) remove.push(seq);
    }
    return remove;
  }

  #recover({ seq, body }: StoredEntry): void {
    const turn = JSON.parse(body) as Turn;
    this.#answers.set(turn.turnId, { turn, seq });
  }
}
