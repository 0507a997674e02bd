import type { Owner } from '../../access/principals.ts';
import { READ_DEADLINE_MS } from '../../db/availability.ts';
import { Patience } from '../../db/patience.ts';
import type { TurnColumns } from '../interactions/reads.ts';
import { timeZoneFor } from '../settings/settings.ts';
import { Calendar } from '../spoken-times/calendar.ts';
import { timeless } from '../spoken-times/spoken-times.ts';
import { CHARACTER_DATABASE } from '../utterances/recalled.ts';
import { hitsOf, ranked } from './hits.ts';
import type { MemorySearch, MemoryServices } from './memory.ts';
import { isAbout, type MemoryConditions, type PooledTurn, turnsAbout } from './pool.ts';
import { shownTurns } from './shown-turns.ts';

const EVERYWHERE: MemoryConditions = {
  conversationId: null,
  since: null,
  until: null,
  about: null,
  archived: null,
};

/**
 * The latest turns about characters, stored or not yet stored, as hits: for who asks for nothing but these. They are found by an
 * index of their own, so neither the word index nor vectors are read. Of turns that their profile answered nothing is read: these repeat what
 * is known, and where it is asked for often, they are all that is the latest.
 *
 * @param asked.looked how many of the latest turns of each are looked into
 * @param columns what is read of the turns that are found, for a caller who shows no more of them
 */
export async function memoriesAbout(
  server: MemoryServices,
  owner: Owner,
  asked: {
    readonly query: string;
    readonly characterIds: readonly number[];
    readonly limit: number;
    readonly looked: number;
    readonly timeZone?: string | null | undefined;
  },
  columns: TurnColumns = 'all',
): Promise<Pick<MemorySearch, 'hits' | 'missedTime' | 'timeZone' | 'degraded'>> {
  const started = performance.now();
  const { config, db, metrics, store } = server;
  const availability = new Patience(server.availability, READ_DEADLINE_MS);
  const { query, characterIds, limit, looked } = asked;
  // Before anything is read from the database: a turn that gets there meanwhile is then found twice, not never.
  const waiting = store.pending
    .ofUser(owner)
    .filter((row) => row.modelUsed !== CHARACTER_DATABASE && characterIds.some((id) => isAbout(row, id)));
  const [timeZone, stored] = await Promise.all([
    timeZoneFor({ db, config, availability }, owner, asked.timeZone),
    availability.tolerate(() => turnsAbout(db, owner, EVERYWHERE, characterIds, looked, 'otherwise'), null),
  ]);
  const candidates = new Map(
    [...waiting, ...(stored ?? [])].map((turn) => [turn.turnId, { turn, words: null, meaning: null }]),
  );
  const wanted = {
    ...{ query, limit, characterIds, missedTime: false },
    ...{ calendar: new Calendar(new Date(), timeZone), times: timeless(query) },
  };
  const found = {
    words: { speakers: new Set<string>() },
    candidates: [...candidates.values()],
    waiting: new Map(waiting.map((row) => [row.turnId, row])),
    stored: (turns: readonly PooledTurn[]) =>
      availability.tolerate(
        async () => (turns.length > 0 ? shownTurns(db, owner, turns, columns) : new Map()),
        new Map(),
      ),
  };
  const hits = candidates.size > 0 ? await hitsOf(found, wanted, ranked(found, wanted)) : [];
  const degraded = availability.missed > 0;
  const seconds = (performance.now() - started) / 1_000;
  metrics.usage.countSearch({ seconds, hits: hits.length, degraded });
  return { hits, missedTime: false, timeZone, degraded };
}
