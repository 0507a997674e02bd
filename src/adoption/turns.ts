import { chainHashOf, payloadHashOf, turnIdOf } from '../domains/interactions/turn.ts';
import { MAX_JSON_BYTES, MAX_QUERY_LENGTH, MAX_RESPONSE_LENGTH } from '../ground/input.ts';
import type { OlderRow } from './older-row.ts';

/** Idempotency keys of adopted turns begin so. */
export const KEY_PREFIX = 'older-';
/** Where a turn keeps what of its older row could not be taken as it was. */
const ORIGINALS = 'adopted';
const NOTHING_SAID = '(nothing was said)';

export interface TurnOwner {
  readonly tenantId: string;
  readonly userId: string;
}

/** The conversation that turns are put at the end of, one after the other. */
export class AdoptedConversation {
  readonly owner: TurnOwner;
  readonly conversationId: string;
  #sequence = 0;
  #previous: Buffer | null = null;
  #latest: string;
  #id: string | null = null;
  #keysOfId = new Set<string>();

  /** @param begun when it began, for turns that do not say when they were said */
  constructor(owner: TurnOwner, conversationId: string, begun: string) {
    this.owner = owner;
    this.conversationId = conversationId;
    this.#latest = begun;
  }

  /** When the latest of its turns was said. */
  get latest(): string {
    return this.#latest;
  }

  /**
   * The turn of an older row, as a line of an export. It depends on the rows up to it and on nothing else: the same rows
   * give the same turns again.
   *
   * @returns null for a row that is the same as one of the same id before it
   */
  next(row: OlderRow): AdoptedTurn | null {
    const { owner, conversationId } = this;
    const said = saidIn(row, this.#latest);
    const idempotencyKey = keyOf(row, said);
    if (this.#isThere(row.id, idempotencyKey)) return null;
    const sequence = ++this.#sequence;
    const turn = {
      kind: 'turn',
      conversationId,
      turnId: turnIdOf(owner, conversationId, idempotencyKey),
      sequence,
      ...said,
      ...UNKNOWN_THEN,
      idempotencyKey,
      payloadHash: payloadHashOf(said),
    } as const;
    const chainHash = chainHashOf(this.#previous, { ...turn, ...owner });
    this.#previous = chainHash;
    this.#latest = said.timestamp;
    return { ...turn, chainHash: chainHash.toString('hex') };
  }

  /** Rows come in the order of their ids. */
  #isThere(id: string, key: string): boolean {
    if (id !== this.#id) this.#keysOfId = new Set();
    this.#id = id;
    const isThere = this.#keysOfId.has(key);
    this.#keysOfId.add(key);
    return isThere;
  }
}

/** A turn as a line of an export. */
export type AdoptedTurn = Readonly<Record<string, unknown>> & {
  readonly conversationId: string;
  readonly turnId: string;
  readonly sequence: number;
  readonly chainHash: string;
};

/** What the older service did not know of a turn. */
const UNKNOWN_THEN = {
  speaker: null,
  responder: null,
  intelligenceLevel: null,
  stepTimings: null,
  tokensIn: null,
  tokensOut: null,
  cost: null,
  character: null,
  rating: null,
  ratingComment: null,
  completionHash: null,
} as const;

function saidIn(row: OlderRow, latest: string) {
  const response = row.text('response', MAX_RESPONSE_LENGTH) ?? row.changed('response', '', 'is absent');
  const said = {
    query: row.required('query', MAX_QUERY_LENGTH, NOTHING_SAID),
    response,
    modelUsed: row.required('model_used', 100, 'unknown'),
    processingTime:
      row.number('processing_time', 0, 1e9) ?? row.changed('processing_time', 0, 'is absent or no duration'),
    escalationPath: row.texts('escalation_path', 1_000, 100),
    intent: row.text('intent', 50),
    confidence: row.number('confidence', 0, 1),
    requiresClarification: row.boolean('requires_clarification', false),
    clarifyingQuestions: row.texts('clarifying_questions', 1_000, 100),
    timestamp: row.instant('timestamp') ?? row.supplied('timestamp', latest),
    sessionId: row.text('session_id', 255),
    status: response === '' ? 'RECORDED' : 'ANSWERED',
  } as const;
  return { ...said, metadata: metadataOf(row) };
}

/** What the row says of itself, and what of it could not be taken as it was, as far as both fit. */
function metadataOf(row: OlderRow): Record<string, unknown> {
  const own = row.object('metadata');
  row.keepRest();
  const { originals } = row;
  const whole = Object.keys(originals).length === 0 ? own : { ...own, [ORIGINALS]: originals };
  if (fits(whole)) return whole;
  // The report has the whole value.
  const why = `does not fit into ${MAX_JSON_BYTES} bytes with what was changed; the report has it`;
  if (fits(own)) return row.changed('metadata', own, why);
  return row.changed('metadata', {}, why);
}

const MAX_DEPTH = 32;

function fits(value: unknown): boolean {
  return depthOf(value) <= MAX_DEPTH && Buffer.byteLength(JSON.stringify(value)) <= MAX_JSON_BYTES;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  let depth = 1;
  for (const item of Object.values(value)) depth = Math.max(depth, 1 + depthOf(item));
  return depth;
}

/** The same row has the same key each time; two rows of one id, which an older database without a key may have, differ. */
function keyOf(row: OlderRow, said: object): string {
  const id = row.id.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100);
  return `${KEY_PREFIX}${id}-${payloadHashOf(said).slice(0, 16)}`;
}
