import type { Owner } from '../../access/principals.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import { subjectWordsAmong } from '../utterances/frames.ts';
import { asks } from '../utterances/utterance.ts';
import { termsOf, wordsOf } from '../word-index/analysis.ts';
import { searchWords, type WordSearchServices } from '../word-index/search.ts';
import { type Candidate, foundByWords, type Pool } from './candidates.ts';
import { asksExpresslyNow, saysFirstPerson, saysOfMe, withoutNow } from './current.ts';
import type { MemoryConditions, PooledTurn } from './pool.ts';
import { leftThing, relationsOf, tellsChange, thingsIn } from './succession.ts';

/** Times that what took the place of something may have been replaced itself. */
const STEPS = 3;
/** Statements of the user whose things are followed: the best by words. */
const STATEMENTS = 8;
/** How far changes are followed. */
export const SUCCESSOR_PARAMETERS = { STEPS, STATEMENTS };

interface Sought {
  readonly query: string;
  readonly limit: number;
}

/**
 * The pool of a question about how something is now, and what was told since of the things that the user's statements
 * name, in other words than the question's: "I drive a Golf" leads to "I sold the Golf and bought a Volvo". Likewise
 * what is told of the side of life that is asked about ("I moved to Porto" where one asks where they live).
 */
export async function withSuccessors(
  services: WordSearchServices,
  owner: Owner,
  sought: Sought,
  conditions: MemoryConditions,
  waiting: readonly InteractionRow[],
  pool: Pool,
): Promise<Pool> {
  const asked = termsOf(sought.query);
  const candidates = new Map(pool.candidates.map((candidate) => [candidate.turn.turnId, candidate]));
  const find = async (text: string): Promise<PooledTurn[]> => {
    if (text === '') return [];
    const words = await searchWords(services, owner, text, waiting);
    const found = await foundByWords(
      services.db,
      owner,
      { limit: sought.limit, asksNow: true, comparesMeaning: false },
      conditions,
      words,
    );
    return found.map(({ turn }) => turn).filter(({ query }) => !asks(query));
  };
  const add = (turn: PooledTurn, becameOf: string) => {
    const known: Candidate = candidates.get(turn.turnId) ?? { turn, words: null, meaning: null };
    candidates.set(turn.turnId, { ...known, becameOf });
  };
  const subject = subjectOf(sought.query);
  const statesIt = (turn: PooledTurn) => subject !== null && tellsAllOf(turn.query, subject);
  const statements = pool.candidates.filter(
    ({ turn }) => !asks(turn.query) && (saysOfMe(turn.query, asked) || statesIt(turn)),
  );
  for (const statement of statements)
    if (statesIt(statement.turn)) candidates.set(statement.turn.turnId, { ...statement, states: true });
  const relations = relationsOf(asked);
  for (const turn of await find(relations.map(({ words }) => words).join(' ')))
    if (relations.some((each) => tellsChange(turn.query, each))) add(turn, 'what is asked about');
  let latest = statements.slice(0, STATEMENTS).map(({ turn }) => turn);
  const followed = new Set<string>();
  for (let step = 0; step < STEPS && latest.length > 0; step++) {
    /** Each thing, and since when it is known. */
    const things = new Map<string, Date>();
    /** Those that are of the one who asks. */
    const own = new Set<string>();
    for (const turn of latest)
      for (const thing of thingsIn(turn.query, asked)) {
        if (isOfMe(turn.query, asked)) own.add(thing);
        const since = things.get(thing);
        if (!followed.has(thing) && (!since || turn.timestamp < since)) things.set(thing, turn.timestamp);
      }
    for (const thing of things.keys()) followed.add(thing);
    const names = new Set(things.keys());
    const ownNames = new Set([...names].filter((name) => own.has(name)));
    latest = (await find([...names].join(' '))).filter((turn) => {
      const thing = leftThing(turn.query, ownNames) ?? (subject && leftThing(turn.query, names, subject));
      if (thing === null || turn.timestamp < (things.get(thing) ?? turn.timestamp)) return false;
      add(turn, thing);
      return true;
    });
  }
  return { ...pool, candidates: [...candidates.values()] };
}

function isOfMe(statement: string, asked: ReadonlySet<string>): boolean {
  return saysOfMe(statement, asked) || saysFirstPerson(wordsOf(statement).map(({ word }) => word));
}

/** The terms of what a question expressly asks the present state of; null where it does not, or of nothing. */
function subjectOf(question: string): ReadonlySet<string> | null {
  if (!asksExpresslyNow(question)) return null;
  const words = wordsOf(withoutNow(question));
  const subject = subjectWordsAmong(words.map(({ word }) => word));
  const terms = words.filter(({ word }) => subject.has(word)).map(({ term }) => term);
  return terms.length > 0 ? new Set(terms) : null;
}

function tellsAllOf(text: string, terms: ReadonlySet<string>): boolean {
  const said = termsOf(text);
  return [...terms].every((term) => said.has(term));
}
