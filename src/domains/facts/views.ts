import type { Owner } from '../../access/principals.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { readOnceAvailable } from '../../db/once-available.ts';
import type { Page } from '../../db/statements.ts';
import { NotFound } from '../../errors.ts';
import { requiredWords } from '../word-index/analysis.ts';
import { parseFactId, parseTextConditions } from './by-hand.ts';
import { type FactConditions, factPage } from './list.ts';
import { factsById, factsSharing } from './reads.ts';
import type { FactRow } from './tables.ts';

export { FACT_CATEGORIES, FACT_ORIGINS, FACT_STATUSES, type FactRow } from './tables.ts';

interface Services {
  readonly db: Database;
}

/** A page of a user's facts, what was recorded last first. @throws InvalidInput */
export async function factsMatching(
  { db }: Services,
  owner: Owner,
  filter: FactConditions,
  page: Page<number>,
): Promise<FactRow[]> {
  const texts = parseTextConditions(filter);
  return factPage(db, owner, { ...filter, ...texts }, page);
}

/** One of a user's facts. @throws InvalidInput, NotFound */
export async function findFact({ db }: Services, owner: Owner, factId: string): Promise<FactRow> {
  const [found] = await factsById(db, owner, [parseFactId(factId)]);
  if (!found) throw new NotFound('factId', 'there is no such fact');
  return found;
}

/** Facts that share a word with a text and are looked at. */
const LOOKED_AT = 200;
/** Beside the fact that shares most of the words, one with less than this part of them only fills the page. */
const LEAST_SHARE = 0.5;

/**
 * Facts that hold and speak of what a text speaks of: that share most of its words with them, the best first; of a text without
 * words that carry meaning, what was recorded last.
 */
export async function factsAbout(
  { db }: Services,
  owner: Owner,
  text: string,
  limit: number,
): Promise<FactRow[]> {
  const words = requiredWords(text);
  if (words.length === 0)
    return factPage(db, owner, { status: 'ACTIVE' }, { after: null, before: null, limit, inverted: false });
  const facts = await factsSharing(db, owner, [...new Set(words.flat())], LOOKED_AT);
  const shared = ({ searchTerms }: FactRow) => {
    const terms = new Set(searchTerms);
    return words.filter((forms) => forms.some((form) => terms.has(form))).length;
  };
  const counted = facts.map((fact) => ({ fact, count: shared(fact) }));
  const most = Math.max(0, ...counted.map(({ count }) => count));
  return counted
    .filter(({ count }) => count >= most * LEAST_SHARE)
    .sort((a, b) => b.count - a.count || b.fact.id - a.fact.id)
    .slice(0, limit)
    .map(({ fact }) => fact);
}

/** What an event told of, as soon as the database answers. @returns null: there is none for this caller */
export function factOnceAvailable<Row>(
  services: { readonly availability: Availability },
  load: () => Promise<Row | null>,
  signal: AbortSignal,
): Promise<Row | null> {
  return readOnceAvailable(services.availability, load, signal);
}
