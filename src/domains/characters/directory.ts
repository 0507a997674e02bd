import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import { buildCharacterMatcher, type CharacterMatcher } from './matcher.ts';
import { matchableCharacters } from './reads.ts';

/** How long a matcher may be older than the table when another process changes characters. */
const MAX_AGE_MS = 5_000;

interface Entry {
  matcher: CharacterMatcher;
  builtAt: number;
  fingerprint: string;
  stale: boolean;
}

/**
 * The matchers over the characters of each tenant, built from the database and refreshed on change: at once for
 * changes of this process, within seconds for others'.
 */
export class CharacterDirectory {
  readonly #db: Database;
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();
  readonly #refreshing = new Map<string, Promise<Entry>>();

  constructor(db: Database, log: Logger) {
    this.#db = db;
    this.#log = log;
  }

  /**
   * The ids of characters that a text mentions, the main one first.
   *
   * @throws if the database has never been read for this tenant and does not answer
   */
  async mentionedIn(tenantId: string, text: string): Promise<number[]> {
    const matcher = await this.#matcher(tenantId);
    return matcher.find(text).map((mention) => mention.characterId);
  }

  /** Says that a tenant's characters were changed by this process. */
  changed(tenantId: string): void {
    const entry = this.#entries.get(tenantId);
    if (entry) entry.stale = true;
  }

  async #matcher(tenantId: string): Promise<CharacterMatcher> {
    const entry = this.#entries.get(tenantId);
    if (entry && !entry.stale && performance.now() - entry.builtAt < MAX_AGE_MS) return entry.matcher;
    try {
      return (await this.#refresh(tenantId)).matcher;
    } catch (error) {
      if (!entry) throw error;
      // Names change rarely; the last known ones are right unless they were just changed.
      this.#log.warn(
        { err: error, tenantId },
        'characters could not be refreshed; using the last known names',
      );
      return entry.matcher;
    }
  }

  #refresh(tenantId: string): Promise<Entry> {
    let running = this.#refreshing.get(tenantId);
    if (!running) {
      running = this.#load(tenantId).finally(() => this.#refreshing.delete(tenantId));
      this.#refreshing.set(tenantId, running);
    }
    return running;
  }

  async #load(tenantId: string): Promise<Entry> {
    const before = this.#entries.get(tenantId);
    if (before) before.stale = false;
    const rows = await matchableCharacters(this.#db, tenantId);
    const fingerprint = JSON.stringify(rows);
    const matcher = before?.fingerprint === fingerprint ? before.matcher : buildCharacterMatcher(rows);
    const entry = { matcher, builtAt: performance.now(), fingerprint, stale: before?.stale ?? false };
    this.#entries.set(tenantId, entry);
    return entry;
  }
}
