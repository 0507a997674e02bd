import { createHash } from 'node:crypto';
import { type Batch, sliceBatch } from './batches.ts';
import { type Acknowledgement, ImportRefusedError, readTurn, type Send, sendBatch } from './operations.ts';
import type { TurnInput } from './records.ts';

/** A turn or a character that the server did not take. */
export type Refusal = { line: number; conversationId: string | null; code: string; problem: string };

/** What became of a batch. */
export type Delivery = Acknowledgement & {
  /** Turns whose text is another one than when they were imported, and now stored beside the older text. */
  renewed: number;
  /** Turns that are stored with the same text and another time, model or metadata, and stay so. */
  kept: number;
  refused: Refusal[];
};

/** Nothing of this importer can be sent under these: it is about the caller or the server, not about a record. */
const FINAL_CODES = ['UNAUTHENTICATED', 'FORBIDDEN', 'UNEXPECTED_RESPONSE', 'GRAPHQL_VALIDATION_FAILED'];
/** Refusals of single items in a row that name no item: then it is not about the items. */
const MAX_UNEXPLAINED_IN_A_ROW = 20;

/**
 * Makes a function that sends batches so that no refused record keeps another one out. A part that is refused is
 * halved (or cut where the server says that the problem is) until the record stands alone; it is left out and
 * reported, and the parts grow again. A turn whose idempotency key names another content is stored under a key of its
 * own if its text changed; the stored one is never touched.
 *
 * @param userId whose turns these are; null for the caller's own
 * @returns a function that throws ImportRefusedError where nothing else would be taken either
 */
export function createDelivery(userId: string | null, send: Send): (batch: Batch) => Promise<Delivery> {
  let unexplainedInARow = 0;
  const settle = async (single: Batch, error: ImportRefusedError, delivery: Delivery): Promise<void> => {
    if (error.code === 'IDEMPOTENCY_KEY_REUSED' && single.kind === 'turns') {
      unexplainedInARow = 0;
      return add(delivery, await renew(single, error.turnId, userId, send));
    }
    unexplainedInARow = placeOf(error) === null ? unexplainedInARow + 1 : 0;
    if (unexplainedInARow >= MAX_UNEXPLAINED_IN_A_ROW) throw error;
    delivery.refused.push(...toRefusals(single, error));
  };
  return async (batch) => {
    const delivery: Delivery = { sent: 0, replayed: 0, renewed: 0, kept: 0, refused: [] };
    const count = batch.lines.length;
    for (let start = 0, size = count; start < count; ) {
      const part = sliceBatch(batch, start, start + size);
      const items = part.lines.length;
      try {
        add(delivery, await sendBatch(part, userId, send));
        unexplainedInARow = 0;
        start += items;
        size = items * 2;
      } catch (error) {
        if (!(error instanceof ImportRefusedError) || isFinal(error)) throw error;
        if (isAboutConversation(error)) {
          delivery.refused.push(...toRefusals(sliceBatch(batch, start, count), error));
          break;
        }
        if (items === 1) {
          await settle(part, error, delivery);
          start++;
        } else size = smaller(items, placeOf(error));
      }
    }
    return delivery;
  };
}

/**
 * What is stored was said, so it stays; the newer text is what the user wants to find, so it is stored as well. Its
 * key follows from the text alone: whatever else a later export or a later version of this importer changes, the
 * same text is not stored again.
 */
async function renew(
  single: Batch & { kind: 'turns' },
  turnId: string | null,
  userId: string | null,
  send: Send,
): Promise<Partial<Delivery>> {
  const kept = { sent: 1, replayed: 1, kept: 1 };
  const [turn] = single.turns;
  if (!turn) return {};
  const stored = turnId === null ? null : await readTurn(turnId, send);
  if (stored && textsOf(stored).join('\0') === textsOf(turn).join('\0')) return kept;
  const idempotencyKey = `changed/${createHash('sha256')
    .update(JSON.stringify([turn.idempotencyKey, ...textsOf(turn)]))
    .digest('hex')}`;
  try {
    const { sent, replayed } = await sendBatch(
      { ...single, turns: [{ ...turn, idempotencyKey }] },
      userId,
      send,
    );
    return { sent, replayed, renewed: sent - replayed };
  } catch (error) {
    if (!(error instanceof ImportRefusedError) || isFinal(error)) throw error;
    if (error.code === 'IDEMPOTENCY_KEY_REUSED') return kept;
    return { refused: toRefusals(single, error) };
  }
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
function smaller(items: number, place: number | null): number {
  if (place !== null && place < items) return Math.max(1, place);
  return Math.max(1, Math.floor(items / 2));
}

function toRefusals(batch: Batch, { code, problem }: ImportRefusedError): Refusal[] {
  const conversationId = batch.kind === 'turns' ? batch.conversationId : null;
  return batch.lines.map((line) => ({ line, conversationId, code, problem }));
}

function add(delivery: Delivery, part: Partial<Delivery>): void {
  delivery.sent += part.sent ?? 0;
  delivery.replayed += part.replayed ?? 0;
  delivery.renewed += part.renewed ?? 0;
  delivery.kept += part.kept ?? 0;
  delivery.refused.push(...(part.refused ?? []));
}
