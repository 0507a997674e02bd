import { createKeyMaker } from './keys.ts';
import {
  BATCH_OVERHEAD_BYTES,
  type CharacterInput,
  type CharacterRecord,
  type ImportRecord,
  MAX_BATCH_BYTES,
  type TurnInput,
  type TurnRecord,
} from './records.ts';

/** Turns of one `recordTurns`; the server takes no more. */
export const MAX_BATCH_TURNS = 500;
const MAX_BATCH_CHARACTERS = 100;

export type TurnBatch = {
  kind: 'turns';
  conversationId: string;
  title: string | null;
  turns: TurnInput[];
} & Extent;
/** A character, and its card in Base64 where that is sent, too. */
export type SentCharacter = CharacterInput & { card?: string };
export type CharacterBatch = { kind: 'characters'; characters: SentCharacter[] } & Extent;

/** What one request sends. */
export type Batch = TurnBatch | CharacterBatch;

/**
 * Groups neighbouring turns of one conversation into batches of at most 500 turns and 900 KiB, in order, and gives
 * every turn an idempotency key. Bad records are left out.
 *
 * @param skip records of the file that an earlier run has stored; they still count for idempotency keys
 * @param before records of the file that are not even read
 */
export async function* toBatches(
  records: AsyncIterable<ImportRecord>,
  skip: number,
  before = 0,
): AsyncGenerator<Batch> {
  const keyOf = createKeyMaker();
  let batch: Batch | null = null;
  let bytes = 0;
  let recordsDone = before;
  for await (const record of records) {
    recordsDone++;
    if (record.kind === 'bad') continue;
    if (record.kind === 'turn') record.turn.idempotencyKey = keyOf(record);
    if (recordsDone <= skip) continue;
    const recordBytes =
      Buffer.byteLength(JSON.stringify(record.kind === 'turn' ? record.turn : record.character)) + 1;
    if (batch !== null && bytes + recordBytes <= MAX_BATCH_BYTES && append(batch, record)) {
      bytes += recordBytes;
    } else {
      if (batch !== null) yield batch;
      batch = begin(record);
      bytes = BATCH_OVERHEAD_BYTES + recordBytes;
    }
    batch.lines.push(record.line);
    batch.recordsDone = recordsDone;
  }
  if (batch !== null) yield batch;
}

/** A part of a batch, by the places of its items. */
export function sliceBatch(batch: Batch, start: number, end?: number): Batch {
  const lines = batch.lines.slice(start, end);
  if (batch.kind === 'turns') return { ...batch, lines, turns: batch.turns.slice(start, end) };
  return { ...batch, lines, characters: batch.characters.slice(start, end) };
}

function begin(record: TurnRecord | CharacterRecord): Batch {
  const extent: Extent = { lines: [], recordsDone: 0 };
  if (record.kind === 'character') return { kind: 'characters', characters: [sent(record)], ...extent };
  const { conversationId, title = null, turn } = record;
  return { kind: 'turns', conversationId, title, turns: [turn], ...extent };
}

function sent({ character, card }: CharacterRecord): SentCharacter {
  return card === undefined ? character : { ...character, card };
}

/** Whether the record belongs into the batch, which then holds it. */
function append(batch: Batch, record: TurnRecord | CharacterRecord): boolean {
  if (batch.kind === 'turns' && record.kind === 'turn') {
    if (batch.conversationId !== record.conversationId || batch.turns.length >= MAX_BATCH_TURNS) return false;
    batch.turns.push(record.turn);
    return true;
  }
  if (
    batch.kind === 'characters' &&
    record.kind === 'character' &&
    batch.characters.length < MAX_BATCH_CHARACTERS
  ) {
    batch.characters.push(sent(record));
    return true;
  }
  return false;
}

type Extent = {
  /** Where each turn or character stands in the file. */
  lines: number[];
  /** All records of the file up to this batch's end, bad ones included. */
  recordsDone: number;
};
