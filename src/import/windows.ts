import { type Conversation, toTurnRecords } from './exchanges.ts';
import type { Position } from './files.ts';
import type { Message } from './messages.ts';
import type { ImportRecord } from './records.ts';

/** Messages of one conversation that are held, and their characters; more are turned into turns as they come. */
const MAX_HELD_MESSAGES = 5_000;
const MAX_HELD_CHARACTERS = 16_000_000;

/** What is said of a conversation, whose messages come one by one. */
export type Outline = Omit<Conversation, 'messages' | 'times'>;

/**
 * Turns messages that come one by one into turns, in constant memory: a conversation ends where another begins, and one
 * that is very long is taken in parts, each beginning with what the user says.
 */
export function createWindow(position: Position) {
  let outline: Outline | null = null;
  let held: Message[] = [];
  let characters = 0;
  let firstLine = 1;
  let lastTime: number | null = null;
  const flush = function* (): Generator<ImportRecord> {
    if (outline && held.length > 0)
      yield* toTurnRecords(firstLine, { ...outline, messages: held, times: [lastTime] }, position);
    lastTime = held.findLast(({ time }) => time !== null)?.time ?? lastTime;
    held = [];
    characters = 0;
  };
  return {
    *add(line: number, to: Outline, message: Message): Generator<ImportRecord> {
      const isAnother = to.id !== outline?.id;
      const isFull = held.length >= MAX_HELD_MESSAGES || characters >= MAX_HELD_CHARACTERS;
      // Answers without a question could go on for ever.
      const mayPart = message.role === 'user' || held.length >= 2 * MAX_HELD_MESSAGES;
      if (isAnother || (isFull && mayPart) || characters >= 2 * MAX_HELD_CHARACTERS) {
        yield* flush();
        if (isAnother) lastTime = null;
      }
      if (held.length === 0) firstLine = line;
      outline = to;
      held.push(message);
      characters += message.text.length;
    },
    flush,
  };
}
