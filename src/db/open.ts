import type { Logger } from '../log.ts';
import { Addresses } from './addresses.ts';
import { type Connection, createDatabase, type Database, type DatabaseOptions } from './client.ts';
import { type Binaries, startEmbeddedPostgres } from './embedded.ts';
import {
  checkIdentity,
  type DatabaseIdentity,
  identifyDatabase,
  idOf,
  type KnownDatabase,
  otherThan,
  placeOf,
} from './identity.ts';
import { judgeDatabaseError, wordsOf } from './meaning.ts';
import { pendingMigrations, runMigrations } from './migrate.ts';
import { staleAt, timelineOf } from './primary.ts';
import type { Replica, ReplicaOptions } from './replica.ts';
import { onlyRow } from './statements.ts';
import { areNumbersAhead } from './transaction-numbers.ts';

/** The database cannot be used as it is; the message is for the operator. */
export class DatabaseSetupError extends Error {
  override readonly name = 'DatabaseSetupError';
}

export interface OpenedDatabase {
  readonly db: Database;
  /** What is read in its place; null: nothing is. */
  readonly replica: Replica | null;
  /** The same for every server on this database, another one for each other database. */
  readonly identity: KnownDatabase;
  /** Settings of the server under which a commit may be lost; empty if all is well, or not known yet. */
  readonly durabilityProblems: readonly string[];
  /** It does not answer, or another one does; null: it does. */
  readonly away: AwayDatabase | null;
  close(): Promise<void>;
}

/** A database that served before, and does not answer now. */
export interface AwayDatabase {
  readonly reason: string;
  /** What is done at a start: no work gets a connection before. @throws as `openDatabase` */
  prepare(): Promise<void>;
}

export interface OpenOptions extends Omit<DatabaseOptions, 'connection' | 'expected' | 'onPromoted'> {
  /** Where it may be; empty: run an embedded PostgreSQL. */
  readonly urls: readonly string[];
  /** Where the embedded one keeps its data. */
  readonly directory: string;
  /** False: refuse an older schema instead of changing it. */
  readonly migrate: boolean;
  /** The database at this URL when it was used last: it may be away. Null: it never was. */
  readonly known: KnownDatabase | null;
  /** Something waits for the known one, which no other one may get. */
  readonly isOwed: boolean;
  /** Where reads may go instead. */
  readonly reading: { readonly urls: readonly string[] } & Pick<ReplicaOptions, 'keepers' | 'isReading'>;
  readonly onEmbeddedDown: (reason: string) => void;
  /** It was restarted. */
  readonly onEmbeddedUp: () => void;
  /** Another server was promoted in the primary's place. */
  readonly remember: (identity: KnownDatabase) => void;
}

/** https://www.postgresql.org/docs/current/runtime-config-preset.html */
export const MINIMUM_MAJOR = 15;

/**
 * Connects to the database, starting the embedded one if no other is named, and brings its schema up to date.
 *
 * @throws DatabaseSetupError, EmbeddedPostgresError, or the driver's error if it does not answer
 */
export async function openDatabase(options: OpenOptions): Promise<OpenedDatabase> {
  const { urls, directory, log, known, isOwed } = options;
  const listeners = { onDown: options.onEmbeddedDown, onUp: options.onEmbeddedUp };
  const embedded = urls.length > 0 ? null : await startEmbeddedPostgres({ directory, log, ...listeners });
  const connection: Connection = embedded?.connection ?? new Addresses(urls);
  let opened: DatabaseIdentity | null = null;
  const durabilityProblems: string[] = [];
  const onPromoted = (timeline: number) => {
    if (!opened || timeline <= opened.timeline) return;
    log.warn({ timeline }, 'another server was promoted in the place of the database; it goes on there');
    opened = { ...opened, timeline };
    options.remember(opened);
  };
  const expected = () => opened;
  let replica: Replica | null = null;
  const db = createDatabase({
    ...{ ...options, connection, expected, onPromoted },
    ...(options.reading.urls.length > 0 && { elsewhere: () => replica }),
  });
  replica = await replicaOf(db, { ...options, expected });
  const close = async () => {
    await replica?.close();
    await db.close();
    await embedded?.stop();
  };
  const prepare = async (refuse: (db: Database) => Promise<void>) => {
    const { identity, ...found } = await prepareDatabase({ ...options, connection }, refuse);
    if (known !== null && identity.id !== known.id)
      log.warn({ databaseId: identity.id }, 'this is another database than before');
    durabilityProblems.splice(0, Number.POSITIVE_INFINITY, ...found.durabilityProblems);
    return identity;
  };
  try {
    // A start is the operator's word that another one is meant, but not for what was said to the one before.
    const identity = await atSome(connection, () =>
      prepare(async (found) => {
        await refuseForeign(found, isOwed ? known : null);
        await refuseStale(found, known);
      }),
    );
    opened = identity;
    return { db, replica, identity, durabilityProblems, away: null, close };
  } catch (error) {
    // A server that lets nobody in says so with codes that mean something else in statements.
    const isAway = async () =>
      judgeDatabaseError(error) === 'unavailable' || (await db.ping().catch(() => null)) === null;
    if (known !== null && (await isAway())) {
      const later = async () => {
        const found = await prepare(async ({ pool }) => void (await checkIdentity(pool, known)));
        // Vectors were opened for the one that was there.
        if (found.id !== known.id)
          throw new DatabaseSetupError(
            'DATABASE_URL: the database was copied or loaded anew; restart the server to use it',
          );
        opened = found;
      };
      return {
        ...{ db, replica, identity: known, durabilityProblems, close },
        away: { reason: wordsOf(error), prepare: later },
      };
    }
    await close();
    throw error;
  }
}

/** Who is read in the place of a database; null, and not loaded, where nobody is named. */
async function replicaOf(
  { look }: Database,
  { reading: { urls, ...reading }, ...options }: OpenOptions & Pick<ReplicaOptions, 'expected'>,
): Promise<Replica | null> {
  if (urls.length === 0) return null;
  const { Replica } = await import('./replica.ts');
  const replica = new Replica({ ...options, ...reading, addresses: new Addresses(urls), look });
  replica.start();
  return replica;
}

/** A database as it was found. */
export interface UnpreparedDatabase {
  readonly db: Database;
  identify(): Promise<DatabaseIdentity>;
  close(): Promise<void>;
}

/**
 * Connects to a database that is to be filled from a backup, starting the embedded one if no other is named. Its schema is left as
 * it is.
 *
 * @throws DatabaseSetupError, EmbeddedPostgresError, or the driver's error if it does not answer
 */
export async function openUnprepared(
  options: Pick<OpenOptions, 'urls' | 'directory' | 'log' | 'slowQueryMs' | 'echo'> & {
    readonly binaries?: Binaries | undefined;
  },
): Promise<UnpreparedDatabase> {
  const { urls, directory, log, binaries } = options;
  const embedded = urls.length > 0 ? null : await startEmbeddedPostgres({ directory, log, binaries });
  const connection: Connection = embedded?.connection ?? new Addresses(urls);
  const db = createDatabase({ ...options, connection, maxConnections: 4 });
  const close = async () => {
    await db.close();
    await embedded?.stop();
  };
  try {
    await atSome(connection, () => durabilityProblemsOf(db));
    return { db, identify: () => identifyDatabase(db), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A database without an id is empty, or of an earlier version: nobody else's. @throws OtherDatabase */
async function refuseForeign(db: Database, known: KnownDatabase | null): Promise<void> {
  if (known === null) return;
  const id = await idOf(db);
  if (id !== null && id !== known.id) throw otherThan(known, id);
}

/** An earlier state of the known database that another server was promoted in place of. @throws OtherDatabase */
async function refuseStale({ pool }: Database, known: KnownDatabase | null): Promise<void> {
  if (known?.timeline === undefined || (await placeOf(pool)) !== known.place) return;
  const timeline = await timelineOf(pool, 'what answers there');
  if (timeline < known.timeline) throw staleAt('what answers there', timeline, known.timeline);
}

/** Tries where the database may be, one address after another. @throws the last error */
async function atSome<T>(connection: Connection, open: () => Promise<T>): Promise<T> {
  const addresses = connection instanceof Addresses ? connection : null;
  for (let left = addresses?.count ?? 1; ; left--) {
    const before = addresses?.current;
    try {
      return await open();
    } catch (error) {
      if (left <= 1 || judgeDatabaseError(error) !== 'unavailable') throw error;
      if (before) addresses?.passOver(before);
    }
  }
}

/**
 * Checks a database and brings its schema up to date, over connections of its own.
 *
 * @param refuse throws if it is one that must not be touched
 */
async function prepareDatabase(
  options: DatabaseOptions & Pick<OpenOptions, 'migrate'>,
  refuse: (db: Database) => Promise<void>,
): Promise<{ identity: DatabaseIdentity; durabilityProblems: readonly string[] }> {
  const { log, migrate } = options;
  const db = createDatabase({ ...options, maxConnections: 1 });
  try {
    const durabilityProblems = await durabilityProblemsOf(db);
    await refuse(db);
    await prepareSchema(db, log, migrate);
    const identity = await identifyDatabase(db);
    if (identity.isCopy)
      log.warn(
        { databaseId: identity.id },
        'the database was copied or moved; it has a new id, and vectors of its own',
      );
    return { identity, durabilityProblems };
  } finally {
    await db.close();
  }
}

/** @returns settings under which a commit may be lost @throws DatabaseSetupError for a version that is too old */
export async function durabilityProblemsOf(db: Database): Promise<string[]> {
  const found = await db.pool.query<{ number: number; version: string; [setting: string]: unknown }>(
    `select current_setting('server_version_num')::int as number, current_setting('server_version') as version, current_setting('fsync') as fsync,
       current_setting('synchronous_commit') as synchronous_commit, current_setting('full_page_writes') as full_page_writes`,
  );
  const { number, version, ...settings } = onlyRow(found);
  if (Math.floor(number / 10_000) < MINIMUM_MAJOR)
    throw new DatabaseSetupError(
      `DATABASE_URL: PostgreSQL ${MINIMUM_MAJOR} or newer is needed, this is ${version}`,
    );
  return Object.entries(settings).flatMap(([name, value]) => (value === 'off' ? [`${name} = off`] : []));
}

async function prepareSchema(db: Database, log: Logger, migrate: boolean): Promise<void> {
  const pending = await pendingMigrations(db);
  if (pending < 0)
    throw new DatabaseSetupError(
      `The database was brought to a newer version of Echo Brain: it has ${-pending} migration(s) that this one does not know. Start the newer version, or restore a backup of before.`,
    );
  // Most starts find nothing to do: neither the lock nor connections of its own are needed to see that.
  if (migrate && pending === 0 && !(await areNumbersAhead(db.pool))) return;
  if (migrate) {
    const { applied, moved } = await runMigrations(db);
    if (applied > 0) log.info({ applied }, 'database migrated');
    if (moved) log.warn('the database was loaded into another cluster; numbers of transactions go on');
    return;
  }
  if (pending > 0) {
    throw new DatabaseSetupError(
      `The database lacks ${pending} migration(s) and --no-migrate forbids to apply them; run: npm run migrate`,
    );
  }
}
