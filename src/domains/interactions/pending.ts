import type { Owner, Scope } from '../../access/principals.ts';
import type { Drain } from '../../journal/drain.ts';
import type { AppliedTurn } from './apply.ts';
import type { AcceptedTurn } from './store.ts';
import type { InteractionRow } from './tables.ts';
import { streamOf, type Turn } from './turn.ts';

/** The id and sequence of a row that the database has not numbered yet. */
export const UNNUMBERED = 0;

/** Turns that are accepted and not yet in the database, in the form of rows. */
export class PendingTurns {
  readonly #drain: Drain<readonly Turn[], readonly AppliedTurn[]>;
  readonly #accepted: ReadonlyMap<string, AcceptedTurn>;

  constructor(
    drain: Drain<readonly Turn[], readonly AppliedTurn[]>,
    accepted: ReadonlyMap<string, AcceptedTurn>,
  ) {
    this.#drain = drain;
    this.#accepted = accepted;
  }

  /** A turn by its id, within a scope; null if it is not pending. */
  byTurnId(scope: Scope, turnId: string): InteractionRow | null {
    const accepted = this.#accepted.get(turnId);
    if (accepted && owns(scope, accepted.turn)) return this.rowOf({ ...accepted.turn, status: 'PROCESSING' });
    if (this.#drain.depth === 0) return null;
    let latest: Turn | null = null;
    for (const { value } of this.#drain.waiting()) {
      // An interrupted turn may wait together with its answer, which comes later.
      latest = value.findLast((turn) => turn.turnId === turnId && owns(scope, turn)) ?? latest;
    }
    return latest && this.rowOf(latest);
  }

  /** Whether the database has not taken a turn of this id, in any form. */
  isWaiting(turnId: string): boolean {
    for (const { value } of this.#drain.waiting())
      if (value.some((turn) => turn.turnId === turnId)) return true;
    return false;
  }

  /** Ids of an owner's turns that are accepted and not in the database, answered or not. */
  idsOf(owner: Owner): string[] {
    const accepted = [...this.#accepted.values()].map(({ turn }) => turn);
    const waiting = [...this.#drain.waiting()].flatMap(({ value }) => value);
    return [...accepted, ...waiting].filter((turn) => owns(owner, turn)).map(({ turnId }) => turnId);
  }

  /** The same of one conversation. */
  idsOfConversation(owner: Owner, conversationId: string): string[] {
    const stream = streamOf({ ...owner, conversationId });
    const accepted = [...this.#accepted.values()].map(({ turn }) => turn);
    const waiting = this.#drain.waitingIn(stream).flatMap(({ value }) => value);
    return [...accepted.filter((turn) => streamOf(turn) === stream), ...waiting].map(({ turnId }) => turnId);
  }

  /** One conversation's turns that wait for the database, in their order. */
  ofConversation(owner: Owner, conversationId: string): InteractionRow[] {
    const waiting = this.#drain.waitingIn(streamOf({ ...owner, conversationId }));
    return waiting.flatMap(({ value }) => value.map((turn) => this.rowOf(turn)));
  }

  /** One user's turns that wait for the database, newest first. */
  ofUser(owner: Owner): InteractionRow[] {
    if (this.#drain.depth === 0) return [];
    const rows: InteractionRow[] = [];
    for (const { value } of this.#drain.waiting())
      for (const turn of value) if (owns(owner, turn)) rows.push(this.rowOf(turn));
    return rows.sort((a, b) => b.timestamp.getTime() - a.timestamp.getTime());
  }

  /** A turn as its row will be, but for what only the database gives: id, sequence and chain. */
  rowOf(turn: Turn): InteractionRow {
    const {
      episodeId: _episode,
      mode: _mode,
      context: _context,
      title: _title,
      characterIds,
      processingTimeMs,
      ...same
    } = turn;
    const timestamp = new Date(turn.timestamp);
    return {
      ...same,
      id: UNNUMBERED,
      sequence: UNNUMBERED,
      processingTime: processingTimeMs / 1000,
      escalationPath: [...turn.escalationPath],
      clarifyingQuestions: [...turn.clarifyingQuestions],
      timestamp,
      payloadHash: Buffer.from(turn.payloadHash, 'hex'),
      chainHash: Buffer.alloc(0),
      completionHash: null,
      finishReason: turn.finishReason ?? null,
      cost: turn.cost ?? null,
      characterId: characterIds[0] ?? null,
      rating: null,
      ratingComment: null,
      vectorState: 'PENDING',
      vectorLeaseToken: null,
      vectorLeaseUntil: null,
      vectorAttempts: 0,
      vectorModel: null,
      vectorError: null,
      vectorUpdatedAt: null,
      createdAt: timestamp,
    };
  }
}

function owns(scope: Scope, turn: Owner): boolean {
  return turn.tenantId === scope.tenantId && (scope.userId === null || turn.userId === scope.userId);
}
