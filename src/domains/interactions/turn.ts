import { createHash, randomBytes } from 'node:crypto';
import type { Actor } from '../../access/caller.ts';
import type { Owner } from '../../access/principals.ts';
import { formatUuid, nameBasedUuid } from '../../ground/uuids.ts';
import { ABSENT_UNANSWERED, type AcceptedFields, type BlankName, UNANSWERED, UNSAID } from './shape.ts';
import type { InteractionRow } from './tables.ts';

export type AnswerMode = 'plain_english' | 'founder_takeaway' | 'engineer_angle';

/**
 * One turn as it is accepted: everything that will be stored (see `TURN_FIELDS`), in a form that survives JSON, so that the
 * same value can wait in a file and be applied later. Its place in the conversation is given when it is applied.
 */
export interface Turn extends Owner, AcceptedFields {
  readonly episodeId: string | null;
  readonly mode: AnswerMode | null;
  readonly processingTimeMs: number;
  /** Characters that it names, the main one first: those of the query, and those that only the answer names. */
  readonly characterIds: readonly number[];
  /** For a conversation that never had a title; absent in turns of an older version. */
  readonly title?: string | null;
  /** Merged into the conversation's context. */
  readonly context: Readonly<Record<string, unknown>> | null;
  /** When this server took it, ISO 8601; absent in turns of an older version. What was deleted later is known by it. */
  readonly acceptedAt?: string;
  /** Who sent it, for the audit log; absent in turns of an older version and of the server itself. */
  readonly actor?: Actor | null;
}

type Unsaid = BlankName | 'episodeId' | 'mode' | 'context' | 'actor';

/** A turn of which only this is known yet. */
export function newTurn(given: Omit<Turn, Unsaid> & Partial<Turn>): Turn {
  const { tenantId, userId, turnId, conversationId } = given;
  return {
    ...{ tenantId, userId, turnId, conversationId },
    episodeId: null,
    mode: null,
    ...(UNSAID as Pick<Turn, BlankName>),
    context: null,
    actor: null,
    ...given,
  };
}

const TURN_NAMESPACE = Buffer.from('c6d2b6f0a1f94c6f9d4f2b8a6f3e1d57', 'hex');
const CONVERSATION_NAMESPACE = Buffer.from('8f1f4c0b7f1e4e43b9fd2a6f5f0c9b21', 'hex');

/** The id of the turn that an idempotency key names: a retry gets the same one. */
export function turnIdOf(owner: Owner, conversationId: string, idempotencyKey: string): string {
  return nameBasedUuid(TURN_NAMESPACE, [owner.tenantId, owner.userId, conversationId, idempotencyKey]);
}

/** The id of the conversation that a user and an episode name together. */
export function conversationIdOf(owner: Owner, episodeId: string): string {
  return nameBasedUuid(CONVERSATION_NAMESPACE, [owner.tenantId, owner.userId, episodeId]);
}

/** Names the conversation of a turn among those of all users; the journal keeps the order within it. */
export function streamOf({ tenantId, userId, conversationId }: Owner & { conversationId: string }): string {
  return JSON.stringify([tenantId, userId, conversationId]);
}

/** The same turn under an id of its own, for one whose idempotency key turned out to be used for another content. */
export function rekeyTurn(turn: Turn): Turn {
  const turnId = nameBasedUuid(TURN_NAMESPACE, [turn.turnId, turn.payloadHash]);
  return {
    ...turn,
    turnId,
    idempotencyKey: null,
    metadata: { ...turn.metadata, reused_idempotency_key: turn.idempotencyKey },
  };
}

/** What takes the place of an answer that the database cannot hold. */
const ANSWER_REFUSED =
  'An answer was made, but the database could not hold it, so it is lost. What you said is stored; ask again for a new answer.';

/** Whether an answer that this server made can be left out: one of its own making, and not left out already. */
export function hasOwnAnswer(turn: Turn): boolean {
  const isOwn = turn.stepTimings !== null && (turn.status === 'ANSWERED' || turn.status === 'FAILED');
  return isOwn && turn.response !== ANSWER_REFUSED;
}

/** The same turn with nothing left of its answer: only what was accepted before a model was asked. */
export function withoutAnswer(turn: Turn): Turn {
  const { request_type, context } = turn.metadata;
  const accepted = Object.entries(turn).filter(([name]) => !ABSENT_UNANSWERED.has(name));
  return {
    ...(Object.fromEntries(accepted) as unknown as Turn),
    ...(UNANSWERED as Partial<Turn>),
    // They tell of the attempt, however it ended.
    processingTimeMs: turn.processingTimeMs,
    stepTimings: turn.stepTimings,
    response: ANSWER_REFUSED,
    metadata: { request_type, ...(context === undefined ? {} : { context }) },
    status: 'FAILED',
  };
}

/**
 * Whether a turn that comes back from outside may have its id: one that follows from names must follow from its own,
 * or it could take the place of somebody else's turn.
 */
export function isOwnTurnId(
  owner: Owner,
  turn: Pick<Turn, 'turnId' | 'conversationId' | 'idempotencyKey' | 'payloadHash' | 'metadata'>,
): boolean {
  const id = turn.turnId.toLowerCase();
  // An older version gave another name to a conversation whose name another user had, and kept the turn's id.
  const { accepted_as_conversation: accepted, reused_idempotency_key: reused } = turn.metadata;
  const conversationId = typeof accepted === 'string' ? accepted : turn.conversationId;
  if (turn.idempotencyKey !== null) return id === turnIdOf(owner, conversationId, turn.idempotencyKey);
  if (id.charAt(14) !== '5') return true;
  if (typeof reused !== 'string') return false;
  return id === nameBasedUuid(TURN_NAMESPACE, [turnIdOf(owner, conversationId, reused), turn.payloadHash]);
}

/** SHA-256 over what a caller sent, independent of the order of keys; hexadecimal. */
export function payloadHashOf(payload: unknown): string {
  return createHash('sha256').update(canonicalJson(payload)).digest('hex');
}

/**
 * The hash that ties a turn to its predecessor: SHA-256 over the predecessor's hash (nothing for the first turn)
 * and the turn's content in canonical JSON. What counts is listed here and never changes: stored hashes are over it. Of a turn that was interrupted, only the query's side counts, because
 * its answer may come later (see `completionHashOf`).
 */
export function chainHashOf(previous: Buffer | null, turn: ChainedContent): Buffer {
  const wasInterrupted = turn.status === 'INTERRUPTED' || Boolean(turn.completionHash);
  const content = {
    turnId: turn.turnId,
    sequence: turn.sequence,
    tenantId: turn.tenantId,
    userId: turn.userId,
    conversationId: turn.conversationId,
    query: turn.query,
    speaker: turn.speaker,
    timestamp: turn.timestamp instanceof Date ? turn.timestamp.toISOString() : turn.timestamp,
    sessionId: turn.sessionId,
    payloadHash: Buffer.isBuffer(turn.payloadHash) ? turn.payloadHash.toString('hex') : turn.payloadHash,
    ...(wasInterrupted ? {} : answerOf(turn)),
  };
  const hash = createHash('sha256');
  if (previous) hash.update(previous);
  return hash.update(canonicalJson(content)).digest();
}

/** The hash over the late answer of a turn that was interrupted: SHA-256 over its chain hash and the answer. */
export function completionHashOf(chainHash: Buffer, turn: AnswerContent): Buffer {
  return createHash('sha256')
    .update(chainHash)
    .update(canonicalJson(answerOf(turn)))
    .digest();
}

function answerOf({ response, responder, modelUsed, intent, metadata }: AnswerContent) {
  return { response, responder, modelUsed, intent, metadata };
}

export type AnswerContent = Pick<InteractionRow, 'response' | 'responder' | 'modelUsed' | 'intent'> & {
  metadata: unknown;
};

type ChainedContent = AnswerContent &
  Pick<
    InteractionRow,
    | 'turnId'
    | 'sequence'
    | 'tenantId'
    | 'userId'
    | 'conversationId'
    | 'query'
    | 'speaker'
    | 'sessionId'
    | 'status'
  > & {
    timestamp: Date | string;
    payloadHash: Buffer | string;
    completionHash?: Buffer | null;
  };

/** JSON with sorted keys and without undefined values. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** A version 7 UUID (RFC 9562, section 5.7): sorts by its time, to the millisecond. */
export function timeOrderedUuid(at: Date): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(at.getTime(), 0, 6);
  return formatUuid(bytes, 7);
}
