/** Who somebody may be to a speaker, and under which predicate it is kept. */
const RELATIONS: Readonly<Record<string, string>> = Object.fromEntries(
  (
    'husband=husband hubby wife=wife wifey partner=partner spouse boyfriend=boyfriend bf girlfriend=girlfriend gf fiance=fiance fiancee fiancé fiancée ' +
    'mother=mother mum mom mummy mommy mam mama ma father=father dad daddy papa pa son=son daughter=daughter ' +
    'child=child kid baby toddler newborn brother=brother bro sister=sister sis twin=twin sibling=sibling grandmother=grandmother grandma gran granny nan nana ' +
    'grandfather=grandfather grandpa grandad granddad aunt=aunt auntie uncle=uncle cousin=cousin niece=niece nephew=nephew ' +
    'grandson=grandson granddaughter=granddaughter grandchild=grandchild stepmother=stepmother stepmum stepmom stepfather=stepfather stepdad ' +
    'stepson=stepson stepdaughter=stepdaughter stepbrother=stepbrother stepsister=stepsister ' +
    'mother-in-law=mother_in_law mother&in&law father-in-law=father_in_law sister-in-law=sister_in_law ' +
    'brother-in-law=brother_in_law son-in-law=son_in_law daughter-in-law=daughter_in_law ' +
    'godmother=godmother godfather=godfather godson=godson goddaughter=goddaughter godchild=godchild ' +
    'friend=friend bestie mate buddy pal bff flatmate=flatmate roommate housemate roomie lodger=lodger ' +
    'colleague=colleague coworker co-worker workmate teammate=teammate boss=manager manager supervisor ' +
    'neighbour=neighbour neighbor landlord=landlord landlady=landlord tenant=tenant ' +
    'teacher=teacher tutor=tutor coach=coach trainer=trainer therapist=therapist counsellor=therapist counselor=therapist psychologist=therapist doctor=doctor gp=doctor dentist=dentist vet=vet ' +
    'physio=physio mentor=mentor professor=professor advisor=advisor adviser=advisor nanny=nanny babysitter=babysitter childminder=childminder cleaner=cleaner ' +
    'accountant=accountant lawyer=lawyer solicitor=lawyer assistant=assistant bandmate=bandmate classmate=classmate ' +
    'ex=ex ex-husband=ex_husband ex-wife=ex_wife ex-boyfriend=ex_boyfriend ex-girlfriend=ex_girlfriend widow=widow'
  )
    .split(' ')
    .reduce<[string, string][]>((found, entry) => {
      const [word = '', predicate = found.at(-1)?.[1] ?? ''] = entry.replaceAll('&', ' ').split('=');
      found.push([word, predicate]);
      return found;
    }, []),
);

/** @returns the predicate for a word for somebody, in the singular; null: it is none */
export function relationOf(word: string): string | null {
  const lower = word
    .toLowerCase()
    .replace(/\s+/g, '-')
    .replace(/-in-law$/, '-in-law');
  return Object.hasOwn(RELATIONS, lower) ? (RELATIONS[lower] ?? null) : null;
}

export const RELATION_WORDS = Object.keys(RELATIONS)
  .sort((a, b) => b.length - a.length)
  .map((word) => word.replace(/[-\s]/g, '[- ]'))
  .join('|');

export const PETS =
  'dogs?|cats?|puppy|puppies|pups?|kittens?|kitty|kitties|doggo|rabbits?|bunny|bunnies|hamsters?|guinea pigs?|parrots?|budgies?|cockatiels?|cockatoo|macaw|canary|canaries|parakeets?|finch(?:es)?|horses?|pony|ponies|mare|gelding|donkeys?|goats?|sheep|alpacas?|pigs?|tortoises?|turtles?|geckos?|snakes?|python|lizards?|iguanas?|bearded dragons?|chameleons?|goldfish|fish|bettas?|axolotls?|chickens?|hens?|roosters?|cockerels?|ducks?|geese|goose|ferrets?|chinchillas?|gerbils?|rats?|mouse|mice|hedgehogs?|tarantulas?|hermit crabs?|frogs?|cows?|llamas?|pigeons?|bees|beehives?|rescue|' +
  'labradors?|labs?|retrievers?|poodles?|spaniels?|terriers?|beagles?|dachshunds?|sausage dogs?|whippets?|greyhounds?|lurchers?|collies?|shepherds?|huskies|husky|corgis?|pugs?|bulldogs?|rottweilers?|dobermans?|boxers?|mastiffs?|chihuahuas?|shih tzus?|schnauzers?|mutts?|mongrels?|hounds?|setters?|pointers?|vizslas?|dalmatians?|malamutes?|samoyeds?|akitas?|pomeranians?|cockapoos?|labradoodles?|goldendoodles?|cavapoos?|maltese|tabby|tabbies|siamese|maine coons?|ragdolls?|sphynx|calico|tortoiseshell|moggy|moggies|bengals?|tomcats?';

/** A name: capitalised words. */
export const NAME = String.raw`(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Sir|Aunt|Uncle|Lady|Captain|King|Queen|Princess|Lord|Little|Big|Old)\.? )?(?:\p{Lu}\. ?){0,3}\p{Lu}[\p{L}\p{M}'-]*\p{L}(?: (?:(?:de|van|von|der|den|di|da|la|le|del|bin|al|of|the|Mc|O') ?)*\p{Lu}[\p{L}\p{M}'-]*\p{L}){0,2}`;
const NO_NAME =
  /^(?:I|I'm|I've|I'd|I'll|Im|God|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|May|June|July|August|September|October|November|December|Christmas|Easter|Also|And|But|So|He|She|It|They|We|You|My|Our|The|This|That|Is|Was|Has|Are|Not|Yes|No|OK|Okay|Can|Could|Do|Does|What|Where|When|Who|Why|How|If|In|On|At|To|For|With|From|English|German|French|Spanish|Italian|Japanese|Chinese|LOL|OMG|BTW|Facebook|Instagram|Twitter|WhatsApp|Zoom|Netflix|Covid|COVID)$/;

/** Whether it is a title without a name. */
export const isTitle = (name: string): boolean =>
  /^(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Sir|St|Hr|Fr|Sr|Sra|Mme|Mlle)\.?$/.test(name);

/** Whether a capitalised word may be somebody's name. */
export const mayBeName = (name: string): boolean =>
  !NO_NAME.test(name.split(' ')[0] ?? '') && !isTitle(name) && !isNationality(name) && name.length <= 40;

const DEMONYMS = new Set(
  (
    'afghan albanian algerian american angolan argentinian argentine armenian australian austrian azerbaijani bangladeshi basque belarusian belgian bolivian ' +
    'bosnian brazilian british bulgarian burmese cambodian cameroonian canadian catalan chilean chinese colombian congolese corsican costa&rican croatian cuban ' +
    'cypriot czech danish dutch ecuadorian egyptian english eritrean estonian ethiopian fijian filipino filipina finnish flemish french galician georgian german ' +
    'ghanaian greek guatemalan haitian hawaiian honduran hungarian icelandic indian indonesian iranian iraqi irish israeli italian ivorian jamaican japanese ' +
    'jordanian kazakh kenyan korean kosovan kurdish kuwaiti latvian lebanese libyan lithuanian macedonian malaysian malian maltese mexican moldovan mongolian ' +
    'montenegrin moroccan mozambican namibian nepali nepalese nicaraguan nigerian norwegian omani pakistani palestinian panamanian paraguayan persian peruvian ' +
    'polish portuguese puerto&rican qatari romanian russian rwandan salvadoran samoan saudi scottish senegalese serbian sicilian singaporean slovak slovakian slovenian ' +
    'somali south&african south&korean spanish sri&lankan sudanese surinamese swedish swiss syrian taiwanese tajik tanzanian thai tibetan tongan trinidadian tunisian turkish ' +
    'ugandan ukrainian uruguayan uzbek venezuelan vietnamese welsh yemeni zambian zimbabwean european asian african latina latino'
  )
    .split(' ')
    .map((word) => word.replaceAll('&', ' ')),
);

/** "Dutch", "half Greek", "Irish-American". */
export function isNationality(words: string): boolean {
  const bare = words.toLowerCase().replace(/^(?:half|part|quarter|originally|proudly|native)[- ]/, '');
  return DEMONYMS.has(bare) || bare.split(/[-/]/).every((word) => DEMONYMS.has(word));
}
