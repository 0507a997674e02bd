import { join } from 'node:path';
import { currentActor, isReading } from './access/caller.ts';
import type { Config } from './config.ts';
import { Availability } from './db/availability.ts';
import { makeDataDirectory } from './db/data-directory.ts';
import { type Binaries, beginMove, type ClusterMove, earlierBinaries, embeddedMajor } from './db/embedded.ts';
import type { KnownDatabase } from './db/identity.ts';
import { knownDatabase, rememberDatabase } from './db/known-database.ts';
import {
  DatabaseSetupError,
  type OpenedDatabase,
  openDatabase,
  openUnprepared,
  type UnpreparedDatabase,
} from './db/open.ts';
import { EventFeed } from './events/feed.ts';
import { EventOutbox } from './events/outbox.ts';
import { MAX_RESPONSE_LENGTH } from './ground/input.ts';
import type { Ports } from './ground/ports.ts';
import { SharedReads } from './ground/shared-reads.ts';
import type { ClosingStack } from './jobs/ending.ts';
import { Keepers } from './jobs/keepers.ts';
import { Journal } from './journal/journal.ts';
import type { Logger } from './log.ts';
import { ModelCalls } from './models/calls.ts';
import { Outbound } from './outbound/outbound.ts';
import { Sealer } from './secrets/sealing.ts';
import { Secrets } from './secrets/secrets.ts';
import type { Vault } from './secrets/vault.ts';
import { Tracing } from './tracing/tracing.ts';

export interface PortsOptions {
  /** False: refuse to start on an older schema instead of changing it. */
  readonly migrate: boolean;
  /** Gives secrets that the configuration does not hold. */
  readonly vault?: Vault | null;
  readonly onStatement?: ((name: string, text: string) => void) | undefined;
  /** Nothing that a caller can do without is done without sooner, whatever limit is named. */
  readonly patienceMs?: number;
  /** The clock by which schedules go. */
  readonly now?: () => Date;
}

/** What a backup is restored into: a database as it is, and the data directory, of which this process is the only server. */
export interface RestorePorts extends Pick<Ports, 'config' | 'log' | 'journal' | 'db' | 'outbound'> {
  /** The next start is to know this database for its own. */
  remember(): Promise<void>;
}

/** Opens what a backup is restored into. */
export async function openRestorePorts(
  config: Config,
  log: Logger,
  closing: ClosingStack,
): Promise<RestorePorts> {
  makeDataDirectory(config.dataDirectory);
  const journal = await Journal.open(join(config.dataDirectory, 'journal.db'), config.journalMaxBytes);
  closing.defer(() => journal.close());
  const { databaseUrls: urls, slowQueryMs, sqlEcho: echo } = config;
  const directory = join(config.dataDirectory, 'postgres');
  const outbound = new Outbound({ allowed: config.outboundAllow });
  closing.defer(() => outbound.close());
  const opened = await openUnprepared({ urls, directory, log, slowQueryMs, echo });
  closing.defer(() => opened.close());
  const remember = async () => {
    const identity = await opened.identify();
    if (urls.length > 0) rememberDatabase(join(config.dataDirectory, 'database.json'), urls, identity);
  };
  return { config, log, journal, db: opened.db, outbound, remember };
}

/** What the embedded database is taken to another version of PostgreSQL with: nothing runs yet. */
export interface UpgradePorts extends Pick<Ports, 'config' | 'log' | 'journal' | 'outbound'> {
  /** Null: there is no embedded database. */
  readonly move: ClusterMove | null;
  /** Major version of PostgreSQL that comes with this product. */
  readonly major: string;
  binaries(given: string | null): Promise<Binaries>;
  open(directory: string, binaries?: Binaries): Promise<UnpreparedDatabase>;
}

/** Opens what the embedded database is taken to another version of PostgreSQL with. @throws DatabaseSetupError */
export async function openUpgradePorts(
  config: Config,
  log: Logger,
  closing: ClosingStack,
): Promise<UpgradePorts> {
  const { databaseUrls, slowQueryMs, sqlEcho: echo } = config;
  if (databaseUrls.length > 0)
    throw new DatabaseSetupError(
      'DATABASE_URL: this is about the embedded database; an external one is upgraded with its own programs',
    );
  makeDataDirectory(config.dataDirectory);
  // Its lock makes this process the only one on the directory.
  const journal = await Journal.open(join(config.dataDirectory, 'journal.db'), config.journalMaxBytes);
  closing.defer(() => journal.close());
  const outbound = new Outbound({ allowed: config.outboundAllow });
  closing.defer(() => outbound.close());
  const directory = join(config.dataDirectory, 'postgres');
  const move = await beginMove(directory);
  return {
    ...{ config, log, journal, outbound, move, major: await embeddedMajor(directory, log) },
    binaries: async (given) => earlierBinaries(move ?? { directory, major: '' }, given, log),
    open: (place, binaries) =>
      openUnprepared({ urls: [], directory: place, log, slowQueryMs, echo, binaries }),
  };
}

/**
 * Opens what the domains stand on. The journal is the first to open and the last to close: its lock makes this process the
 * only server on the directory, and whatever ends before it may still write to it. The database closes right before it,
 * after the domains: they drain into it.
 */
export async function openPorts(
  config: Config,
  log: Logger,
  { migrate, vault = null, onStatement, patienceMs = 0, now = () => new Date() }: PortsOptions,
  closing: ClosingStack,
): Promise<Ports> {
  const keepers = new Keepers(log, now);
  const volatileFileSystem = makeDataDirectory(config.dataDirectory);
  const journal = await Journal.open(join(config.dataDirectory, 'journal.db'), config.journalMaxBytes);
  closing.defer(() => journal.close());
  const tracing = await openTracing(config, log, closing);
  const listeners: ((reason: string | null) => void)[] = [];
  const tell = (reason: string | null) => {
    for (const listener of listeners) listener(reason);
  };
  const { databaseUrls: urls, databaseReadUrls: readUrls } = config;
  const mark = join(config.dataDirectory, 'database.json');
  const remember = (used: KnownDatabase) => urls.length > 0 && rememberDatabase(mark, urls, used);
  const opened = await openDatabase({
    urls,
    known: urls.length > 0 ? knownDatabase(mark, urls) : null,
    isOwed: journal.recovered.entries.length > 0,
    directory: join(config.dataDirectory, 'postgres'),
    migrate,
    log,
    slowQueryMs: config.slowQueryMs,
    echo: config.sqlEcho,
    onEmbeddedDown: tell,
    onEmbeddedUp: () => tell(null),
    remember,
    reading: { urls: readUrls, keepers, isReading },
    actor: () => JSON.stringify(currentActor() ?? undefined) ?? null,
    patienceMs,
    ...(tracing.isOn && { tracing }),
    ...(onStatement && { onStatement }),
  });
  closing.defer(() => opened.close());
  const { db, replica, identity, durabilityProblems } = opened;
  if (!opened.away) remember(identity);
  const availability = await watchDatabase(opened, { log, keepers, patienceMs });
  listeners.push((reason) => reason !== null && availability.reportDown(reason));
  const events = new EventFeed(db, log, keepers);
  closing.defer(() => events.stop());
  const outbox = new EventOutbox({ db, journal, feed: events, log, keepers, isUp: () => availability.isUp });
  closing.defer(() => outbox.stop());
  availability.onChange(({ up }) => up && void outbox.flush());
  availability.onChange(({ up }) => up && keepers.wakeFailing());
  const outbound = new Outbound({ allowed: config.outboundAllow });
  closing.defer(() => outbound.close());
  const secrets = new Secrets(config.secrets, vault);
  return {
    ...{
      config,
      log,
      now,
      keepers,
      journal,
      db,
      replica,
      databaseId: identity.id,
      availability,
      events,
      outbox,
      outbound,
      tracing,
      vault,
      secrets,
      shared: new SharedReads(),
    },
    sealer: config.masterKey && new Sealer(config.masterKey, config.previousMasterKey),
    modelParts: {
      config,
      fetchTo: (url, limits) => tracing.passedOn(outbound.fetcherTo(url, limits)),
      secret: (name) => secrets.get(name),
      calls: new ModelCalls(tracing),
      maxAnswerCharacters: MAX_RESPONSE_LENGTH,
    },
    ...{ volatileFileSystem, durabilityProblems },
    onRestart: (listener) => listeners.push(listener),
  };
}

/** Whether the database answers; what a start could not do with one that is away is done when it is there. */
async function watchDatabase(
  { db, away }: OpenedDatabase,
  options: ConstructorParameters<typeof Availability>[1],
): Promise<Availability> {
  const availability = new Availability(
    () => db.ping(),
    options,
    () => db.checkUsable(),
  );
  if (!away) return availability;
  availability.startAway(away.reason);
  await availability.prepare(() => away.prepare());
  return availability;
}

/** Brings away what is left when all else has ended. */
async function openTracing({ telemetry }: Config, log: Logger, closing: ClosingStack): Promise<Tracing> {
  const tracing = await Tracing.open(telemetry, log);
  closing.defer(() => tracing.stop());
  return tracing;
}
