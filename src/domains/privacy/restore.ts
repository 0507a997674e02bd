import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { CharacterLine, restoreCharacters } from '../characters/own.ts';
import { InvalidInput, NotFound } from '../errors.ts';
import * as input from '../input.ts';
import { FINISH_REASONS, INTERACTION_STATUSES } from '../interactions/tables.ts';
import { chainHashOf, completionHashOf, isOwnTurnId } from '../interactions/turn.ts';
import { checkSettingsOwner, restoreSettings, SettingsLine } from '../settings/exported.ts';
import { MAX_LINES } from './export.ts';
import type { Tombstones } from './tombstones.ts';

export interface RestoreServices {
  readonly db: Database;
  readonly tombstones: Tombstones;
  /** Told of turns that were stored. */
  readonly indexWorker: { wake(turns: number): void };
  readonly vectorWorker: { wake(): void };
  readonly characters: { changed(tenantId: string, userId: string | null): void };
}

export interface Restored {
  readonly turns: number;
  /** Turns that were there already. */
  readonly replayed: number;
  /** Own characters. */
  readonly characters: number;
}

const hash = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 hash in hexadecimal' });
const nullableText = (maximum: number) => input.text(maximum, 0).nullable();
const names = z.array(input.text(1_000, 0)).max(100);

const ConversationLine = z.object({
  kind: z.literal('conversation'),
  tenantId: z.string(),
  userId: z.string(),
  conversationId: input.conversationId,
  episodeId: nullableText(255),
  lastMode: z.enum(['plain_english', 'founder_takeaway', 'engineer_angle']).nullable(),
  lastInteraction: input.writtenInstant,
  intentHistory: z.array(input.text(50, 0)).max(50),
  context: input.jsonObject,
  chainHash: hash.nullable(),
  // Exports of an older version have neither.
  title: nullableText(input.MAX_TITLE_LENGTH).default(null),
  pinned: z.boolean().default(false),
});

const TurnLine = z.object({
  kind: z.literal('turn'),
  conversationId: input.conversationId,
  turnId: z.guid({ error: 'must be a UUID' }),
  sequence: z.int().min(1),
  query: input.text(input.MAX_QUERY_LENGTH),
  response: input.text(input.MAX_RESPONSE_LENGTH, 0),
  speaker: nullableText(100),
  responder: nullableText(100),
  modelUsed: input.text(100),
  intelligenceLevel: nullableText(100),
  processingTime: z.number().min(0),
  escalationPath: names,
  intent: nullableText(50),
  confidence: z.number().min(0).max(1).nullable(),
  requiresClarification: z.boolean(),
  clarifyingQuestions: names,
  timestamp: input.writtenInstant,
  sessionId: nullableText(255),
  metadata: input.jsonObject,
  status: z.enum(INTERACTION_STATUSES),
  idempotencyKey: input.idempotencyKey.nullable(),
  stepTimings: z.record(z.string(), z.number()).nullable(),
  tokensIn: z.int().nullable(),
  tokensOut: z.int().nullable(),
  finishReason: z.enum(FINISH_REASONS).nullish(),
  cost: z
    .string()
    .regex(/^\d{1,6}(\.\d{1,6})?$/)
    .nullable(),
  character: nullableText(100),
  rating: z.number().min(-1).max(1).nullable(),
  ratingComment: nullableText(500),
  payloadHash: hash,
  chainHash: hash,
  completionHash: hash.nullable(),
});

type ConversationLine = z.output<typeof ConversationLine>;
type TurnLine = z.output<typeof TurnLine>;
interface Part {
  readonly conversation: ConversationLine | null;
  readonly conversationId: string;
  readonly turns: { line: number; turn: TurnLine }[];
}

const Lines = z
  .array(z.string())
  .min(1, { error: 'must have at least 1 line' })
  .max(MAX_LINES, { error: `must have at most ${MAX_LINES} lines` });

/**
 * Puts lines of an export back: each turn under its own id and at its place, checked against the hash that ties it
 * to its predecessor. All or nothing; turns that are there already are passed over, so sending again is safe.
 *
 * Settings come back unless the user has chosen again since.
 *
 * @throws InvalidInput naming the line; NotFound for turns of a conversation that is not there
 */
export async function restoreLines(
  { db, tombstones, indexWorker, vectorWorker, characters }: RestoreServices,
  owner: Owner,
  given: readonly string[],
): Promise<Restored> {
  const { settings, parts, own } = readParts(owner, input.parseInput(Lines, [...given], 'lines'), tombstones);
  const total = { turns: 0, replayed: 0, characters: 0 };
  await db.transaction(async (client) => {
    await restoreSettings(client, owner, settings);
    total.characters = await restoreCharacters(client, owner, own);
    for (const part of parts) {
      const done = await restorePart(client, owner, part);
      total.turns += done.turns;
      total.replayed += done.replayed;
    }
  });
  indexWorker.wake(total.turns);
  vectorWorker.wake();
  if (total.characters > 0) characters.changed(owner.tenantId, owner.userId);
  return total;
}

/** Lines by conversation; a page may begin in the middle of one. */
function readParts(owner: Owner, lines: readonly string[], tombstones: Tombstones) {
  const parts: Part[] = [];
  const settings: SettingsLine[] = [];
  const own: CharacterLine[] = [];
  for (const [line, text] of lines.entries()) {
    const value = parsed(text, line);
    if ((value as { kind?: unknown } | null)?.kind === 'settings') {
      const chosen = input.parseInput(SettingsLine, value, `lines.${line}`);
      checkSettingsOwner(owner, chosen, line);
      tombstones.check(owner, chosen.updatedAt, `lines.${line}.updatedAt`);
      settings.push(chosen);
      continue;
    }
    if ((value as { kind?: unknown } | null)?.kind === 'character') {
      const character = input.parseInput(CharacterLine, value, `lines.${line}`);
      tombstones.check(owner, character.updatedAt, `lines.${line}.updatedAt`);
      own.push(character);
      continue;
    }
    if ((value as { kind?: unknown } | null)?.kind === 'conversation') {
      const conversation = input.parseInput(ConversationLine, value, `lines.${line}`);
      if (conversation.userId !== owner.userId || conversation.tenantId !== owner.tenantId)
        throw new InvalidInput(
          `lines.${line}.userId`,
          'an export goes back to the user and tenant that it came from',
        );
      parts.push({ conversation, conversationId: conversation.conversationId, turns: [] });
      continue;
    }
    const turn = input.parseInput(TurnLine, value, `lines.${line}`);
    tombstones.check(owner, turn.timestamp, `lines.${line}.timestamp`);
    if (!isOwnTurnId(owner, turn))
      throw new InvalidInput(
        `lines.${line}.turnId`,
        'does not follow from the user, the conversation and the idempotency key',
      );
    let part = parts.at(-1);
    if (part?.conversationId !== turn.conversationId) {
      part = { conversation: null, conversationId: turn.conversationId, turns: [] };
      parts.push(part);
    }
    part.turns.push({ line, turn });
  }
  return { settings, parts, own };
}

function parsed(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidInput(`lines.${line}`, 'is not valid JSON');
  }
}

async function restorePart(
  client: PoolClient,
  owner: Owner,
  part: Part,
): Promise<Omit<Restored, 'characters'>> {
  const held = await lockConversation(client, owner, part);
  const known = new Map(
    (
      await client.query<{ id: string; chain: Buffer; own: boolean }>({
        name: 'restored_before',
        text: `select turn_id as id, chain_hash as chain, user_id = $2 and tenant_id = $3 as own
               from echo_unified_interactions where turn_id = any($1::uuid[])`,
        values: [part.turns.map(({ turn }) => turn.turnId), owner.userId, owner.tenantId],
      })
    ).rows.map((row) => [row.id, row]),
  );
  const fresh: TurnLine[] = [];
  let previous = held.chainHash;
  let next = held.nextSequence;
  for (const { line, turn } of part.turns) {
    const stored = known.get(turn.turnId.toLowerCase());
    if (stored) {
      if (!stored.own || stored.chain.toString('hex') !== turn.chainHash)
        throw new InvalidInput(`lines.${line}.turnId`, 'there is another turn of this id');
      continue;
    }
    if (turn.sequence !== next)
      throw new InvalidInput(`lines.${line}.sequence`, `must be ${next}, the next place in its conversation`);
    previous = checkHashes(owner, previous, turn, line);
    next++;
    fresh.push(turn);
  }
  await insertTurns(client, owner, fresh);
  if (fresh.length > 0)
    await client.query({
      name: 'restore_audited',
      text: `select echo_audit($1, $2, 'turns.restore', $3, 'OK', jsonb_build_object('turns', $4::int), echo_audit_teller())`,
      values: [owner.tenantId, owner.userId, part.conversationId, fresh.length],
    });
  await client.query({
    name: 'restore_conversation',
    text: `update echo_conversations set next_sequence = $4, chain_hash = $5
           where user_id = $1 and tenant_id = $2 and conversation_id = $3`,
    values: [owner.userId, owner.tenantId, part.conversationId, next, previous],
  });
  return { turns: fresh.length, replayed: part.turns.length - fresh.length };
}

async function lockConversation(client: PoolClient, owner: Owner, { conversation, conversationId }: Part) {
  if (conversation)
    await client.query({
      name: 'restore_begin',
      text: `insert into echo_conversations
               (user_id, tenant_id, conversation_id, episode_id, last_mode, last_interaction, intent_history, context,
                title, pinned)
             values ($1, $2, $3, $4, $5, least($6, now()), $7, $8, $9, $10) on conflict (conversation_id, tenant_id, user_id) do nothing`,
      values: [
        owner.userId,
        owner.tenantId,
        conversationId,
        conversation.episodeId,
        conversation.lastMode,
        conversation.lastInteraction,
        JSON.stringify(conversation.intentHistory),
        JSON.stringify(conversation.context),
        conversation.title,
        conversation.pinned,
      ],
    });
  const { rows } = await client.query<{ nextSequence: number; chainHash: Buffer | null }>({
    name: 'restore_lock',
    text: `select next_sequence as "nextSequence", chain_hash as "chainHash"
           from echo_conversations where conversation_id = $1 and tenant_id = $2 and user_id = $3 for update`,
    values: [conversationId, owner.tenantId, owner.userId],
  });
  const [held] = rows;
  if (!held) throw new NotFound('lines', `the line of the conversation "${conversationId}" must come first`);
  return held;
}

/** @returns the turn's chain hash @throws InvalidInput if the line was altered, or belongs elsewhere */
function checkHashes(owner: Owner, previous: Buffer | null, turn: TurnLine, line: number): Buffer {
  const completionHash = turn.completionHash ? Buffer.from(turn.completionHash, 'hex') : null;
  const chainHash = chainHashOf(previous, { ...turn, ...owner, completionHash });
  const isWhole =
    chainHash.toString('hex') === turn.chainHash &&
    (!completionHash || completionHashOf(chainHash, turn).equals(completionHash));
  if (!isWhole)
    throw new InvalidInput(
      `lines.${line}.chainHash`,
      'does not fit the turn and the one before it: one was altered',
    );
  return chainHash;
}

async function insertTurns(client: PoolClient, owner: Owner, turns: readonly TurnLine[]): Promise<void> {
  if (turns.length === 0) return;
  const rows = turns.map((turn) => ({
    ...{ tenant_id: owner.tenantId, user_id: owner.userId, turn_id: turn.turnId },
    ...{
      conversation_id: turn.conversationId,
      sequence: turn.sequence,
      query: turn.query,
      response: turn.response,
    },
    ...{ speaker: turn.speaker, responder: turn.responder, model_used: turn.modelUsed },
    ...{ intelligence_level: turn.intelligenceLevel, processing_time: turn.processingTime },
    ...{ escalation_path: turn.escalationPath, intent: turn.intent, confidence: turn.confidence },
    ...{ requires_clarification: turn.requiresClarification, clarifying_questions: turn.clarifyingQuestions },
    ...{
      timestamp: turn.timestamp,
      session_id: turn.sessionId,
      metadata: turn.metadata,
      status: turn.status,
    },
    ...{ idempotency_key: turn.idempotencyKey, step_timings: turn.stepTimings, tokens_in: turn.tokensIn },
    ...{
      tokens_out: turn.tokensOut,
      finish_reason: turn.finishReason ?? null,
      cost: turn.cost,
      rating: turn.rating,
      rating_comment: turn.ratingComment,
    },
    ...{ payload_hash: `\\x${turn.payloadHash}`, chain_hash: `\\x${turn.chainHash}` },
    completion_hash: turn.completionHash && `\\x${turn.completionHash}`,
    character: turn.character,
  }));
  const columns = Object.keys(rows[0] ?? {}).filter((column) => column !== 'character');
  await client.query({
    name: 'restore_turns',
    text: `insert into echo_unified_interactions (${columns.join(', ')}, character_id)
           select ${columns.map((column) => `t.${column}`).join(', ')},
             (select c.id from character_profiles c where c.character_name = n.character and c.tenant_id = t.tenant_id
                and (c.user_id is null or c.user_id = t.user_id) order by c.user_id is null limit 1)
           from json_array_elements($1::json) with ordinality as line(value, place)
           cross join lateral json_populate_record(null::echo_unified_interactions, line.value) t
           cross join lateral (select line.value ->> 'character' as character) n
           order by line.place`,
    values: [JSON.stringify(rows)],
  });
}
