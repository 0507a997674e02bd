import { isThing } from './common-words.ts';
import type { Token } from './tokens.ts';

/** A name of one word, among the tokens of its text. */
export interface Place {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly at: number;
  readonly languages: readonly string[];
  readonly beginsSentence: boolean;
}

const wordsBy = (lists: Readonly<Record<string, string>>): Readonly<Record<string, ReadonlySet<string>>> =>
  Object.fromEntries(Object.entries(lists).map(([language, words]) => [language, new Set(words.split(' '))]));

/** What one person or thing does, and what stands before such a verb; folded. */
const VERBS = wordsBy({
  english:
    'is was has had does did came comes went goes moved moves lives lived works worked called calls gave gives got gets took takes made makes left leaves met meets saw sees bought buys brought brings sent sends helped helps loves loved likes liked hates hated needs needed found finds lost won sold plays played sings sang dances danced arrived returned married died turned started stopped joined ordered paid keeps kept looks looked seems seemed feels felt became visited visits drove drives showed shows taught teaches',
  german:
    'ist war hat hatte kommt kam geht ging wird wurde kann konnte muss musste soll sollte darf wohnt wohnte lebt lebte arbeitet arbeitete bleibt blieb macht machte nimmt nahm gibt gab sieht sah fahrt fuhr ruft rief kauft kaufte bringt brachte hilft half trifft traf mag liebt liebte kennt kannte spielt spielte schlaft isst trinkt kocht lernt studiert reist zieht zog sucht suchte findet fand steht stand sitzt sass liegt lag wartet wartete besucht besuchte hort liest las fehlt freut feiert braucht bekommt bekam vergass vergisst verlor gewann singt sang tanzt',
  french:
    'est etait a avait va allait vient venait habite habitait travaille travaillait aime aimait arrive arrivait part partait mange joue chante cherche trouve prend fait faisait vit dort lit achete attend aide connait m t s l lui nous vous me te se ne n',
  spanish:
    'es era fue esta estaba ha habia va iba viene vino vive vivia trabaja trabajaba tiene tenia me te se le lo nos no llega llego sale salio come juega canta busca encontro hizo hace puede pudo ama duerme lee compro espera ayuda conoce',
  italian:
    'era ha aveva va viene venne abita lavora vive mi ti si ci vi non arriva parte mangia gioca canta cerca trova fa sta stava dorme legge compra aspetta aiuta conosce ama',
  portuguese:
    'era foi esta estava tem tinha vai ia vem veio mora vive trabalha me te se lhe nos nao chega chegou sai saiu come joga canta faz fez pode ama dorme comprou espera ajuda conhece',
  dutch:
    'is was heeft had komt kwam gaat ging woont woonde werkt werkte leeft belt belde maakt maakte neemt nam geeft gaf ziet zag koopt kocht brengt bracht helpt hielp houdt hield speelt slaapt eet drinkt kookt leert reist zoekt vindt vond staat zit ligt wacht',
});

/**
 * Whether a thing that is counted ("star", "wolf") stands without an article where a language would put one, so that
 * it must be a name: before a verb at the beginning of a sentence; in German, where every noun has a capital, also
 * within one.
 */
export function isBareThing(place: Place): boolean {
  const { tokens, at, languages, beginsSentence } = place;
  const word = tokens[at]?.folded ?? '';
  const [language = ''] = languages;
  if (!isThing(word, languages)) return false;
  const next = tokens[at + 1];
  const isFollowed = next?.joint === 'space' && isSmall(place, next);
  if (beginsSentence) return isFollowed && (VERBS[language]?.has(next.folded) ?? false);
  return language === 'german' && isBareInGerman(place, isFollowed ? next.folded : '');
}

/** What may stand before a name in German, and seldom before a noun without an article. */
const [BEFORE_NAMES, COPULAS, PREPOSITIONS, EXISTENCE, PLURAL_VERBS] = [
  'und oder aber denn sondern dass weil wenn ob obwohl bevor nachdem wahrend bis seit sobald falls ich du er wir ihr mir dir ihm uns euch ihnen mich dich es sich heute gestern morgen dann da dort jetzt auch nur noch schon hier gern gerne wieder nie immer oft bald eben gerade so nicht vielleicht wohl doch mal damals spater vorhin neulich habe hab hast haben hatten treffe traf sehe sah kenne kannte frage fragte besuche besuchte rufe rief helfe half glaube glaubte hore wen wem wer was wann wo wie warum wohin woher',
  'ist war bin bist sind waren wird wurde werden wurden als bleibt wie',
  'mit von bei fur ohne gegen uber neben wegen hinter vor nach zwischen',
  'gibt gab gebe geben',
  'sind waren haben hatten werden wurden konnen konnten mussen sollen leben lebten kommen kamen gehen gingen fliegen singen',
].map((words) => new Set(words.split(' ')));
/** Their plurals are the same, and need no article. */
const SAME_IN_PLURAL = /(?:el|er|en)$/;

function isBareInGerman({ tokens, at, text }: Place, next: string): boolean {
  const before = tokens[at - 1];
  const word = tokens[at]?.folded ?? '';
  if (!before || before.joint === undefined || tokens[at]?.joint !== 'space') return false;
  const { folded } = before;
  const exists = [next, folded, tokens[at - 2]?.folded ?? ''].some((each) => EXISTENCE?.has(each));
  if (exists || PLURAL_VERBS?.has(next)) return false;
  const isVerbNext = VERBS.german?.has(next) ?? false;
  const isFirst = at === 1;
  // "Er ist Kaiser", but "Ist Kaiser da?".
  if (COPULAS?.has(folded)) return isFirst && next !== '' && /^\p{Lu}/u.test(text.slice(before.start));
  if (PREPOSITIONS?.has(folded)) return true;
  if (SAME_IN_PLURAL.test(word)) return isVerbNext || (VERBS.german?.has(folded) ?? false) || folded === 'es';
  return (BEFORE_NAMES?.has(folded) ?? false) || (VERBS.german?.has(folded) ?? false);
}

function isSmall({ text }: Place, { start }: Token): boolean {
  return /^\p{Ll}/u.test(text.slice(start, start + 2));
}

/** Articles that make a noun of what is written in small letters. */
const ARTICLES = wordsBy({
  english: 'the a an',
  french: 'le la les un une des du au l',
  spanish: 'el la los las un una unos unas',
  italian: 'il lo la gli le un uno una',
  portuguese: 'o os um uma',
  dutch: 'de het een',
});
/** In German an article may stand before a name ("der Kai"), but not one of these. */
const NEVER_BEFORE_NAMES = new Set(
  (
    'ein eine einen einem einer eines kein keine keinen keinem keiner jeder jede jedes jeden jedem welcher welche welches ' +
    'im ins am ans viele alle einige zwei drei vier funf zehn hundert tausend'
  ).split(' '),
);

/** Whether what stands before a word of no list shows that it is a noun there, and nobody's name. */
export function isNoun(place: Place): boolean {
  const { tokens, at, languages } = place;
  const token = tokens[at];
  const before = tokens[at - 1];
  const [language = ''] = languages;
  if (!token || !before || token.joint !== 'space') return false;
  if (language === 'german') return NEVER_BEFORE_NAMES.has(before.folded);
  return isSmall(place, token) && (ARTICLES[language]?.has(before.folded) ?? false);
}
