import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { foldLetters } from '../../ground/letters.ts';
import { namesOf } from '../characters/names.ts';
import { CONTEXT_TURNS } from '../interactions/reach.ts';
import { type SettingsServices, settingsOf } from '../settings/settings.ts';
import type { LearnedTurn } from './candidate.ts';
import { type LeasedTurn, TURN_COLUMNS } from './queue.ts';

/** Characters of each side of them. */
const CONTEXT_LENGTH = 20_000;

/** A turn to learn from, and what was said before it. */
export interface TurnInContext {
  readonly leased: LeasedTurn;
  readonly turn: LearnedTurn;
  /** Oldest first. */
  readonly before: readonly LearnedTurn[];
}

/** What is known of a user for all of their turns. */
export interface OwnerContext {
  readonly timeZone: string;
  /** Names of characters that they know. */
  readonly characters: ReadonlySet<string>;
}

/** Knows users and their characters for the time of a run; those that a tenant shares are read once. */
export class OwnerContexts {
  readonly #services: SettingsServices;
  readonly #shared = new Map<string, ReadonlySet<string>>();

  constructor(services: SettingsServices) {
    this.#services = services;
  }

  async of(owner: Owner): Promise<OwnerContext> {
    const { timeZone } = await settingsOf(this.#services, owner);
    const shared = this.#shared.get(owner.tenantId) ?? (await this.#namesOf({ ...owner, userId: null }));
    this.#shared.set(owner.tenantId, shared);
    const own = await this.#namesOf(owner);
    return { timeZone, characters: own.size === 0 ? shared : new Set([...shared, ...own]) };
  }

  async #namesOf(owner: { tenantId: string; userId: string | null }): Promise<ReadonlySet<string>> {
    const found = await namesOf(this.#services.db, owner);
    return new Set(found.flatMap(({ name, aliases }) => [name, ...aliases]).map(foldLetters));
  }
}

/** Turns of a user with what was said before each. */
export async function inContext(
  db: Pick<Database, 'pool'>,
  owner: Owner,
  known: OwnerContext,
  turns: readonly LeasedTurn[],
): Promise<TurnInContext[]> {
  const earlier = await turnsBefore(db, owner, turns);
  const byConversation = Map.groupBy(
    [...earlier.values()].sort(bySaying),
    ({ conversationId }) => conversationId,
  );
  return turns.map((leased) => ({
    leased,
    turn: learnedTurn(leased, known),
    before: (byConversation.get(leased.conversationId) ?? [])
      .filter((turn) => bySaying(turn, leased) < 0)
      .slice(-CONTEXT_TURNS)
      .map((turn) => learnedTurn(turn, known)),
  }));
}

/** As they were said, whenever they were stored: an import may bring the later one first. */
const bySaying = (a: LeasedTurn, b: LeasedTurn) =>
  a.timestamp.getTime() - b.timestamp.getTime() || a.sequence - b.sequence;

/** The same turn is cut at the same place, whoever asks for it. */
async function turnsBefore(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  turns: readonly LeasedTurn[],
): Promise<Map<string, LeasedTurn>> {
  const columns = TURN_COLUMNS.replace(
    't.query, t.response',
    `left(t.query, ${CONTEXT_LENGTH}) as query, left(t.response, ${CONTEXT_LENGTH}) as response`,
  );
  const { rows } = await pool.query<LeasedTurn>({
    name: 'turns_before_learning',
    text: `select distinct on (t.id) ${columns}
           from unnest($3::text[], $4::timestamptz[], $5::int[]) as w(conversation, said_at, sequence) cross join lateral (
             select * from echo_unified_interactions e where e.conversation_id = w.conversation and e.tenant_id = $1 and e.user_id = $2
               and (e.timestamp, e.sequence) < (w.said_at, w.sequence)
             order by e.timestamp desc, e.sequence desc limit ${CONTEXT_TURNS}) t`,
    values: [
      owner.tenantId,
      owner.userId,
      turns.map(({ conversationId }) => conversationId),
      turns.map(({ timestamp }) => timestamp),
      turns.map(({ sequence }) => sequence),
    ],
  });
  return new Map(rows.map((row) => [row.turnId, row]));
}

function learnedTurn(
  { turnId, timestamp, query, response, speaker, responder }: LeasedTurn,
  { timeZone, characters }: OwnerContext,
): LearnedTurn {
  return { turnId, saidAt: timestamp, timeZone, query, response, speaker, responder, characters };
}
