import { englishStem } from './english-stems.ts';

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
  'tooth:teeth|goose:geese|louse:lice|ox:oxen|wolf:wolves|knife:knives|shelf:shelves|thief:thieves|loaf:loaves|half:halves|calf:calves|mouse:mice|life:lives|wife:wives|good:better,best|bad:worse,worst|' +
  'big:bigger,biggest|easy:easier,easiest|happy:happier,happiest|bus:buses|gas:gases|death:dead';
/** Words that are made of others in a way that no stemmer knows: what one did and what one made. */
const MADE_OF =
  'advise:advice|allergy:allergic|anger:angry|believe:belief|born:birth|choose:choice|compare:comparison|decide:decision|' +
  'describe:description|explain:explanation|fly:flight|grow:growth|health:healthy|lose:loss|luck:lucky|noise:noisy|produce:production|' +
  'pursue:pursuit|rain:rainy|receive:receipt|sell:sale|speak:speech|spice:spicy|strong:strength|success:succeed|sun:sunny|weigh:weight';
/** What people write for a word in short. */
const SHORT =
  'apartment:apt|appointment:appt|barbecue:bbq|birthday:bday|boyfriend:bf|business:biz|congratulations:congrats|department:dept|' +
  'examination:exam|family:fam|favorite:fave,fav|girlfriend:gf|government:govt|hour:hrs|husband:hubby|information:info|' +
  'mathematics:math,maths|medication:meds|minute:mins|motorcycle:motorbike|phone:telephone,cellphone|professor:prof|refrigerator:fridge|' +
  'tomorrow:tmrw|tournament:tourney|university:uni|vegetable:veg,veggie|video:vid|week:wk,wks|year:yr,yrs';
/** Numbers in words; not "one", which seldom is a number. */
const NUMBERS =
  '2:two|3:three|4:four|5:five|6:six|7:seven|8:eight|9:nine|10:ten|11:eleven|12:twelve|13:thirteen|14:fourteen|15:fifteen|16:sixteen|' +
  '17:seventeen|18:eighteen|19:nineteen|20:twenty|30:thirty|40:forty|50:fifty|60:sixty|70:seventy|80:eighty|90:ninety|' +
  '1st:first|2nd:second|3rd:third|4th:fourth|5th:fifth|6th:sixth|7th:seventh|8th:eighth|9th:ninth|10th:tenth';
/** British spellings that follow none of the patterns below. */
const SPELLINGS =
  'aluminum:aluminium|cozy:cosy|defense:defence|donut:doughnut|gray:grey|jewelry:jewellery|license:licence|mustache:moustache|offense:offence|' +
  'pajamas:pyjamas|plow:plough|practice:practise|program:programme|skeptical:sceptical|tire:tyre|yogurt:yoghurt|dialog:dialogue|catalog:catalogue';
/** English words that say the same thing so often that a question may use one and its answer the other. */
const SYNONYMS =
  'child:kid,kids|mother:mom,mum,mommy,mummy|father:dad,daddy|grandmother:grandma,granny|grandfather:grandpa|' +
  'photo:photograph,photographs,picture,pictures,pic,pics,image,images,photos|film:movie,movies|' +
  'buy:purchase,purchased|start:begin,began,begun,beginning|bicycle:bike,bikes|holiday:vacation,vacations|' +
  'television:tv|dog:puppy,puppies,pup|cat:kitten,kittens|store:shop,shops,stores|' +
  'job:career,occupation,profession|large:big,huge|travel:trip,trips,journey|' +
  'contest:competition,tournament,tournaments,tourney|town:city|doctor:physician|sick:ill|happy:glad|exercise:workout|' +
  'wedding:marriage';

/** "colour", "neighbourhood", "flavoured". */
const OUR =
  /^(arm|behavi|col|endeav|fav|flav|glam|harb|hon|hum|lab|neighb|od|parl|rum|sav|splend|vap)our(?=$|[^a]|able)/;
/** "organise", "realisation". */
const ISE =
  /^(agon|apolog|author|categor|character|colon|commercial|critic|custom|emphas|energ|equal|familiar|fantas|fertil|final|general|harmon|hospital|ideal|immun|legal|maxim|memor|mesmer|minim|mobil|modern|normal|optim|organ|personal|prior|priorit|random|real|recogn|revolution|social|special|stabil|steril|summar|symbol|sympath|synchron|terror|util|vandal|visual)is(?=e|ing|ation|able)/;
/** "analyse", "paralysed". */
const YSE = /^(anal|paral|catal)ys(?=e[drs]?$|ing$|ers$)/;
/** "centre", "theatres". */
const RE = /^(calib|cent|fib|lit|lust|met|centimet|kilomet|millimet|somb|theat)re(?=s?$)/;

/** A word in the spelling of America, where Britain has another. */
function american(word: string): string {
  if (word.length < 5) return word;
  return word.replace(OUR, '$1or').replace(ISE, '$1iz').replace(YSE, '$1yz').replace(RE, '$1er');
}

/** What no stemmer takes apart rightly: "evening" is no form of "even". */
const WHOLE = new Set(['evening']);
const BASES = new Map(
  `${FORMS}|${MADE_OF}|${SHORT}|${NUMBERS}|${SPELLINGS}|${SYNONYMS}`.split('|').flatMap((group) => {
    const [base = '', forms = ''] = group.split(':');
    return forms.split(',').map((form) => [form, base] as const);
  }),
);

const BASE_STEMS = new Map([...BASES].map(([form, base]) => [stem(form), stem(base)]));

/** What an English word is indexed as: listed forms, and regular ones of listed words ("career" and "careers"), by what they stand for. */
export function englishTerm(written: string): string {
  const word = american(written);
  const found = stem(BASES.get(word) ?? word);
  return BASE_STEMS.get(found) ?? found;
}

function stem(word: string): string {
  const singular = word.endsWith('s') ? word.slice(0, -1) : word;
  return WHOLE.has(singular) ? singular : englishStem(word);
}
