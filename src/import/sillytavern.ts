import { isDay } from '../ground/instants.ts';
import { countLeftOut, type Position } from './files.ts';
import { createIdMaker } from './keys.ts';
import { isValue, readValues } from './lines.ts';
import { type Message, readTime, textOf } from './messages.ts';
import { bad, type ImportRecord, isObject } from './records.ts';
import { createWindow } from './windows.ts';

/**
 * Reads a chat of SillyTavern, JSON Lines: a header and a line for each message. What the user says is asked, and what
 * characters say is answered, each under its name, so that in a group each has its own turn. Of swipes the one that is shown
 * counts; hidden messages and greetings are left out. Branches of a chat that were saved beside it are the same conversation, as the
 * program gives them the same id: what they share is stored once.
 */
export async function* readSillyTavern(file: string, position: Position): AsyncGenerator<ImportRecord> {
  const window = createWindow(position);
  const idFor = createIdMaker();
  let id: string | null = null;
  let title: string | null = null;
  const isGreeting = createGreetings();
  for await (const read of readValues(file, position)) {
    if (!isValue(read)) {
      isGreeting(null);
      yield read;
      continue;
    }
    const { number, value } = read;
    if (!isObject(value)) {
      isGreeting(null);
      yield bad(number, null, 'must be a JSON object');
      continue;
    }
    if (value.mes === undefined && (isObject(value.chat_metadata) || 'character_name' in value)) {
      id ??= idOfHeader(value, idFor);
      title ??= isNamed(value.character_name) ? String(value.character_name) : null;
      continue;
    }
    if (typeof value.mes !== 'string') {
      isGreeting(null);
      yield bad(number, 'mes', 'must be text');
      continue;
    }
    const time = readSendDate(value.send_date);
    id ??= `sillytavern-${idFor(['chat', value.name, time, value.mes])}`;
    const message = toMessage(value, time, idFor([id, value.name, value.is_user, time, value.mes]));
    const isGreeted = isGreeting(value) && message !== null && typeof message !== 'string';
    countLeftOut(position, typeof message === 'string' ? [message] : (message?.leftOut ?? []));
    if (isGreeted) countLeftOut(position, ['greetings']);
    if (message === null || typeof message === 'string') continue;
    title ??= message.name ?? null;
    if (isGreeted) continue;
    const outline = { source: 'sillytavern', id, title, since: SINCE, hasMadeIds: true, names: NAMES };
    yield* window.add(number, outline, message);
  }
  yield* window.flush();
}

const NAMES = { query: 'mes', response: 'mes of the answers', timestamp: 'send_date' };

/** Of a message without any time in its chat: the program is no older. */
const SINCE = Date.UTC(2023, 1, 9);

/** Newer versions write a word in place of the names. */
function isNamed(name: unknown): boolean {
  return typeof name === 'string' && name !== '' && name !== 'unused';
}

function idOfHeader(header: Record<string, unknown>, idFor: ReturnType<typeof createIdMaker>): string | null {
  const metadata = isObject(header.chat_metadata) ? header.chat_metadata : {};
  const given = textOf(metadata.integrity);
  if (given !== null) return given;
  const { create_date: created, character_name: name } = header;
  return created === undefined ? null : `sillytavern-${idFor(['chat', created, name])}`;
}

/**
 * Tells the lines with which a chat opens, which the card says and nobody was asked for: of each character (a group has
 * several) the first, before the user says anything. What stands behind a line that cannot be read may answer it.
 *
 * @returns a function to call once for every line, in the order of the file; null for one that cannot be read
 */
function createGreetings(): (line: Record<string, unknown> | null) => boolean {
  let isOpen = true;
  const greeted = new Set<unknown>();
  return (line) => {
    if (line === null || line.is_user === true) isOpen = false;
    if (!isOpen || line === null || line.is_system === true || isNarrated(line.extra)) return false;
    const isFirst = !greeted.has(line.name);
    greeted.add(line.name);
    return isFirst;
  };
}

/** Written by the user, in nobody's name. */
function isNarrated(extra: unknown): boolean {
  return isObject(extra) && extra.type === 'narrator';
}

function toMessage(value: Record<string, unknown>, time: number | null, id: string): Message | string | null {
  if (value.is_system === true) return 'hidden messages';
  const extra = isObject(value.extra) ? value.extra : {};
  const others = ['image', 'video', 'file', 'files', 'media'].filter((kind) => extra[kind]);
  const text = textOf(value.mes) ?? '';
  if (text === '' && others.length === 0) return null;
  const swipes = Array.isArray(value.swipes) ? Math.max(0, value.swipes.length - 1) : 0;
  const leftOut = [
    ...Array<string>(Math.min(swipes, 1_000)).fill('other swipes'),
    ...(textOf(extra.reasoning) === null ? [] : ['thoughts']),
  ];
  const isUser = value.is_user === true;
  const name = textOf(value.name);
  return {
    ...{ id, role: isUser ? 'user' : 'assistant', text, others, time, isNamed: true, leftOut },
    model: isUser ? null : textOf(extra.model),
    ...(isUser || name === null ? {} : { name }),
  };
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const NUMBERED =
  /^(\d{4})-(\d{1,2})-(\d{1,2})\s*@\s*(\d{1,2})\s*h\s*(\d{1,2})\s*m\s*(\d{1,2})\s*s(?:\s*(\d{1,3})\s*ms)?$/;
const WRITTEN = /^([a-z]{3,9})\.? (\d{1,2}), (\d{4}),? (\d{1,2}):(\d{2}) ?([ap])m$/i;

/**
 * Milliseconds since 1970 of a time as the versions of the program wrote it: ISO 8601, a number, `2024-1-5@10h22m3s456ms`
 * or `January 5, 2024 10:22am`; one without a zone is read as UTC. Null where it is none.
 */
export function readSendDate(value: unknown): number | null {
  const time = readTime(value);
  if (time !== null || typeof value !== 'string') return time;
  const numbers = NUMBERED.exec(value.trim())
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (numbers) {
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0] = numbers;
    return instantOf([year, month, day], [hour, minute, second, ms]);
  }
  const [, name = '', day, year, hour, minute, half] = WRITTEN.exec(value.trim()) ?? [];
  const month = MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
  if (month === 0 || Number(hour) < 1 || Number(hour) > 12) return null;
  const hours = (Number(hour) % 12) + (half?.toLowerCase() === 'p' ? 12 : 0);
  return instantOf([Number(year), month, Number(day)], [hours, Number(minute), 0, 0]);
}

function instantOf(
  [year, month, day]: [number, number, number],
  [hour, minute, second, ms]: [number, number, number, number],
): number | null {
  if (!isDay(year, month, day) || hour > 23 || minute > 59 || second > 59) return null;
  return Date.UTC(year, month - 1, day, hour, minute, second, ms);
}
