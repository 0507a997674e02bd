import type { Position } from './files.ts';
import { isValue, readValues } from './lines.ts';
import { type ImportRecord, toTurnRecord } from './records.ts';

/** What a line of a `turns` file may hold; quoted by docs/import.md and by the usage text. */
export const TURNS_FORMAT = `\
One JSON object a line (JSON Lines, at most 1 MiB a line; empty lines are ignored), or a JSON array of them:
  conversationId    text, required: 1 to 100 characters
  query             text, required: what was said, 1 to 32,000 characters
  response          text: what was answered, at most 200,000 characters; absent where nobody answered
  speaker           text: who said it, if not the user, at most 100 characters
  responder         text: who answered, if not the assistant, at most 100 characters
  timestamp         text: ISO 8601 with a time zone, such as 2024-05-08T13:56:00Z
  sessionId         text: utterances of one sitting share it, at most 255 characters
  modelUsed         text: at most 100 characters
  processingTimeMs  number: milliseconds, 0 or more
  intent            text: at most 50 characters
  metadata          JSON object: at most 64 KiB, 32 levels deep
  idempotencyKey    text: 1 to 255 printable ASCII characters; made from the content if absent
A null field is an absent one. Any other field makes the line a bad record.`;

/**
 * Reads a JSON Lines file of turns ({@link TURNS_FORMAT}), or an array of them, as {@link readValues} does. What is not a
 * turn is a bad record.
 */
export async function* readTurns(file: string, position: Position): AsyncGenerator<ImportRecord> {
  for await (const read of readValues(file, position))
    yield isValue(read) ? toTurnRecord(read.number, read.value) : read;
}
