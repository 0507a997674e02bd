import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import type { Keeper } from '../jobs/keeper.ts';
import type { Keepers } from '../jobs/keepers.ts';
import { addressedClient, addressOfClient } from './addressed-client.ts';
import { type Addresses, placeOfUrl } from './addresses.ts';
import { within } from './deadline.ts';
import { deadlinedClient } from './deadlined-client.ts';
import { checkReplica, type KnownDatabase } from './identity.ts';
import { judgeDatabaseError, NoReplica, wordsOf } from './meaning.ts';
import { type ObservedOptions, observedClient } from './observed-client.ts';
import { ALIKE, DEADLINES, noteLosses, type ReadElsewhere, SILENCE_MS } from './pools.ts';
import { ReplicaLag } from './replica-lag.ts';
import { hasReached, type Position, Positions, progressOf } from './replica-position.ts';
import { isReplicable } from './replicable.ts';
import { valuesClient } from './values-client.ts';

/** Milliseconds that a read waits for the replica to come as far as the primary was. */
const WAIT_MS = 50;
/** Milliseconds between looks whether it has, growing from the first to the last. */
const PAUSES_MS = { first: 1, last: 8 };
const CONNECT_TIMEOUT_MS = 1_000;
/** Milliseconds between looks at the replica, and what one may take: together less than a second. */
const LOOK_MS = 250;
const LOOK_DEADLINE_MS = 500;

/** Why a statement that may be read from the replica was read from the primary. */
export type ReadPlace = 'replica' | 'lagging' | 'away' | 'failed';

export interface ReplicaOptions extends ObservedOptions {
  readonly addresses: Addresses;
  readonly keepers: Keepers;
  /** The database whose standby it has to be; null: not prepared yet. */
  readonly expected: () => KnownDatabase | null;
  /** Asks the primary. */
  readonly look: (statement: { name: string; text: string }) => Promise<pg.QueryResult>;
  /** Whether the running work only reads, in somebody's name. */
  readonly isReading: () => boolean;
  readonly maxConnections?: number;
}

/** All connections to it are at work. */
class Busy extends Error {
  override readonly name = 'Busy';
}

/** It has not come as far as the primary was, in the time that a read waits. */
class Behind extends Error {
  override readonly name = 'Behind';
}

/**
 * A standby that reads are sent to. Each one sees there at the least what the primary had committed when it was asked for,
 * whoever wrote it, through whichever server: the primary is asked how far it is, and the connection that reads, whether
 * it is as far. What does not work out is read from the primary.
 */
export class Replica implements ReadElsewhere {
  readonly #pool: pg.Pool;
  readonly #probe: pg.Pool;
  readonly #positions: Positions;
  readonly #options: ReplicaOptions;
  readonly #keeper: Keeper;
  readonly #lag = new ReplicaLag();
  /** How far each connection's server was when it was looked at last. */
  readonly #progress = new WeakMap<pg.ClientBase, Position>();
  /** Ends the waiting of reads under way, when it is away. */
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #reads: Record<ReadPlace, number> = { replica: 0, lagging: 0, away: 0, failed: 0 };
  #state: 'serving' | 'lagging' | 'away' = 'away';
  #reason: string | null = 'it has not been looked at yet';

  constructor(options: ReplicaOptions) {
    this.#options = options;
    const { addresses, keepers, log } = options;
    this.#positions = new Positions(options.look, () => options.expected()?.timeline ?? null);
    const connection = {
      ...ALIKE,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      onConnect: (client: pg.ClientBase) => this.#check(client),
    };
    const base = addressedClient(addresses, pg.Client);
    this.#pool = new pg.Pool({
      ...connection,
      ...DEADLINES,
      max: options.maxConnections ?? 12,
      Client: observedClient(options, deadlinedClient(valuesClient(base), SILENCE_MS)),
    });
    this.#probe = new pg.Pool({ ...connection, max: 1, query_timeout: LOOK_DEADLINE_MS, Client: base });
    for (const each of [this.#pool, this.#probe]) noteLosses(each, log);
    this.#keeper = keepers.create({
      name: 'replica look',
      everyMs: LOOK_MS,
      retryMs: LOOK_MS,
      round: () => this.#look(),
    });
  }

  get state(): 'serving' | 'lagging' | 'away' {
    return this.#state;
  }

  /** Why it cannot be read at all; null where it can. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Seconds since the primary was where the replica is not yet. */
  get lagSeconds(): number {
    return this.#lag.seconds;
  }

  /** Statements that may be read from it, by who was read. */
  get reads(): Readonly<Record<ReadPlace, number>> {
    return this.#reads;
  }

  start(): Promise<void> {
    return this.#keeper.startNow();
  }

  async close(): Promise<void> {
    await this.#keeper.stop();
    await Promise.all([this.#pool.end(), this.#probe.end()]);
  }

  takes(statement: unknown): boolean {
    const { name } = Object(statement) as { name?: unknown };
    return typeof name === 'string' && isReplicable(name) && this.#options.isReading();
  }

  async query(given: readonly unknown[], here: () => Promise<unknown>): Promise<unknown> {
    if (this.#state !== 'serving') {
      this.#reads[this.#state]++;
      return here();
    }
    try {
      const result = await this.#readUnlessAway(given);
      this.#reads.replica++;
      return result;
    } catch (error) {
      this.#reads[this.#judge(error)]++;
      // What the data are refused for, the primary says.
      return here();
    }
  }

  #judge(error: unknown): ReadPlace {
    // All at work is no absence.
    if (error instanceof Busy) return 'failed';
    if (error instanceof Behind) {
      if (this.#state === 'serving') this.#change('lagging', null);
      return 'lagging';
    }
    if (judgeDatabaseError(error) !== 'unavailable') return 'failed';
    this.#leave(error);
    return 'away';
  }

  #readUnlessAway(given: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      this.#read(given)
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject));
    });
  }

  async #read(given: readonly unknown[]): Promise<unknown> {
    const position = await this.#positions.now();
    const client = await this.#connection();
    let failure: Error | undefined;
    try {
      await this.#reach(client, position);
      const [statement, values] = given as [pg.QueryConfig, unknown[] | undefined];
      return await client.query<pg.QueryResultRow>(statement, values);
    } catch (error) {
      if (!(error instanceof Behind) && judgeDatabaseError(error) === 'unavailable') failure = error as Error;
      throw error;
    } finally {
      client.release(failure);
    }
  }

  async #connection(): Promise<pg.PoolClient> {
    const pool = this.#pool;
    try {
      return await pool.connect();
    } catch (error) {
      if (pool.idleCount > 0 || pool.totalCount < pool.options.max) throw error;
      throw new Busy('all connections to the replica are at work');
    }
  }

  /** Waits until the server of a connection is as far as the primary was. @throws Behind, NoReplica */
  async #reach(client: pg.ClientBase, position: Position): Promise<void> {
    const deadline = performance.now() + WAIT_MS;
    for (let pause = PAUSES_MS.first; ; pause = Math.min(pause * 2, PAUSES_MS.last)) {
      if (hasReached(this.#progress.get(client), position)) return;
      const progress = await progressOf(client);
      this.#progress.set(client, progress);
      if (hasReached(progress, position)) return;
      if (performance.now() >= deadline) throw new Behind('the replica is behind the primary');
      await setTimeout(pause);
    }
  }

  async #look(): Promise<void> {
    // Where the primary says nothing, nobody knows whether the replica is as far.
    const position = await this.#positions.now().catch((error: unknown) => wordsOf(error));
    if (typeof position === 'string')
      return this.#change('away', `the primary does not say how far it is (${position})`);
    this.#lag.note(position);
    try {
      await within(this.#lookAt(position), LOOK_DEADLINE_MS, 'it does not answer');
      this.#change('serving', null);
    } catch (error) {
      if (error instanceof Behind) this.#change('lagging', null);
      else this.#leave(error);
    }
  }

  async #lookAt(position: Position): Promise<void> {
    const client = await this.#probe.connect();
    let failure: Error | undefined;
    try {
      await this.#reach(client, position);
    } catch (error) {
      if (!(error instanceof Behind)) failure = error as Error;
      throw error;
    } finally {
      const progress = this.#progress.get(client);
      if (progress) this.#lag.noteReached(progress);
      client.release(failure);
    }
  }

  async #check(client: pg.ClientBase): Promise<void> {
    const { expected, addresses } = this.#options;
    const query = pg.Client.prototype.query.bind(client) as pg.ClientBase['query'];
    const address = addressOfClient(client) ?? '';
    const name = placeOfUrl(address);
    try {
      const known = expected();
      if (!known) throw new NoReplica('the database is not prepared yet');
      await within(
        checkReplica({ query }, known, name),
        CONNECT_TIMEOUT_MS,
        `${name} does not say what it is`,
      );
      await within(progressOf({ query }), CONNECT_TIMEOUT_MS, `${name} does not say how far it is`);
    } catch (error) {
      addresses.passOver(address);
      throw error;
    }
  }

  #leave(error: unknown): void {
    this.#change('away', wordsOf(error));
  }

  #change(state: 'serving' | 'lagging' | 'away', reason: string | null): void {
    const [before, { log }] = [this.#state, this.#options];
    this.#state = state;
    this.#reason = reason;
    if (state === 'away') {
      const gone = new NoReplica(reason ?? 'it is away');
      for (const end of this.#waiting) end(gone);
    }
    if (state === before) return;
    if (state === 'serving') log.info('the replica is read');
    else log.warn({ state, reason }, 'the replica is not read; the primary is');
  }
}
