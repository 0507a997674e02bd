import { BrokenElement, readElements } from './elements.ts';
import type { Position } from './files.ts';
import { bad, badElement, type ImportRecord, isObject, parseInstant, toTurnRecord } from './records.ts';

/**
 * Reads dialogues between named speakers: `{ conversations: [{ id, turns: [{ id, session, date, speaker, text,
 * caption? }] }] }`; other fields are ignored. One utterance becomes one turn without a response, its text
 * unchanged. `line` counts utterances over the whole file.
 *
 * @throws ImportFileError where the JSON breaks off before its first conversation
 */
export async function* readDialogue(file: string, position: Position): AsyncGenerator<ImportRecord> {
  let utterance = 0;
  let index = 0;
  for await (const conversation of readElements(file, position, 'conversations')) {
    const place = `conversations[${index++}]`;
    if (conversation instanceof BrokenElement) {
      yield badElement(++utterance, conversation);
      continue;
    }
    const id = isObject(conversation) ? nameOf(conversation.id) : null;
    if (!isObject(conversation) || id === null || !Array.isArray(conversation.turns)) {
      yield bad(++utterance, place, 'must be an object with an "id" (text or a number) and an array "turns"');
      continue;
    }
    const said = new Map<string, number>();
    for (const [number, turn] of conversation.turns.entries()) {
      yield toRecord(++utterance, `${place}.turns[${number}]`, id, turn, said);
    }
  }
}

/** Names are text; many files number them. */
function nameOf(id: unknown): string | null {
  if (typeof id === 'number') return String(id);
  return typeof id === 'string' && id !== '' ? id : null;
}

/** What this format calls a field of a turn. */
const NAMES = {
  query: 'text',
  metadata: 'caption',
  idempotencyKey: 'id',
  sessionId: 'session',
};

function toRecord(
  line: number,
  place: string,
  conversationId: string,
  turn: unknown,
  said: Map<string, number>,
): ImportRecord {
  if (!isObject(turn)) return bad(line, place, 'must be an object');
  const { session, date, speaker, text, caption } = turn;
  const id = nameOf(turn.id);
  if (id === null) return bad(line, `${place}.id`, 'must be text or a number');
  if (typeof session !== 'string' && typeof session !== 'number')
    return bad(line, `${place}.session`, 'must be text or a number');
  if (typeof speaker !== 'string') return bad(line, `${place}.speaker`, 'must be text');
  const began = typeof date === 'string' ? parseDialogueDate(date) : null;
  if (began === null)
    return bad(
      line,
      `${place}.date`,
      'must look like "1:56 pm on 8 May, 2023" or be ISO 8601 with a time zone',
    );
  const sessionId = `${conversationId}/${session}`;
  const order = said.get(sessionId) ?? 0;
  said.set(sessionId, order + 1);
  const value = {
    conversationId,
    query: text,
    speaker,
    sessionId,
    // One second an utterance keeps the order that was spoken, since a session has a single date.
    timestamp: new Date(began + order * 1000).toISOString(),
    metadata: { dialogueId: id, date, ...(caption === undefined || caption === null ? {} : { caption }) },
    idempotencyKey: `${conversationId}/${id}`,
  };
  return toTurnRecord(line, value, `${place}.`, NAMES);
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const SPOKEN_DATE = /^(\d{1,2}):(\d{2}) ?(am|pm) on (\d{1,2}) ([a-z]{3,9}),? (\d{4})$/i;

/** Milliseconds since 1970 of a date such as "1:56 pm on 8 May, 2023" (read as UTC) or ISO 8601; null where it is neither. */
export function parseDialogueDate(date: string): number | null {
  const match = SPOKEN_DATE.exec(date.trim());
  if (!match) {
    const instant = parseInstant(date);
    return instant === null ? null : Date.parse(instant);
  }
  const [, hour = '', minute = '', half = '', day = '', month = '', year = ''] = match;
  if (Number(hour) < 1 || Number(hour) > 12) return null;
  const hours = (Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  const monthNumber = MONTHS.indexOf(month.slice(0, 3).toLowerCase()) + 1;
  const two = (value: string | number) => String(value).padStart(2, '0');
  const instant = parseInstant(`${year}-${two(monthNumber)}-${two(day)}T${two(hours)}:${minute}:00Z`);
  return instant === null ? null : Date.parse(instant);
}
