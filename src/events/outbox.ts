import type { Database } from '../db/client.ts';
import { isPassing, judgeDatabaseError } from '../db/meaning.ts';
import type { Keeper } from '../jobs/keeper.ts';
import type { Keepers } from '../jobs/keepers.ts';
import type { Journal, StoredEntry } from '../journal/journal.ts';
import type { Logger } from '../log.ts';
import { storableJson } from '../texts.ts';
import type { EventContent, EventKind } from './event.ts';
import type { EventFeed } from './feed.ts';

export const EVENT_ENTRY = 'event';

/** Of a turn that an event tells of: by what it is known that its conversation or its user was deleted since. */
export interface ToldTurn {
  /** In hexadecimal digits, as those of marks. */
  readonly subject: string;
  /** The id of the mark that its conversation would leave. */
  readonly conversation: string;
  readonly acceptedAt: string | null;
}

export interface Announcement {
  readonly kind: EventKind;
  readonly tenantId: string;
  readonly userId?: string | null;
  readonly turnId?: string | null;
  /** Of an event of a turn that may not be stored yet. */
  readonly turn?: ToldTurn;
  readonly payload: Record<string, unknown>;
}

/** An event, and its place in the journal. */
interface Waiting {
  readonly seq: number;
  readonly event: EventContent;
  readonly turn?: ToldTurn | undefined;
}

/** Events in one statement. */
const BATCH = 200;
/** Milliseconds until events that the database did not take are offered again, while it can be reached. */
const RETRY_MS = 1_000;

/**
 * Events that must be heard while the database is away: told to subscribers at once, kept in the journal, and put
 * into the event table when it can be reached.
 */
export class EventOutbox {
  readonly #db: Database;
  readonly #journal: Journal;
  readonly #feed: EventFeed;
  readonly #log: Logger;
  readonly #isUp: () => boolean;
  #number = 0;
  #waiting: Waiting[] = [];
  #offering: Promise<void> | null = null;
  readonly #keeper: Keeper;

  constructor(parts: {
    db: Database;
    journal: Journal;
    feed: EventFeed;
    log: Logger;
    keepers: Keepers;
    isUp: () => boolean;
  }) {
    this.#db = parts.db;
    this.#journal = parts.journal;
    this.#feed = parts.feed;
    this.#log = parts.log;
    this.#isUp = parts.isUp;
    for (const entry of parts.journal.recovered.entries)
      if (entry.kind === EVENT_ENTRY) this.#waiting.push(recovered(entry));
    this.#keeper = parts.keepers.create({
      name: 'event outbox',
      everyMs: () => (this.#isOwing ? RETRY_MS : Number.POSITIVE_INFINITY),
      retryMs: RETRY_MS,
      round: () => this.#offer(),
    });
    this.#keeper.start();
  }

  /** Events that were told and are not in the table yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Tells an event. Never fails: what cannot be kept is told and logged. */
  async announce({
    kind,
    tenantId,
    userId = null,
    turnId = null,
    turn,
    payload,
  }: Announcement): Promise<void> {
    const origin = { process: this.#feed.process, number: ++this.#number };
    const event: EventContent = {
      kind,
      tenantId,
      userId,
      conversationId: null,
      turnId,
      payload: storableJson(payload) as Record<string, unknown>,
      at: new Date(),
      origin,
    };
    this.#feed.tell(event);
    try {
      const [seq = 0] = await this.#journal.write({
        add: [{ kind: EVENT_ENTRY, stream: '', body: JSON.stringify({ ...event, turn }) }],
      });
      this.#waiting.push({ seq, event, turn });
    } catch (error) {
      this.#log.error({ err: error, kind, payload }, 'an event could be told but not be kept');
      return;
    }
    await this.flush();
  }

  /** Puts waiting events into the table, if the database answers. Never fails: those that it does not take are offered again, while it can be reached. */
  async flush(): Promise<void> {
    // What is wrong, the keeper's next round says.
    await this.#offer().catch(() => undefined);
  }

  /** Waits for the round under way; what waits stays in the journal. */
  stop(): Promise<void> {
    return this.#keeper.stop();
  }

  get #isOwing(): boolean {
    return this.#waiting.length > 0 && this.#isUp();
  }

  /** One round at a time. @throws where the database can be reached and does not take an event */
  async #offer(): Promise<void> {
    this.#offering ??= this.#offerAll().finally(() => {
      this.#offering = null;
      if (this.#isOwing || this.#keeper.status.failures > 0) this.#keeper.wake(RETRY_MS);
    });
    await this.#offering;
  }

  async #offerAll(): Promise<void> {
    const refused = new Map<number, unknown>();
    try {
      while (this.#isUp()) {
        const batch = this.#waiting.filter(({ seq }) => !refused.has(seq)).slice(0, BATCH);
        if (batch.length === 0) break;
        for (const [seq, error] of await this.#storeByHalves(batch)) refused.set(seq, error);
      }
    } catch (error) {
      if (judgeDatabaseError(error) === 'unavailable') return;
      throw error;
    }
    for (const error of refused.values()) throw error;
  }

  /** One that is refused holds up no others: it is looked for by halves. @returns those that are, and why */
  async #storeByHalves(batch: readonly Waiting[]): Promise<[number, unknown][]> {
    try {
      await this.#store(batch);
      return [];
    } catch (error) {
      const [first] = batch;
      if (!first || isPassing(judgeDatabaseError(error))) throw error;
      if (batch.length === 1) return [[first.seq, error]];
      const half = Math.ceil(batch.length / 2);
      const refused = await this.#storeByHalves(batch.slice(0, half));
      return [...refused, ...(await this.#storeByHalves(batch.slice(half)))];
    }
  }

  async #store(batch: readonly Waiting[]): Promise<void> {
    const values = [JSON.stringify(batch.map(asRow))];
    const inserted = await this.#db.pool.query<InsertedEvent>({
      name: 'insert_events',
      text: INSERT,
      values,
    });
    // Some may be there of an attempt whose answer never came. A subscriber that stands behind them would hear them again.
    const { rows } =
      inserted.rows.length === batch.length
        ? inserted
        : await this.#db.pool.query<InsertedEvent>({ name: 'places_of_events', text: PLACES, values });
    for (const row of rows) {
      if (row.origin === this.#feed.process)
        this.#feed.settle(row.origin_number, { transaction: BigInt(row.xid), id: BigInt(row.id) });
    }
    this.#feed.forgetUnsettled(
      batch.flatMap(({ event: { origin } }) =>
        origin?.process === this.#feed.process ? [origin.number] : [],
      ),
    );
    const stored = new Set(batch.map(({ seq }) => seq));
    this.#waiting = this.#waiting.filter(({ seq }) => !stored.has(seq));
    this.#feed.wake();
    await this.#journal.write({ remove: [...stored] }).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'stored events stay in the journal; they will be recognised');
    });
  }
}

/** What it was told by before the table had it, and its place in the table. */
interface InsertedEvent {
  readonly origin: string;
  readonly origin_number: number;
  readonly xid: string;
  readonly id: string;
}

/**
 * What tells of a turn that was deleted meanwhile, or whose conversation or user was, is left out. The row of a turn is locked, so that
 * a deletion which takes out its events comes before or behind this; one that is not stored yet has only marks.
 */
const INSERT = `
  with given as (
    select * from json_to_recordset($1) as g(kind text, tenant_id text, user_id text, turn_id uuid, payload jsonb, origin text,
      origin_number int, at timestamptz, subject text, conversation uuid, accepted_at timestamptz)
  ), kept as materialized (
    select turn_id from echo_unified_interactions
    where turn_id = any(array(select turn_id from given)) order by id for key share
  )
  insert into echo_events (tenant_id, user_id, kind, turn_id, payload, origin, origin_number, at)
  select tenant_id, user_id, kind, turn_id, payload, origin, origin_number, at from given
  where turn_id is null or turn_id in (select turn_id from kept)
    or not exists (select from echo_unified_interactions t where t.turn_id = given.turn_id)
      and not exists (select from echo_deleted_turns d where d.turn_id = given.turn_id)
      and not exists (select from echo_deleted_turns d where d.turn_id = given.conversation
        and d.subject = decode(given.subject, 'hex') and d.deleted_at >= given.accepted_at)
      and not exists (select from echo_erasures e where e.subject = decode(given.subject, 'hex')
        and e.tenant_id = given.tenant_id and e.erased_at >= given.accepted_at)
  on conflict (origin, origin_number) do nothing returning origin, origin_number, xid, id`;

const PLACES = `
  select e.origin, e.origin_number, e.xid, e.id from json_populate_recordset(null::echo_events, $1) given
  join echo_events e on e.origin = given.origin and e.origin_number = given.origin_number`;

function asRow({ event, turn }: Waiting): object {
  const { kind, tenantId, userId, turnId, payload, origin, at } = event;
  return {
    kind,
    tenant_id: tenantId,
    user_id: userId,
    turn_id: turnId,
    payload,
    origin: origin?.process,
    origin_number: origin?.number,
    at,
    subject: turn?.subject,
    conversation: turn?.conversation,
    accepted_at: turn?.acceptedAt,
  };
}

function recovered({ seq, body }: StoredEntry): Waiting {
  const { turn, ...event } = JSON.parse(body) as EventContent & Pick<Waiting, 'turn'>;
  return { seq, event: { ...event, at: new Date(event.at) }, turn };
}
