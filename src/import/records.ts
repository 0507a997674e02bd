import { z } from 'zod';
import {
  conversationId,
  idempotencyKey,
  jsonObject,
  MAX_QUERY_LENGTH,
  MAX_RESPONSE_LENGTH,
  text,
  writtenInstant,
} from '../ground/input.ts';
import { readInstant } from '../ground/instants.ts';

/** Bytes of one `recordTurns` request body; the server refuses more than 1 MiB. */
export const MAX_BATCH_BYTES = 900 * 1024;
/** Bytes that a request body needs besides its turns. */
export const BATCH_OVERHEAD_BYTES = 4 * 1024;

/** A file that cannot be imported at all: missing, of an unknown format, truncated. Its message is for the user. */
export class ImportFileError extends Error {
  override readonly name = 'ImportFileError';
}

/** Nothing that is known here: in a folder or an archive, something else that lies there. */
export class UnknownFormatError extends ImportFileError {}

/** As a normalised instant in UTC. */
const timestamp = writtenInstant.transform((instant) => instant.toISOString());

const turnShape = {
  query: text(MAX_QUERY_LENGTH),
  response: text(MAX_RESPONSE_LENGTH, 0).optional(),
  speaker: text(100).optional(),
  responder: text(100).optional(),
  timestamp: timestamp.optional(),
  sessionId: text(255).optional(),
  modelUsed: text(100).optional(),
  processingTimeMs: z
    .number({ error: 'must be a number of milliseconds, 0 or more' })
    .nonnegative()
    .optional(),
  intent: text(50).optional(),
  metadata: jsonObject.optional(),
  idempotencyKey: idempotencyKey.optional(),
};

const RecordedTurn = z.strictObject({ conversationId, ...turnShape });

const Character = z.strictObject({
  characterName: text(100),
  aliases: z.array(text(100)).optional(),
  creator: text(100).optional(),
  sourceFranchise: text(200).optional(),
  personalityTraits: text(MAX_QUERY_LENGTH).optional(),
  backgroundStory: text(MAX_QUERY_LENGTH).optional(),
  styleElements: z.array(text(200)).optional(),
  notes: text(MAX_QUERY_LENGTH).optional(),
});

/** The fields of `TurnInput` in the server's schema. */
export type TurnInput = Omit<z.output<typeof RecordedTurn>, 'conversationId'>;
/** The fields of `CharacterInput` that a card can fill. */
export type CharacterInput = z.output<typeof Character>;

export type TurnRecord = {
  kind: 'turn';
  line: number;
  conversationId: string;
  turn: TurnInput;
  /** What the conversation is called for people. */
  title?: string;
};
export type CharacterRecord = {
  kind: 'character';
  line: number;
  character: CharacterInput;
  /** The file as the server takes it, in Base64; absent: only the profile is sent. */
  card?: string;
  /** What was left out or shortened, for the user. */
  told?: readonly string[];
};
export type BadRecord = {
  kind: 'bad';
  line: number;
  field: string | null;
  message: string;
  /** The file breaks off here. */
  isEnd?: true;
};

/** One thing read from a file. `line` counts from 1 in the format's unit: lines, utterances or conversations. */
export type ImportRecord = TurnRecord | CharacterRecord | BadRecord;

/**
 * Checks one turn against the server's limits.
 *
 * @param value anything that came out of a file; null fields are the same as absent ones
 * @param prefix put before the field's name, such as `conversations[2].turns[0].`
 * @param names what the file calls a field of the turn
 */
export function toTurnRecord(
  line: number,
  value: unknown,
  prefix = '',
  names: Record<string, string> = {},
): TurnRecord | BadRecord {
  if (!isObject(value)) return bad(line, prefix === '' ? null : prefix.slice(0, -1), 'must be a JSON object');
  const parsed = RecordedTurn.safeParse(withoutNulls(value));
  if (!parsed.success) return describeIssue(line, parsed.error.issues[0], prefix, names);
  const { conversationId: conversation, ...turn } = parsed.data;
  if (turn.response === '') delete turn.response;
  const bytes = Buffer.byteLength(JSON.stringify(turn));
  if (bytes > MAX_BATCH_BYTES - BATCH_OVERHEAD_BYTES) {
    const limit = MAX_BATCH_BYTES - BATCH_OVERHEAD_BYTES;
    return bad(
      line,
      prefix === '' ? null : prefix.slice(0, -1),
      `must have at most ${limit} bytes as JSON, has ${bytes}`,
    );
  }
  return { kind: 'turn', line, conversationId: conversation, turn };
}

/** Checks one character against the server's limits; see {@link toTurnRecord}. */
export function toCharacterRecord(
  line: number,
  value: unknown,
  names: Record<string, string> = {},
): CharacterRecord | BadRecord {
  const parsed = Character.safeParse(value);
  if (!parsed.success) return describeIssue(line, parsed.error.issues[0], '', names);
  return { kind: 'character', line, character: parsed.data };
}

export function bad(line: number, field: string | null, message: string): BadRecord {
  return { kind: 'bad', line, field, message };
}

/** What stands in place of an element that cannot be used. */
export function badElement(line: number, { problem, isEnd }: { problem: string; isEnd: boolean }): BadRecord {
  return { ...bad(line, null, problem), ...(isEnd ? { isEnd } : {}) };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same instant in UTC with milliseconds, or null where the text is not an instant of the years 1 to 9999. */
export function parseInstant(value: string): string | null {
  return readInstant(value).instant?.toISOString() ?? null;
}

function describeIssue(
  line: number,
  issue: z.core.$ZodIssue | undefined,
  prefix: string,
  names: Record<string, string>,
): BadRecord {
  if (issue?.code === 'unrecognized_keys')
    return bad(line, `${prefix}${issue.keys[0]}`, 'is not a known field');
  const [first, ...rest] = (issue?.path ?? []).map(String);
  if (first === undefined) return bad(line, null, issue?.message ?? 'is not valid');
  return bad(
    line,
    [`${prefix}${names[first] ?? first}`, ...rest].join('.'),
    issue?.message ?? 'is not valid',
  );
}

function withoutNulls(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null));
}
