import { stemmer as arabic } from '@orama/stemmers/arabic';
import { stemmer as english } from '@orama/stemmers/english';
import { stemmer as greek } from '@orama/stemmers/greek';
import { stemmer as indian } from '@orama/stemmers/indian';
import { stemmer as russian } from '@orama/stemmers/russian';

/**
 * English words that carry no meaning of their own: function words, and what people say to each other in passing.
 * Other languages have no list here; their frequent words weigh little because they are frequent.
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a about above after again against all also am an and any are as at be because been before being below between ' +
    'both but by can cannot cant could did didnt do does doing done dont down during each few for from further get ' +
    'go goes going gone got had has have having he her here hers herself hey hi him himself his how i if im in into ' +
    'is isnt it its itself ive just ll m me more most my myself no nor not now of off oh ok okay on once only or ' +
    'other our ours ourselves out over own re really s same she should so some such t than that thats the their ' +
    'arent couldnt doesnt hadnt hasnt havent mightnt mustnt neednt shouldnt wasnt werent wouldnt aint itll hes shes whats whos ' +
    'wheres hows heres theres youre youve youll youd theyre theyve theyll theyd weve ' +
    'theirs them themselves then there these they this those through to too under until up ve very was we went were ' +
    'what when where which while who whom why will with wont would wow yeah you your yours yourself yourselves'
  ).split(' '),
);

/** Irregular English forms, which a stemmer cannot know; "base: forms" joined by a bar. */
const FORMS =
  'become:became|begin:began,begun|bite:bit,bitten|blow:blew,blown|break:broke,broken|bring:brought|build:built|' +
  'buy:bought|catch:caught|choose:chose,chosen|come:came|deal:dealt|dig:dug|draw:drew,drawn|dream:dreamt|' +
  'drink:drank,drunk|drive:drove,driven|eat:ate,eaten|fall:fell,fallen|feed:fed|feel:felt|fight:fought|find:found|' +
  'fly:flew,flown|forget:forgot,forgotten|forgive:forgave,forgiven|freeze:froze,frozen|give:gave,given|' +
  'grow:grew,grown|hang:hung|hear:heard|hide:hid,hidden|hold:held|keep:kept|know:knew,known|lead:led|leave:left|' +
  'lend:lent|lose:lost|make:made|mean:meant|meet:met|pay:paid|ride:rode,ridden|ring:rang,rung|rise:rose,risen|' +
  'run:ran|say:said|see:saw,seen|sell:sold|send:sent|shake:shook,shaken|shoot:shot|show:shown|sing:sang,sung|' +
  'sit:sat|sleep:slept|speak:spoke,spoken|spend:spent|stand:stood|steal:stole,stolen|stick:stuck|swim:swam,swum|' +
  'take:took,taken|teach:taught|tell:told|think:thought|throw:threw,thrown|understand:understood|wake:woke,woken|' +
  'wear:wore,worn|tear:tore,torn|swear:swore,sworn|bend:bent|bind:bound|bleed:bled|cling:clung|creep:crept|flee:fled|forbid:forbade,forbidden|kneel:knelt|leap:leapt|shine:shone|shrink:shrank,shrunk|sink:sank,sunk|slide:slid|spin:spun|sting:stung|strike:struck|sweep:swept|swing:swung|weave:wove,woven|weep:wept|burn:burnt|learn:learnt|spill:spilt|spoil:spoilt|sew:sewn|win:won|write:wrote,written|child:children|person:people|man:men|woman:women|foot:feet|' +
  'tooth:teeth|goose:geese|louse:lice|ox:oxen|wolf:wolves|knife:knives|shelf:shelves|thief:thieves|loaf:loaves|half:halves|calf:calves|mouse:mice|life:lives|wife:wives|good:better,best|bad:worse,worst';
/** English words that say the same thing so often that a question may use one and its answer the other. */
const SYNONYMS =
  'child:kid,kids|mother:mom,mum,mommy,mummy|father:dad,daddy|grandmother:grandma,granny|grandfather:grandpa|' +
  'photo:photograph,photographs,picture,pictures,pic,pics,image,images,photos|film:movie,movies|' +
  'buy:purchase,purchased|start:begin,began,begun,beginning|bicycle:bike,bikes|holiday:vacation,vacations|' +
  'television:tv|favorite:favourite|color:colour|dog:puppy,puppies|cat:kitten,kittens|store:shop,shops,stores|' +
  'job:career,occupation,profession|large:big,huge|travel:trip,trips,journey|' +
  'contest:competition,tournament,tournaments|town:city|doctor:physician|sick:ill|happy:glad|exercise:workout|' +
  'wedding:marriage';
const BASES = new Map(
  `${FORMS}|${SYNONYMS}`.split('|').flatMap((group) => {
    const [base = '', forms = ''] = group.split(':');
    return forms.split(',').map((form) => [form, base] as const);
  }),
);

const BASE_STEMS = new Map([...BASES].map(([form, base]) => [english(form), english(base)]));

/** Listed forms, and regular ones of listed words: "career" and "careers". */
function englishStem(word: string): string {
  const stem = english(BASES.get(word) ?? word);
  return BASE_STEMS.get(stem) ?? stem;
}

const SCRIPTS: readonly (readonly [RegExp, (word: string) => string])[] = [
  [/^\p{Script=Latin}/u, english],
  [/^\p{Script=Cyrillic}/u, russian],
  // The article is written together with its noun, and with what stands before it.
  [/^\p{Script=Arabic}/u, (word) => arabic(word.replace(/^(?:[وفبك]?ال|لل)(?=.{3})/u, ''))],
  [/^\p{Script=Greek}/u, greek],
  [/^\p{Script=Devanagari}/u, indian],
];

/**
 * The stem of a lower-case word, by the language that is most written in its script. That is wrong for many a
 * language, but wrong in the same way for a text and for a question about it.
 */
export function stemOf(word: string): string {
  if (/^[a-z]/.test(word)) return englishStem(word) || word;
  const stem = SCRIPTS.find(([script]) => script.test(word))?.[1];
  return (stem?.(word) ?? word) || word;
}
