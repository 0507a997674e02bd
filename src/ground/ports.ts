import type { Config } from '../config.ts';
import type { Availability } from '../db/availability.ts';
import type { Database } from '../db/client.ts';
import type { Replica } from '../db/replica.ts';
import type { EventFeed } from '../events/feed.ts';
import type { EventOutbox } from '../events/outbox.ts';
import type { Keepers } from '../jobs/keepers.ts';
import type { Journal } from '../journal/journal.ts';
import type { Logger } from '../log.ts';
import type { ModelParts } from '../models/configured.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Sealer } from '../secrets/sealing.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Vault } from '../secrets/vault.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { SharedReads } from './shared-reads.ts';

/** What stands before any domain opens: the ports that they share, and what was found of the ground itself. */
export interface Ports {
  readonly config: Config;
  readonly log: Logger;
  /** What time it is. */
  readonly now: () => Date;
  /** Makes whatever goes round in the background. */
  readonly keepers: Keepers;
  readonly journal: Journal;
  readonly db: Database;
  /** The same for every server on this database, another one for each other database. */
  readonly databaseId: string;
  /** What is read in the database's place; null: nothing is. */
  readonly replica: Replica | null;
  readonly availability: Availability;
  readonly events: EventFeed;
  readonly outbox: EventOutbox;
  readonly outbound: Outbound;
  /** Follows work, where a collector is configured. */
  readonly tracing: Tracing;
  readonly vault: Vault | null;
  readonly secrets: Secrets;
  /** What many ask again and again is read through it. */
  readonly shared: SharedReads;
  /** Null without a master key. */
  readonly sealer: Sealer | null;
  readonly modelParts: ModelParts;
  /** The data directory's file system, if that is not fit for a journal. */
  readonly volatileFileSystem: string | null;
  /** Settings of the database under which a commit may be lost. */
  readonly durabilityProblems: readonly string[];
  /** @param listener told why the embedded database is restarted, and (null) when it is there again */
  onRestart(listener: (reason: string | null) => void): void;
}
