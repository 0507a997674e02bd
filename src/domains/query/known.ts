import type { FactRow } from '../facts/tables.ts';
import type { KnownFact } from '../memory/fact-hits.ts';
import type { MemoryHit } from '../memory/hits.ts';
import { dayOf, quote, unforged } from './citation.ts';
import { tokensIn } from './context.ts';

/** Of the budget of an answer, what facts may take, and no more than so many tokens. */
const BUDGET_SHARE = 1 / 4;
const MAX_TOKENS = 400;
const LARGEST_NUMBER = 100;

/** The best facts that a part of the budget holds, and what they take of it. */
export function fittingFacts(
  facts: readonly KnownFact[],
  tokenBudget: number,
  timeZone: string,
): { readonly facts: readonly KnownFact[]; readonly tokens: number } {
  const budget = Math.min(MAX_TOKENS, tokenBudget * BUDGET_SHARE);
  let tokens = 0;
  const kept = facts.filter((fact) => {
    const cost = tokensIn(noteOf(fact, timeZone, LARGEST_NUMBER));
    if (tokens + cost > budget) return false;
    tokens += cost;
    return true;
  });
  return { facts: kept, tokens };
}

/** The number of the memory that a fact was said in, among those that an answer cites; null: it is none of them. */
export function numberOf({ source }: KnownFact, memories: readonly MemoryHit[]): number | null {
  if (!source?.turnId) return null;
  const at = memories.findIndex(({ interaction }) => interaction.turnId === source.turnId);
  return at === -1 ? null : at + 1;
}

/** A fact as a line for a model: quoted, so that nothing in it looks like anything but a quotation. */
export function noteOf(
  { fact, history, source }: KnownFact,
  timeZone: string,
  number: number | null,
): string {
  const quoted = (text: string) => `"${unforged(quote(text))}"`;
  const before = history.map(
    (each) => `${quoted(each.statement)} (said ${dayOf(each.lastSaidAt, timeZone)})`,
  );
  const verb = source?.turnId === null ? 'entered' : 'said';
  return [
    `- ${verb} ${dayOf(fact.lastSaidAt, timeZone)}${number === null ? '' : ` [${number}]`}: ${quoted(fact.statement)}`,
    ...(before.length > 0 ? [`; before that: ${before.join(', ')}`] : []),
  ].join('');
}

/** A fact as a sentence for its user: "You live in Porto (said on 3 May, [2]); before that Lisbon (said on 1 March)." */
export function sentenceOf({ fact, history, source }: KnownFact, timeZone: string, number: number | null) {
  const verb = source?.turnId === null ? 'entered' : 'said';
  const cited = number === null ? '' : `, [${number}]`;
  const before = history.map(
    (each) => `; before that ${formerly(each, fact)} (said on ${dateOf(each.lastSaidAt, timeZone)})`,
  );
  return `${toUser(fact.statement)} (${verb} on ${dateOf(fact.lastSaidAt, timeZone)}${cited})${before.join('')}.`;
}

/** What was so before, by what differs. */
function formerly(before: FactRow, now: FactRow): string {
  const isValue = before.predicate === now.predicate && !before.negated && !now.negated;
  const words = toUser(before.statement);
  return isValue ? quote(before.object) : `${words.charAt(0).toLowerCase()}${words.slice(1)}`;
}

/** "3 May", with the year if it is another than now. */
function dateOf(at: Date, timeZone: string): string {
  const isThisYear = dayOf(at, timeZone).slice(0, 4) === dayOf(new Date(), timeZone).slice(0, 4);
  return new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, day: 'numeric', month: 'long' },
    ...(!isThisYear && { year: 'numeric' }),
  }).format(at);
}

const OWNER_HAS = /^user's /iu;
/** What somebody does again and again, in their own words: "user: run on Tuesdays". */
const OWNER_DOES = /^[Uu]ser: (?=\p{Ll})/u;
const OWNER_NOT = /^user not (\p{L}+)/iu;
const OWNER = /^user (\p{L}+(?:'t)?)/iu;
const IRREGULAR: Readonly<Record<string, string>> = {
  is: 'are',
  was: 'were',
  has: 'have',
  does: 'do',
  "isn't": "aren't",
  "wasn't": "weren't",
  "hasn't": "haven't",
  "doesn't": "don't",
};
/** Verbs and the like that "you" has as "he" has them. */
const SAME =
  /^(?:can|cannot|can't|could|will|would|should|must|may|might|used|never|did|didn't|had|grew|owned|went|[a-z]+ed)$/;

/** A statement about its user, to them: "user lives in Porto" becomes "You live in Porto"; what is of another form is quoted. */
export function toUser(statement: string): string {
  const words = quote(statement).replace(/\.$/, '');
  if (OWNER_HAS.test(words)) return words.replace(OWNER_HAS, 'Your ');
  if (OWNER_DOES.test(words))
    return words
      .replace(OWNER_DOES, 'You ')
      .replace(/\btheir\b/g, 'your')
      .replace(/\bthemselves\b/g, 'yourself');
  const [not, verb] = OWNER_NOT.exec(words) ?? [];
  if (not !== undefined && verb !== undefined)
    return `You do not ${forYou(verb) ?? verb}${words.slice(not.length)}`;
  const [start, said] = OWNER.exec(words) ?? [];
  if (start === undefined || said === undefined) return words;
  const turned = forYou(said);
  return turned === null ? `Noted about you: "${words}"` : `You ${turned}${words.slice(start.length)}`;
}

/** The form of a verb that goes with "you"; null for what is no verb. */
function forYou(verb: string): string | null {
  const lower = verb.toLowerCase();
  const irregular = Object.hasOwn(IRREGULAR, lower) ? IRREGULAR[lower] : undefined;
  if (irregular !== undefined) return irregular;
  if (SAME.test(lower)) return verb;
  if (/[^aeiou]ies$/.test(lower) && lower.length > 4) return `${verb.slice(0, -3)}y`;
  if (/(?:ss|sh|ch|x|zz|o)es$/.test(lower)) return verb.slice(0, -2);
  return /[^s]s$/.test(lower) ? verb.slice(0, -1) : null;
}
