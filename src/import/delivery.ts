import { createHash } from 'node:crypto';
import { type Batch, sliceBatch, type TurnBatch } from './batches.ts';
import {
  type Acknowledgement,
  ImportRefusedError,
  readTurns,
  type Send,
  sendBatch,
  type WaitingTurns,
} from './operations.ts';
import type { TurnInput } from './records.ts';

/** A turn or a character that the server did not take. */
export type Refusal = { line: number; conversationId: string | null; code: string; problem: string };

/** What became of a batch. */
export type Delivery = Pick<Acknowledgement, 'sent' | 'replayed'> & {
  /** What the server's journal has and its database not yet. */
  waiting: WaitingTurns[];
  /** Names of characters that were there before and are another now. */
  changedCharacters: string[];
  /** Turns whose text is another one than when they were imported, and now stored beside the older text. */
  renewed: number;
  /** Turns that are stored with the same text and another time, model or metadata, and stay so. */
  kept: number;
  /** Turns that their user deleted; they stay so. */
  deleted: number;
  refused: Refusal[];
};

/** Nothing of this importer can be sent under these: it is about the caller or the server, not about a record. */
const FINAL_CODES = ['UNAUTHENTICATED', 'FORBIDDEN', 'UNEXPECTED_RESPONSE', 'GRAPHQL_VALIDATION_FAILED'];
/** Refusals of single items in a row that name no item: then it is not about the items. */
const MAX_UNEXPLAINED_IN_A_ROW = 20;

/**
 * Sends batches so that no refused record keeps another one out. A part that is refused is halved (or cut where the
 * server says that the problem is) until the record stands alone; it is left out and reported, and the parts grow
 * again. A turn whose idempotency key names another content is stored under a key of its own if its text changed; the
 * stored one is never touched.
 */
export class Deliverer {
  readonly #userId: string | null;
  readonly #send: Send;
  #unexplainedInARow = 0;

  /** @param userId whose turns these are; null for the caller's own */
  constructor(userId: string | null, send: Send) {
    this.#userId = userId;
    this.#send = send;
  }

  /** @throws ImportRefusedError where nothing else would be taken either */
  async deliver(batch: Batch): Promise<Delivery> {
    const delivery: Delivery = {
      sent: 0,
      replayed: 0,
      waiting: [],
      renewed: 0,
      kept: 0,
      deleted: 0,
      refused: [],
      changedCharacters: [],
    };
    const changed = await this.#deliverParts(batch, delivery);
    if (batch.kind === 'turns' && changed.length > 0) await this.#renew(batch, changed, delivery);
    return delivery;
  }

  /** @returns turns whose keys name another content */
  async #deliverParts(batch: Batch, delivery: Delivery): Promise<TakenTurn[]> {
    const taken: TakenTurn[] = [];
    let rest = batch;
    for (let size = rest.lines.length; rest.lines.length > 0; ) {
      const part = sliceBatch(rest, 0, size);
      const count = part.lines.length;
      try {
        const acknowledged = await sendBatch(part, this.#userId, this.#send);
        const { sent, replayed, waiting, changedCharacters = [] } = acknowledged;
        delivery.changedCharacters.push(...changedCharacters);
        delivery.sent += sent;
        delivery.replayed += replayed;
        if (waiting) delivery.waiting.push(waiting);
        this.#unexplainedInARow = 0;
        rest = sliceBatch(rest, count);
        size = count * 2;
      } catch (error) {
        if (!(error instanceof ImportRefusedError) || isFinal(error)) throw error;
        const positions = error.positions.filter((position) => position < count);
        if (part.kind === 'turns' && positions.length > 0) {
          if (error.code === DELETED) delivery.deleted += positions.length;
          else taken.push(...takenTurns(part, positions, error.turnIds));
          rest = withoutItems(rest, positions);
        } else if (isAboutConversation(error)) {
          delivery.refused.push(...toRefusals(rest, error));
          break;
        } else if (count > 1) {
          size = smaller(count, placeOf(error));
        } else {
          this.#refuse(part, error, delivery);
          rest = sliceBatch(rest, 1);
        }
      }
    }
    return taken;
  }

  #refuse(single: Batch, error: ImportRefusedError, delivery: Delivery): void {
    this.#unexplainedInARow = placeOf(error) === null ? this.#unexplainedInARow + 1 : 0;
    if (this.#unexplainedInARow >= MAX_UNEXPLAINED_IN_A_ROW) throw error;
    delivery.refused.push(...toRefusals(single, error));
  }

  /**
   * What is stored was said, so it stays; the newer text is what the user wants to find, so it is stored as well. Its
   * key follows from the text alone: whatever else a later export or a later version of this importer changes, the
   * same text is not stored again.
   */
  async #renew(batch: TurnBatch, taken: readonly TakenTurn[], delivery: Delivery): Promise<void> {
    const stored = await readTurns(
      taken.map(({ turnId }) => turnId),
      this.#send,
    );
    const changed = taken.filter(({ turn }, index) => {
      const known = stored[index];
      return !known || textsOf(known).join('\0') !== textsOf(turn).join('\0');
    });
    let kept = taken.length - changed.length;
    if (changed.length > 0) {
      const renewed: TurnBatch = {
        ...batch,
        lines: changed.map(({ line }) => line),
        turns: changed.map(({ turn }) => ({ ...turn, idempotencyKey: keyOfText(turn) })),
      };
      const before = delivery.sent - delivery.replayed;
      kept += (await this.#deliverParts(renewed, delivery)).length;
      delivery.renewed += delivery.sent - delivery.replayed - before;
    }
    delivery.kept += kept;
    delivery.sent += kept;
    delivery.replayed += kept;
  }
}

const DELETED = 'INTERACTION_DELETED';

type TakenTurn = { line: number; turn: TurnInput; turnId: string };

function takenTurns(
  { lines, turns }: TurnBatch,
  positions: readonly number[],
  turnIds: readonly string[],
): TakenTurn[] {
  return positions.flatMap((position, index) => {
    const turn = turns[position];
    return turn ? [{ line: lines[position] ?? 0, turn, turnId: turnIds[index] ?? '' }] : [];
  });
}

function withoutItems(batch: Batch, positions: readonly number[]): Batch {
  const isLeft = (_item: unknown, position: number) => !positions.includes(position);
  const lines = batch.lines.filter(isLeft);
  if (batch.kind === 'turns') return { ...batch, lines, turns: batch.turns.filter(isLeft) };
  return { ...batch, lines, characters: batch.characters.filter(isLeft) };
}

function keyOfText(turn: TurnInput): string {
  const content = JSON.stringify([turn.idempotencyKey, ...textsOf(turn)]);
  return `changed/${createHash('sha256').update(content).digest('hex')}`;
}

/** What was said, without what only describes it. */
function textsOf(
  turn: {
    [K in 'query' | 'response' | 'speaker' | 'responder']?: TurnInput[K] | null;
  },
): string[] {
  return [turn.query ?? '', turn.response ?? '', turn.speaker ?? '', turn.responder ?? ''];
}

function isFinal({ code }: ImportRefusedError): boolean {
  return FINAL_CODES.includes(code) || (/^HTTP_[34]\d\d$/.test(code) && code !== 'HTTP_413');
}

function isAboutConversation({ code, problem }: ImportRefusedError): boolean {
  return code === 'NOT_FOUND' || problem.startsWith('conversationId');
}

/** Which item of the batch the server names, such as 3 for `turns.3.query: …`; null where it names none. */
function placeOf({ problem }: ImportRefusedError): number | null {
  const place = /\b(?:turns|inputs)[.[](\d+)\b/.exec(problem)?.[1];
  return place === undefined ? null : Number(place);
}

/** The items before the one that is named are sent together, else half of them; always fewer than before. */
function smaller(count: number, place: number | null): number {
  return place !== null && place < count ? Math.max(1, place) : Math.floor(count / 2);
}

function toRefusals(batch: Batch, { code, problem }: ImportRefusedError): Refusal[] {
  const conversationId = batch.kind === 'turns' ? batch.conversationId : null;
  return batch.lines.map((line) => ({ line, conversationId, code, problem }));
}
