import { setImmediate as turnOfOthers } from 'node:timers/promises';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import { LoreShelf } from './lore-shelf.ts';
import { buildCharacterMatcherGently, type CharacterMatcher, type CharacterMention } from './matcher.ts';
import { type CharacterOwner, namesOf, versionOfNames } from './names.ts';
import type { PictureMatching } from './reference-images.ts';

/** How long a matcher may be older than the table when another process changes characters. */
const MAX_AGE_MS = 5_000;
/** Characters of each side of a recorded turn in which names are looked for. */
const LOOKED_AT = 8_000;
/** Characters that are looked at in one go: a few milliseconds. */
const BETWEEN_PAUSES = 8_000;
/** Users whose own names are kept ready; of others they are read again. */
const MAX_USERS = 2_000;

interface Entry {
  readonly matcher: CharacterMatcher;
  readonly version: string;
  checkedAt: number;
  stale: boolean;
}

/**
 * Who knows whom by which name: a matcher over the characters that users of a tenant share, and one over each user's
 * own. Made from the database and made anew on change: at once for changes of this process, within seconds for
 * others'. Users' own names cost nobody else anything.
 */
export class CharacterDirectory {
  /** Null: there are no folders of media. */
  pictures: PictureMatching | null = null;
  /** What is told of them. */
  readonly lore: LoreShelf;
  /** How often names were ready. */
  readonly use = { hits: 0, misses: 0 };
  readonly #db: Database;
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();
  readonly #refreshing = new Map<string, Promise<Entry>>();

  constructor(db: Database, log: Logger) {
    this.#db = db;
    this.lore = new LoreShelf(db);
    this.#log = log;
  }

  /** The ids of characters that a text of this user mentions, the main one first. @throws as `mentionsIn` */
  async mentionedIn(owner: Owner, text: string): Promise<number[]> {
    return (await this.mentionsIn(owner, text)).map((mention) => mention.characterId);
  }

  /**
   * The characters that a text of this user mentions, the main one first. Where an own character and a shared
   * one are called the same, it is the own one.
   *
   * @throws if the database has never been read for this tenant and does not answer
   */
  async mentionsIn({ tenantId, userId }: Owner, text: string): Promise<readonly CharacterMention[]> {
    const [shared, own] = await Promise.all([
      this.#matcher({ tenantId, userId: null }),
      this.#matcher({ tenantId, userId }),
    ]);
    return ownFirst(own.find(text), shared.find(text));
  }

  /**
   * The same for several texts that belong together in pairs: what was said, and what was answered. Lets others have
   * the thread between them.
   */
  async mentionedInTurns(
    { tenantId, userId }: Owner,
    turns: readonly { readonly query: string; readonly response: string }[],
  ): Promise<number[][]> {
    const [shared, own] = await Promise.all([
      this.#matcher({ tenantId, userId: null }),
      this.#matcher({ tenantId, userId }),
    ]);
    const found: number[][] = [];
    let work = 0;
    for (const turn of turns) {
      const sides = [turn.query, turn.response].map((side) => side.slice(0, LOOKED_AT).toWellFormed());
      const mentions = sides.flatMap((side) => ownFirst(own.find(side), shared.find(side)));
      found.push([...new Set(mentions.map(({ characterId }) => characterId))]);
      work += sides.join('').length;
      if (work > BETWEEN_PAUSES) {
        work = 0;
        await turnOfOthers();
      }
    }
    return found;
  }

  /** Says that this process changed a user's own characters, or (null) those that the tenant shares. */
  changed(tenantId: string, userId: string | null): void {
    const entry = this.#entries.get(keyOf({ tenantId, userId }));
    if (entry) entry.stale = true;
  }

  async #matcher(owner: CharacterOwner): Promise<CharacterMatcher> {
    const entry = this.#entries.get(keyOf(owner));
    if (entry && !entry.stale && performance.now() - entry.checkedAt < MAX_AGE_MS) {
      this.use.hits++;
      return entry.matcher;
    }
    this.use.misses++;
    try {
      return (await this.#refresh(owner)).matcher;
    } catch (error) {
      if (!entry) throw error;
      // Names change rarely; the last known ones are right unless they were just changed.
      this.#log.warn(
        { err: error, tenantId: owner.tenantId },
        'characters could not be refreshed; using the last known names',
      );
      return entry.matcher;
    }
  }

  #refresh(owner: CharacterOwner): Promise<Entry> {
    const key = keyOf(owner);
    let running = this.#refreshing.get(key);
    if (!running) {
      running = this.#load(owner, key).finally(() => this.#refreshing.delete(key));
      this.#refreshing.set(key, running);
    }
    return running;
  }

  async #load(owner: CharacterOwner, key: string): Promise<Entry> {
    const before = this.#entries.get(key);
    const wasStale = before?.stale ?? true;
    if (before) before.stale = false;
    // Before the names: what changes between the two is noticed the next time.
    const version = await versionOfNames(this.#db, owner);
    const isSame = before !== undefined && !wasStale && before.version === version;
    const matcher = isSame
      ? before.matcher
      : await buildCharacterMatcherGently(await namesOf(this.#db, owner));
    const entry = { matcher, version, checkedAt: performance.now(), stale: before?.stale ?? false };
    // Moved to the end, so that the first one is the one that was checked longest ago.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (owner.userId !== null) this.#forgetOldest();
    return entry;
  }

  #forgetOldest(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= MAX_USERS) return;
      if (!key.endsWith(',null]')) this.#entries.delete(key);
    }
  }
}

function keyOf({ tenantId, userId }: CharacterOwner): string {
  return JSON.stringify([tenantId, userId]);
}

/** Mentions of both, longest first; a shared character whose name is an own one's, or a part of it, is not meant. */
function ownFirst(
  own: readonly CharacterMention[],
  shared: readonly CharacterMention[],
): readonly CharacterMention[] {
  if (own.length === 0) return shared;
  const within = (inner: CharacterMention, outer: CharacterMention) =>
    outer.start <= inner.start && outer.end >= inner.end;
  const length = ({ start, end }: CharacterMention) => end - start;
  const kept = [
    ...own.filter(
      (mention) => !shared.some((other) => within(mention, other) && length(other) > length(mention)),
    ),
    ...shared.filter((mention) => !own.some((other) => within(mention, other))),
  ];
  // Stable: of equals, own ones stay first.
  return kept.sort((a, b) => length(b) - length(a));
}
