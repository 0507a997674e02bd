import { getTableColumns } from 'drizzle-orm';
import { type ZodType, z } from 'zod';
import * as input from '../../ground/input.ts';
import { FINISH_REASONS, INTERACTION_STATUSES, type InteractionRow, interactions } from './tables.ts';

/** What is to be known of one stored field of a turn, beside its column. */
interface Field {
  /** What a line of an export may hold. */
  readonly line: ZodType;
  /** What a caller who records a turn may say; absent: nothing, the server finds it out. */
  readonly said?: ZodType;
  /** Its name in an accepted turn (and so in the journal), and in a line, where it is not that of the row. */
  readonly entryName?: string;
  readonly lineName?: string;
  /** What an accepted turn says while nothing else is known; absent: it always says something of its own. */
  readonly blank?: unknown;
  /** Where it is left out while it says nothing: what came later is, so that what is older keeps its bytes. */
  readonly absent?: 'in entries' | 'in lines' | 'everywhere';
  /** The database gives it, or somebody sets it later: no accepted turn says it. */
  readonly accepted?: false;
  /** Comes with the answer: it is set when an interrupted turn is answered after all. */
  readonly answer?: true;
}

const optionalText = (maximum: number) => input.text(maximum, 0).nullish();
const nullableText = (maximum: number) => input.text(maximum, 0).nullable();
const hash = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 hash in hexadecimal' });
const names = z.array(input.text(1_000, 0)).max(100);
/** Characters of one turn that are kept: the first ones that it names. */
export const MAX_CHARACTERS = 100;
const milliseconds = z
  .number()
  .min(0, { error: 'must be at least 0' })
  .max(1e12, { error: 'must be at most 1e12' });
const amount = z.string().regex(/^\d{1,6}(\.\d{1,6})?$/);

/**
 * The shape of a turn: what is stored of it beside its owner, by the names of the row. From it follow the accepted turn
 * and its entry in the journal, the row of one that waits, the statements that store, answer and restore turns, and the
 * lines of an export. The order is that of entries and lines. A new field is `absent: 'everywhere'`. What the chain of
 * hashes covers does not follow from it: one field more would change every hash (see `chainHashOf`).
 */
export const TURN_FIELDS = {
  conversationId: { line: input.conversationId },
  turnId: { line: z.guid({ error: 'must be a UUID' }) },
  sequence: { line: z.int().min(1), accepted: false },
  query: { line: input.text(input.MAX_QUERY_LENGTH), said: input.text(input.MAX_QUERY_LENGTH) },
  response: {
    line: input.text(input.MAX_RESPONSE_LENGTH, 0),
    said: optionalText(input.MAX_RESPONSE_LENGTH),
    blank: '',
    answer: true,
  },
  speaker: { line: nullableText(100), said: optionalText(100), blank: null },
  responder: { line: nullableText(100), said: optionalText(100), blank: null, answer: true },
  modelUsed: { line: input.text(100), said: optionalText(100), blank: 'none', answer: true },
  intelligenceLevel: { line: nullableText(100), blank: null, answer: true },
  /** Accepted in milliseconds, stored in seconds. */
  processingTime: {
    line: z.number().min(0),
    said: milliseconds.nullish(),
    entryName: 'processingTimeMs',
    blank: 0,
    answer: true,
  },
  escalationPath: { line: names, blank: [], answer: true },
  intent: { line: nullableText(50), said: optionalText(50), blank: null, answer: true },
  confidence: { line: z.number().min(0).max(1).nullable(), blank: null, answer: true },
  requiresClarification: { line: z.boolean(), blank: false, answer: true },
  clarifyingQuestions: { line: names, blank: [], answer: true },
  timestamp: { line: input.writtenInstant, said: input.instant.nullish() },
  sessionId: { line: nullableText(255), said: optionalText(255), blank: null },
  metadata: { line: input.jsonObject, said: input.jsonObject.nullish(), blank: {}, answer: true },
  status: { line: z.enum(INTERACTION_STATUSES), answer: true },
  idempotencyKey: {
    line: input.idempotencyKey.nullable(),
    said: input.idempotencyKey.nullish(),
    blank: null,
  },
  /** SHA-256 of what the caller sent. */
  payloadHash: { line: hash },
  stepTimings: { line: z.record(z.string(), z.number()).nullable(), blank: null, answer: true },
  tokensIn: { line: z.int().nullable(), blank: null, answer: true },
  tokensOut: { line: z.int().nullable(), blank: null, answer: true },
  finishReason: { line: z.enum(FINISH_REASONS).nullish(), absent: 'everywhere', answer: true },
  cost: { line: amount.nullable(), absent: 'in entries', answer: true },
  /** The first one of those that are accepted. A line has its name, because ids are another database's. */
  characterId: {
    line: nullableText(100),
    entryName: 'characterIds',
    lineName: 'character',
    blank: [],
    answer: true,
  },
  /** All of them, by their names. Entries had them before rows did; a line has them where they are several. */
  characterIds: {
    line: z.array(input.text(100)).max(MAX_CHARACTERS).nullish(),
    lineName: 'characters',
    blank: [],
    absent: 'in lines',
    answer: true,
  },
  rating: { line: z.number().min(-1).max(1).nullable(), accepted: false },
  ratingComment: { line: nullableText(500), accepted: false },
  chainHash: { line: hash, accepted: false },
  completionHash: { line: hash.nullable(), accepted: false },
} as const satisfies { readonly [K in keyof InteractionRow]?: Field };

type Fields = typeof TURN_FIELDS;
type FieldName = keyof Fields;
type Having<P> = { [K in FieldName]: Fields[K] extends P ? K : never }[FieldName];
type EntryName<K extends FieldName> = K extends FieldName
  ? Fields[K] extends { entryName: infer N extends string }
    ? N
    : K
  : never;
type LineName<K extends FieldName> = Fields[K] extends { lineName: infer N extends string } ? N : K;
/** As JSON has it: instants in ISO 8601 with milliseconds (UTC), hashes in hexadecimal. */
type Written<V> = V extends Date | Buffer ? string : V;
type Absent = Having<{ absent: 'in entries' | 'everywhere' }>;

/** Fields that an accepted turn says under the names of the row. */
export type AcceptedName = Exclude<FieldName, Having<{ accepted: false } | { entryName: string }>>;
export type AcceptedFields = {
  readonly [K in Exclude<AcceptedName, Absent>]: Written<InteractionRow[K]>;
} & { readonly [K in Extract<AcceptedName, Absent>]?: NonNullable<Written<InteractionRow[K]>> };
/** Names, in an accepted turn, of what it need not be given. */
export type BlankName = EntryName<Having<{ blank: unknown }>>;

const columns = getTableColumns(interactions);
export const columnOf = (name: FieldName): string => columns[name].name;

export const FIELDS = Object.entries(TURN_FIELDS).map(([key, field]: [string, Field]) => {
  const name = key as FieldName;
  const { entryName = name, lineName = name } = field;
  return { ...field, name, entryName, lineName, column: columnOf(name) };
});

const ACCEPTED = FIELDS.filter(({ accepted }) => accepted !== false);
const ANSWERS = ACCEPTED.filter(({ answer }) => answer);

/** What every accepted turn says, in the order of an entry; undefined: it must be given. */
export const UNSAID: Readonly<Record<string, unknown>> = Object.fromEntries(
  ACCEPTED.filter(({ absent }) => !absent || absent === 'in lines').map(({ entryName, blank }) => [
    entryName,
    blank,
  ]),
);

/** What an accepted turn says of its answer while there is none. */
export const UNANSWERED: Readonly<Record<string, unknown>> = Object.fromEntries(
  ANSWERS.flatMap(({ entryName, blank }) => (blank === undefined ? [] : [[entryName, blank]])),
);

/** What it leaves out then. */
export const ABSENT_UNANSWERED: ReadonlySet<string> = new Set(
  ANSWERS.flatMap(({ entryName, absent }) => (absent && absent !== 'in lines' ? [entryName] : [])),
);

/** Fields that a row takes over from an accepted turn as they are, but for how they are written. */
export const SAME_FIELDS = ACCEPTED.flatMap(({ name, entryName, blank }) =>
  name === entryName ? [{ name: name as AcceptedName, blank }] : [],
);

const HASHES: ReadonlySet<string> = new Set<FieldName>(['payloadHash', 'chainHash', 'completionHash']);
export const isHash = (name: string): boolean => HASHES.has(name);

/** In the order of a line: hashes close it, because they vouch for what stands before. */
export const LINE_FIELDS = FIELDS.toSorted((a, b) => Number(isHash(a.name)) - Number(isHash(b.name)));

/** What a line of an export holds of a turn. */
export const TURN_LINE = Object.fromEntries(FIELDS.map(({ lineName, line }) => [lineName, line])) as {
  readonly [K in FieldName as LineName<K>]: Fields[K]['line'];
};

/** What a caller may say of a turn that is recorded. */
export const TURN_SAID = Object.fromEntries(
  FIELDS.flatMap(({ entryName, said }) => (said ? [[entryName, said]] : [])),
) as { readonly [K in Having<{ said: ZodType }> as EntryName<K>]: Fields[K]['said'] };

/** The latest intents that a conversation keeps. */
export const INTENT_HISTORY_LENGTH = 50;

/** The columns that turns are stored with, their owner's included. */
export const STORED_COLUMNS: readonly string[] = [
  columns.tenantId.name,
  columns.userId.name,
  ...FIELDS.map(({ column }) => column),
];

/** The columns that an answer sets, beside the hash over it. */
export const ANSWER_COLUMNS: readonly string[] = ANSWERS.map(({ column }) => column);
