import { foldLetters } from '../../ground/letters.ts';
import { wordsOf } from '../word-index/analysis.ts';

/** How objects are compared, by what is said. */
type Kind = 'place' | 'name' | 'title' | 'thing' | 'vehicle' | 'firm' | 'day' | 'number' | 'words';

const KINDS: Readonly<Record<string, Kind>> = Object.fromEntries(
  Object.entries<string>({
    place: 'lives_in staying_in from grew_up_in born_in',
    name:
      'name nickname surname partner husband wife boyfriend girlfriend fiance mother father stepmother stepfather ' +
      'mother_in_law father_in_law twin manager landlord therapist doctor dentist physio vet',
    thing: 'occupation home relationship_status',
    vehicle: 'drives',
    firm: 'works_at worked_at',
    day: 'birthday born',
    number: 'age number_of_children number_of_siblings',
  }).flatMap(([kind, predicates]) => predicates.split(' ').map((predicate) => [predicate, kind as Kind])),
);

/** What has a title is told apart by each letter: "Alien" is not "Aliens". */
const TITLED =
  /^favourite_.*(?:film|movie|book|novel|band|group|song|album|show|series|game|podcast|play|musical)$/;

/** What two predicates call the same, and whether one says the opposite of the other. */
const ALIASES: Readonly<Record<string, readonly [predicate: string, isOpposite: boolean]>> = {
  dislikes: ['likes', true],
  employer: ['works_at', false],
  value_of_employer: ['works_at', false],
  job: ['occupation', false],
  profession: ['occupation', false],
  value_of_job: ['occupation', false],
};

/** A predicate under the one name that it is compared by. */
export function namedAlike(predicate: string): { readonly predicate: string; readonly isOpposite: boolean } {
  const plain = predicate.replace(/^favorite_/, 'favourite_').replace(/_color(?=_|$)/, '_colour');
  const [name, isOpposite] = (Object.hasOwn(ALIASES, plain) && ALIASES[plain]) || [plain, false];
  return { predicate: name, isOpposite };
}

const kindOf = (predicate: string): Kind =>
  (Object.hasOwn(KINDS, predicate) && KINDS[predicate]) ||
  (TITLED.test(predicate) ? 'title' : plainKind(predicate));
const plainKind = (predicate: string): Kind => (/^favourite_/.test(predicate) ? 'thing' : 'words');

/**
 * An object as it is compared: two that have the same are the same thing. The stems of its words in any order, without those that
 * carry no meaning; names and titles by their words as they are written; of ages and counts the number.
 */
export function comparable(predicate: string, object: string): string {
  const kind = kindOf(predicate);
  const text = spelled(object);
  if (kind === 'number') return /\d+(?:[.,]\d+)?/.exec(text)?.[0] ?? stems(text);
  if (kind === 'day') return stems(text.replace(/(\d)(?:st|nd|rd|th)\b/g, '$1'));
  if (kind === 'title') return written(text).join(' ') || plain(text);
  if (kind === 'name') return [...written(text)].sort().join(' ') || plain(text);
  if (kind === 'place') return [...new Set(partsOfPlace(object))].sort().join(' ') || plain(text);
  if (kind === 'firm') return stems(text.replace(FIRM, ''));
  return stems(predicate === 'studied' ? text.replace(/^degree in /, '') : text);
}

/** Number of words that an object is compared by: of two ways to say the same, the more exact one has more. */
export const detailOf = (predicate: string, object: string): number =>
  comparable(namedAlike(predicate).predicate, object).split(' ').length;

/**
 * Whether one value says less of the same than another: "Lisbon" than "Lisbon, Portugal", "engineer" than "civil engineer", "Petra"
 * than "Petra Novak". Not for every two of which one has the words of the other: "York" is not "New York".
 */
export function isWithin(predicate: string, less: string, more: string): boolean {
  const kind = kindOf(namedAlike(predicate).predicate);
  if (kind === 'words' || kind === 'title' || kind === 'number') return false;
  if (kind === 'place') return isAmong(partsOfPlace(less), partsOfPlace(more));
  if (kind === 'day') return isAmong([...numbersAndMonths(less)], [...numbersAndMonths(more)]);
  const [few, many] = [wordsIn(kind, less), wordsIn(kind, more)];
  if (few.length === 0 || few.length >= many.length) return false;
  const begins = few.every((word, at) => word === many[at]);
  // "Clara, a nurse", "a nurse at the clinic": what follows tells more of the same.
  if (begins && few.length === wordsIn(kind, headOf(more)).length) return true;
  if (kind === 'firm') return false;
  if (kind === 'name') return begins && /^\p{Lu}/u.test(restOf(more, few.length));
  if (kind === 'vehicle' && begins) return true;
  const head = wordsIn(kind, headOf(more));
  return few.at(-1) === head.at(-1) && tellsMore(few, head);
}

/** Whether words have all of fewer ones, in their order, and beside them none that makes something else of it. */
function tellsMore(few: readonly string[], many: readonly string[]): boolean {
  let found = 0;
  for (const word of many) {
    if (word === few[found]) found++;
    else if (RANKS.has(word)) return false;
  }
  return found === few.length;
}

/** Words that make something else of what follows them. */
const RANKS = new Set(
  (
    'head chief senior junior lead leading principal deputy assistant associate vice trainee apprentice student former ex retired ' +
    'aspiring future non not anti never acting honorary'
  ).split(' '),
);
const FIRM =
  /[\s,]+(?:inc|ltd|limited|llc|llp|plc|gmbh|ag|se|corp|corporation|incorporated|co|s\.?a|b\.?v|pty)\.?$/;
const headOf = (text: string) => text.split(/,|\(|\s(?:at|in|for|with|from|of|on|near|to)\s/)[0] ?? text;
const wordsIn = (kind: Kind, text: string): string[] =>
  kind === 'name' ? written(text) : wordsOf(spelled(text)).map(({ term }) => term);
const restOf = (text: string, words: number) =>
  text
    .trim()
    .split(/[\s,]+/)
    .slice(words)
    .join(' ');

/** Words for directions and parts, which tell more of a place if they are written small: "south London", but "South Korea". */
const PART_OF_TOWN =
  /\b(?:central|downtown|inner|outer|greater|upper|lower|north(?:ern)?|south(?:ern)?|east(?:ern)?|west(?:ern)?|north-?(?:east|west)|south-?(?:east|west)|the (?:centre|center|middle|heart) of|the suburbs of|the city of|the town of|(?:city|town|village|municipality) of)\s+(?=\p{Lu})|\s(?:area|region|city cent(?:re|er))\b/gu;

/** What lies in what: "Alfama, Lisbon" has two parts. */
function partsOfPlace(place: string): string[] {
  return place
    .replace(PART_OF_TOWN, ' ')
    .split(/[,()]|\sin\s/)
    .filter((part) => part.trim() !== '')
    .map((part) => stems(spelled(part)))
    .map((part) => (part === 'nyc' || part === NEW_YORK ? stems('new york') : part));
}

function isAmong(few: readonly string[], many: readonly string[]): boolean {
  const all = new Set(many);
  return few.length > 0 && new Set(few).size < all.size && few.every((part) => all.has(part));
}

const NEW_YORK = stems('new york city');
const numbersAndMonths = (text: string) =>
  new Set(stems(spelled(text).replace(/(\d)(?:st|nd|rd|th)\b/g, '$1')).split(' '));

/** The stems of words that carry meaning, each once, in one order. */
function stems(text: string): string {
  const terms = [...new Set(wordsOf(text).map(({ term }) => term))].sort();
  return terms.length > 0 ? terms.join(' ') : plain(text);
}

/** Words as they are written, without an article before them. */
const written = (text: string): string[] =>
  plain(text)
    .replace(/[^\p{L}\p{N}\p{M}'&+#]+/gu, ' ')
    .trim()
    .replace(/^(?:the|an?) (?=.)/, '')
    .split(' ')
    .filter((word) => word !== '');

const SMALL = words(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen',
);
const TENS = words('_ _ twenty thirty forty fifty sixty seventy eighty ninety');
const UNITS = [...SMALL.keys()].slice(1, 10).join('|');
const NUMBER = new RegExp(
  `\\b(?:(${[...TENS.keys()].slice(2).join('|')})(?:[- ](${UNITS}))?|(${[...SMALL.keys()].slice(2).join('|')}))\\b`,
  'g',
);
function words(text: string): ReadonlyMap<string, number> {
  return new Map(text.split(' ').map((word, value) => [word, value] as const));
}

/** How words are written that have two ways. */
const SPELLINGS: Readonly<Record<string, string>> = {
  color: 'colour',
  colors: 'colours',
  favorite: 'favourite',
  center: 'centre',
  theater: 'theatre',
  gray: 'grey',
  flavor: 'flavour',
  jewelry: 'jewellery',
  neighbor: 'neighbour',
  yoghurt: 'yogurt',
  doughnut: 'donut',
  doughnuts: 'donuts',
  fiber: 'fibre',
};
const SPELLED = new RegExp(`\\b(?:${Object.keys(SPELLINGS).join('|')})\\b`, 'g');

/** In small letters, numbers in figures, and words in one spelling. */
function spelled(text: string): string {
  return plain(text)
    .replace(NUMBER, (_, tens: string | undefined, unit: string | undefined, small: string | undefined) =>
      String(
        small === undefined
          ? 10 * (TENS.get(tens ?? '') ?? 0) + (SMALL.get(unit ?? '') ?? 0)
          : (SMALL.get(small) ?? 0),
      ),
    )
    .replace(SPELLED, (word) => SPELLINGS[word] ?? word);
}

/** Without regard to case and accents. */
export function plain(text: string): string {
  return foldLetters(text.normalize('NFKC').toLowerCase()).replace(/\s+/g, ' ').trim();
}
