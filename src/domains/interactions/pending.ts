import type { Owner, Scope } from '../../access/principals.ts';
import { ServiceUnavailable } from '../../errors.ts';
import type { Drain } from '../../journal/drain.ts';
import type { AppliedTurn } from './apply.ts';
import type { WaitingTurn } from './places.ts';
import { rowOf } from './rows.ts';
import type { InteractionRow } from './tables.ts';
import { streamOf, type Turn } from './turn.ts';

/** A query whose answer is being made; its text is on disk. */
export interface AcceptedTurn {
  readonly seq: number;
  readonly turn: Turn;
}

/** Turns that are accepted and not yet in the database, in the form of rows. */
export class PendingTurns {
  readonly #drain: Drain<readonly Turn[], readonly AppliedTurn[]>;
  readonly #accepted: ReadonlyMap<string, AcceptedTurn>;
  /** Made once for each turn: searches ask for all of them, again and again. */
  readonly #rows = new WeakMap<Turn, InteractionRow>();

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
    if (accepted && owns(scope, accepted.turn)) return rowOf({ ...accepted.turn, status: 'PROCESSING' });
    if (this.#drain.depth === 0) return null;
    let latest: Turn | null = null;
    for (const { value } of this.#drain.waiting()) {
      // An interrupted turn may wait together with its answer, which comes later.
      latest = value.findLast((turn) => turn.turnId === turnId && owns(scope, turn)) ?? latest;
    }
    return latest && rowOf(latest);
  }

  /** Whether the database has not taken a turn of this id, in any form. */
  isWaiting(turnId: string): boolean {
    return this.areWaiting((turn) => turn.turnId === turnId);
  }

  /** Whether the database has not taken some of these, in any form. */
  areWaiting(isMeant: (turn: Turn) => boolean): boolean {
    for (const { value } of this.#drain.waiting()) if (value.some(isMeant)) return true;
    return false;
  }

  /** Ids of an owner's turns that are accepted and not in the database, answered or not. */
  idsOf(owner: Owner): string[] {
    const accepted = [...this.#accepted.values()].map(({ turn }) => turn);
    const waiting = [...this.#drain.waiting()].flatMap(({ value }) => value);
    return [...accepted, ...waiting].filter((turn) => owns(owner, turn)).map(({ turnId }) => turnId);
  }

  /** The same of one conversation. */
  unarrivedIn(owner: Owner, conversationId: string): Turn[] {
    const stream = streamOf({ ...owner, conversationId });
    const accepted = [...this.#accepted.values()].map(({ turn }) => turn);
    const waiting = this.#drain.waitingIn(stream).flatMap(({ value }) => value);
    return [...accepted.filter((turn) => streamOf(turn) === stream), ...waiting];
  }

  /** One conversation's turns that wait for the database, in their order. */
  ofConversation(owner: Owner, conversationId: string): InteractionRow[] {
    if (this.#drain.depth === 0) return [];
    const waiting = this.#drain.waitingIn(streamOf({ ...owner, conversationId }));
    return waiting.flatMap(({ value }) => value.map((turn) => this.#rowOf(turn)));
  }

  /** One user's turns that wait for the database, newest first. */
  ofUser(owner: Owner): InteractionRow[] {
    const rows = this.inOrderOf(owner).map(({ row }) => row);
    return rows.sort((a, b) => b.timestamp.getTime() - a.timestamp.getTime());
  }

  /** The same, each with its order, which it keeps as long as it waits. */
  inOrderOf(owner: Owner): WaitingTurn[] {
    if (this.#drain.depth === 0) return [];
    const found: WaitingTurn[] = [];
    for (const { seq, value } of this.#drain.waiting())
      for (const [index, turn] of value.entries())
        if (owns(owner, turn)) found.push({ row: this.#rowOf(turn), order: [seq, index] });
    return found;
  }

  #rowOf(turn: Turn): InteractionRow {
    const known = this.#rows.get(turn);
    if (known) return known;
    const row = rowOf(turn);
    this.#rows.set(turn, row);
    return row;
  }
}

function owns(scope: Scope, turn: Owner): boolean {
  return turn.tenantId === scope.tenantId && (scope.userId === null || turn.userId === scope.userId);
}

/** Milliseconds that a turn on its way to the database gets to arrive there, or to be refused. */
const ARRIVAL_MS = 20_000;
const LOOK_MS = 20;

/** Waits until none of these turns waits for the database. @throws ServiceUnavailable if one still does */
export async function untilArrived(pending: PendingTurns, isMeant: (turn: Turn) => boolean): Promise<void> {
  const deadline = Date.now() + ARRIVAL_MS;
  while (pending.areWaiting(isMeant)) {
    if (Date.now() > deadline)
      throw new ServiceUnavailable('a turn still waits for the database; ask again to finish its deletion');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
