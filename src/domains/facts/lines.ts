import { z } from 'zod';
import * as input from '../../ground/input.ts';
import {
  FACT_CATEGORIES,
  FACT_CHANGE_KINDS,
  FACT_ORIGINS,
  FACT_STATUSES,
  PRECISIONS,
  RETRACTIONS,
} from './tables.ts';

const id = z.guid({ error: 'must be a UUID' });
const words = (minimum: number) => input.text(MAX_LINE_WORDS, minimum);
const MAX_LINE_WORDS = 10_000;
const instant = input.writtenInstant;
const confidence = z.number().min(0).max(1);
const offset = z.int().min(0).max(2_147_483_647);
const dates = {
  validFrom: instant.nullable(),
  precision: z.enum(PRECISIONS).nullable(),
};

/** Where a fact was said, within its line. */
const SourceOfLine = z.object({
  sourceId: id,
  addedBy: id,
  withdrawn: z.boolean(),
  turnId: id.nullable(),
  // Older exports know of no pictures.
  fileHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 of 64 hexadecimal digits' })
    .nullable()
    .default(null),
  field: z.enum(['query', 'response']).nullable(),
  quote: words(1),
  startsAt: offset,
  endsAt: offset,
  saidAt: instant,
  origin: z.enum(FACT_ORIGINS),
  confidence,
  statement: words(1),
  subject: words(1),
  object: words(1),
  category: z.enum(FACT_CATEGORIES),
  validUntil: instant.nullable(),
  ...dates,
});

/** A fact with its sources as a line of an export. */
export const FactLine = z
  .object({
    kind: z.literal('fact'),
    tenantId: z.string(),
    userId: z.string(),
    factId: id,
    statement: words(0),
    subject: words(0),
    predicate: words(0),
    object: words(0),
    category: z.enum(FACT_CATEGORIES),
    negated: z.boolean(),
    confidence,
    status: z.enum(FACT_STATUSES),
    origin: z.enum(FACT_ORIGINS),
    validUntil: instant.nullable(),
    saidUntil: instant.nullable(),
    ...dates,
    firstSaidAt: instant,
    lastSaidAt: instant,
    recordedAt: instant,
    retiredAt: instant.nullable(),
    retractedBy: z.enum(RETRACTIONS).nullable(),
    supersededBy: id.nullable(),
    correctedBy: id.nullable(),
    sources: z.array(SourceOfLine),
  })
  .refine(({ sources, retractedBy }) => (sources.length === 0) === (retractedBy === 'SOURCES'), {
    path: ['sources'],
    error: 'must have at least one, but for a fact that was retracted with them',
  })
  .refine(({ statement, sources }) => (statement === '') === (sources.length === 0), {
    path: ['statement'],
    error: 'must be empty where there is no source, and nowhere else',
  });
export type FactLine = z.output<typeof FactLine>;

const writtenText = z.string().refine((text) => !Number.isNaN(Date.parse(text)), {
  error: 'must be an instant in ISO 8601',
});

/** A change of a fact as a line of an export. */
export const FactChangeLine = z.object({
  kind: z.literal('factChange'),
  tenantId: z.string(),
  userId: z.string(),
  factId: id,
  changeId: id,
  act: id,
  change: z.enum(FACT_CHANGE_KINDS),
  at: instant,
  by: input.text(100),
  runId: id.nullable(),
  before: z
    .object({
      status: z.enum(FACT_STATUSES),
      validUntil: writtenText.nullable(),
      retiredAt: writtenText.nullable(),
      retractedBy: z.enum(RETRACTIONS).nullable(),
      supersededBy: id.nullable(),
      correctedBy: id.nullable(),
    })
    .nullable(),
  isFinal: z.boolean(),
  undone: z.boolean(),
});
export type FactChangeLine = z.output<typeof FactChangeLine>;
