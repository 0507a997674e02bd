import type { Availability } from '../../db/availability.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import { NotionProblem } from './api.ts';
import { type ConfiguredKind, configuredKinds } from './configured.ts';
import { pagesOfIds } from './lookups.ts';
import { mappingHash } from './mapping.ts';
import { resolveSource } from './notion.ts';
import { type Found, waitingOf, wantPages } from './pages.ts';
import { type RequestServices, takeRequests } from './requests.ts';
import { type ChangedRow, changedRows, type Look } from './rows.ts';
import { noteBehind, noteUnseen, sourceOf, takeLook } from './sources.ts';
import type { SourceRow } from './tables.ts';

interface MirrorOptions extends RequestServices {
  readonly availability: Pick<Availability, 'isUp'>;
  readonly keepers: Keepers;
}

/** Milliseconds between looks at what is due. */
const LOOK_MS = 1_000;
/** Deliveries of one kind that may wait: the rest stays where it is, which is as durable. */
export const MAX_WAITING = 50;
/** How often pages are looked for that people set to be tasks. */
const POLL_MS = 10_000;
/** How often it is looked at where a kind goes; more often while that is broken. */
const RESOLVE_MS = { usual: 600_000, broken: 60_000 };

/**
 * Sees what Notion does not have as it is, and puts it into the outbox. It compares what is stored with what was written, so that
 * nothing is left out however long anybody was away, and what has not changed costs nothing.
 */
export class NotionMirror {
  readonly #options: MirrorOptions;
  readonly #keeper: Keeper;
  readonly #stop = new AbortController();

  constructor(options: MirrorOptions) {
    this.#options = options;
    this.#keeper = options.keepers.create({
      name: 'notion',
      everyMs: () => LOOK_MS,
      round: () => this.#round(),
    });
  }

  start(): void {
    this.#keeper.start();
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.#keeper.stop();
  }

  async #round(): Promise<void> {
    if (!this.#options.availability.isUp) return;
    const unexpected: unknown[] = [];
    for (const configured of configuredKinds(this.#options.mirror)) {
      if (this.#stop.signal.aborted) return;
      try {
        await this.#look(configured).catch((error: unknown) => this.#note(configured, error));
      } catch (error) {
        // It comes again. What nobody expected ends the round, but only when all kinds have had theirs.
        if (!(error instanceof NotionProblem) && !this.#stop.signal.aborted) unexpected.push(error);
      }
    }
    if (unexpected.length > 0) throw unexpected[0];
  }

  /** What is wrong with one kind is no matter of the others; where its database is other than it was, that is found out at once. */
  async #note(configured: ConfiguredKind, error: unknown): Promise<void> {
    if (this.#stop.signal.aborted || !(error instanceof NotionProblem)) throw error;
    const { db } = this.#options;
    await noteUnseen(db, configured.kind.name, error.message);
    await noteBehind(db, configured.kind.name, true);
    if (error.kind === 'MISSING' || error.kind === 'INVALID')
      await resolveSource(this.#options, configured, this.#stop.signal);
  }

  async #look({ kind, setting }: ConfiguredKind): Promise<void> {
    const { db, deliveries } = this.#options;
    const known = await sourceOf(db, kind.name, setting);
    const source = await this.#resolved({ kind, setting }, known);
    if (source.dataSourceId === null || source.state === 'BROKEN') return;
    if (setting.ready && (await takeLook(db, kind.name, 'polled_at', POLL_MS)))
      await takeRequests(this.#options, source, setting.ready, this.#stop.signal);
    if (!(await takeLook(db, kind.name, 'compared_at', kind.everyMs))) return;
    const room = MAX_WAITING - (await waitingOf(db, kind.name));
    const look: Look = {
      ...{ kind, properties: source.properties, recreate: setting.recreate },
      mapping: mappingHash(source.dataSourceId, source.properties),
    };
    const isMore =
      room <= 0
        ? (await changedRows(db.pool, look, 1, false)).length > 0
        : await this.#compare(source, look, room);
    await noteBehind(db, kind.name, isMore);
    if (room > 0) deliveries.wake();
  }

  /** Where a kind goes, looked at again from time to time: people rename and delete. */
  async #resolved(configured: ConfiguredKind, known: SourceRow): Promise<SourceRow> {
    const { db } = this.#options;
    const isWell = known.state === 'MIRRORING';
    const everyMs = isWell ? RESOLVE_MS.usual : RESOLVE_MS.broken;
    if (!(await takeLook(db, configured.kind.name, 'resolved_at', everyMs))) return known;
    return resolveSource(this.#options, configured, this.#stop.signal);
  }

  /** @returns whether there is more than what was taken */
  async #compare(source: SourceRow, look: Look, room: number): Promise<boolean> {
    const { db } = this.#options;
    const seen = await changedRows(db.pool, look, room + 1, false);
    if (seen.length === 0) return false;
    const found = await this.#found(source, seen.slice(0, room));
    await db.transaction(
      async (client) => wantPages(client, look.kind.name, await changedRows(client, look, room, true), found),
      { ownName: true },
    );
    return seen.length > room;
  }

  /** Asks Notion once for all that have no page here: they may have been there before this database. */
  async #found(source: SourceRow, rows: readonly ChangedRow[]): Promise<Found> {
    const { notion } = this.#options;
    const unknown = rows.flatMap(({ page, externalId }) => (page === null ? [externalId] : []));
    if (unknown.length === 0) return new Map();
    const pages = await pagesOfIds(notion, source, unknown, this.#stop.signal);
    return new Map(unknown.map((externalId) => [externalId, pages.get(externalId)?.[0] ?? null]));
  }
}
