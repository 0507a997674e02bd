import { foldLetters } from '../../ground/letters.ts';
import { languagesOf } from '../characters/common-words.ts';

const MARKED = /[?？؟;⁇](?=["'”’»」』)\s]*(?:$|\s))|[?？؟]/u;
const GREEK_QUESTION = /[\p{Script=Greek}];/u;
const WITHOUT_SPACES =
  /誰|だれ|どなた|何(?!度も|回も|でも|か(?!ら))|なに|どんな|どこ|いつ(?!も|か)|なぜ|どうして|教えて|ですか|ますか|吗|嗎|呢[。!！]?$|谁|誰|什么|什麼|哪|怎么|怎麼|为什么|누구|무엇|뭐|어디|언제|왜|어떤|알려|인가요|나요|습니까/u;
const POLITE =
  /^(?:(?:please|pls|hey|hi|hello|ok|okay|so|and|now|well|but|also|then|bitte|por favor|s'il (?:te|vous) plait|echo)[\s,!.:]+)+/u;

/** What a question begins with that nobody marked as one. Words that begin statements of another language apart. */
const BEGINNINGS = {
  english: `who|whom|whose|what|when|where|why|which|how|is|are|was|were|do|does|did|has|have (?:i|we|you|they)|had (?:i|we|you|he|she|they)|can|could|would|will (?:i|we|you|he|she|it|they|the|my|our|there)|should|what's|who's|where's|how's`,
  german:
    'wer|wen|wem|wann|wo|wohin|woher|warum|wieso|welche[rsnm]?|wie|wieviel|weisst du|kannst du|hast du|habe ich|hab ich|ist|sind(?! (?:von|nach|zu|zum|zur|ins?|im|bei|beim|mit|jetzt|gerade|wieder|inzwischen|umgezogen)(?!\\p{L}))|gibt es',
  french:
    "qui|quoi|quand|pourquoi|comment|combien|quel|quelle|quels|quelles|est-ce|qu'est-ce|ou est|ou sont|ou ai-je|ai-je|as-tu|avez-vous|peux-tu|pouvez-vous",
  spanish:
    'quien|quienes|cuando|donde|adonde|cual|cuales|cuanto|cuantos|cuanta|cuantas|por que|como se|que (?:es|era|dije|hice|me|te|le|dia|hora|color)',
  italian: 'quando|dove|perche|quale|quali|quanto|quanti|chi e|chi era|cosa|che cosa|come si|dov',
  portuguese: 'quem|quando|onde|qual|quais|quanto|quantos|por que|como se|o que',
  dutch: 'wanneer|waar|waarom|wie is|hoe|hoeveel|welke|heb ik',
  polish: 'kto|kiedy|gdzie|dlaczego|jak|ile|ktory|ktora|czy',
  swedish: 'vem|vad|nar|varfor|vilken|vilket|hur|hvem|hvad|hvor|hvornar|hvorfor|hva|hvordan',
  turkish: 'nerede|neden|nasil|hangi|kac',
  russian: 'кто|что|когда|где|куда|откуда|почему|зачем|какой|какая|какие|как|сколько|чей|чья',
  arabic: 'من|ما|ماذا|متى|أين|اين|كيف|لماذا|كم|هل',
  hindi: 'कौन|क्या|कब|कहाँ|कहां|क्यों|कैसे|कितने',
};
/** In their own language only. */
const AMBIGUOUS: Record<string, string> = {
  german: 'was|hat|hatte|kann|kannst',
  spanish: 'que|como',
  italian: 'chi|come|che',
  portuguese: 'como|que',
  dutch: 'wat|wie',
  polish: 'co',
  turkish: 'kim|ne',
  french: 'que|ou',
};
/** Orders that ask for an answer and tell nothing. */
const DEMANDS =
  'tell|describe|show|explain|introduce|list|compare|summari[sz]e|translate|write|rewrite|draft|compose|delete|remove|erase|fix|correct|check|calculate|compute|convert|find|search|look up|draw|sketch|paint|generate|create|make me|give me|name (?:two|three|four|five|some|a|an|one|the|all|\\d+)|help|imagine|remind me (?:what|who|whom|whose|where|which|how|why|when)|shorten|improve|play|open|send|book|call|cancel|continue|please continue|erzahl|erzahle|beschreib|beschreibe|erklar|erklare|zeig|zeige|nenne|ubersetze|schreib|schreibe|losche|such|suche|raconte|decris|explique|montre|traduis|ecris|supprime|cherche|hablame|cuentame|describe|explica|muestra|muestrame|dime|traduce|escribe|borra|busca|parlami|descrivi|dimmi|spiega|scrivi|cancella|fala|fale|conte|descreva|diga|explique|escreva|apague|vertel|beschrijf|schrijf|opowiedz|opisz|napisz|расскажи|опиши|объясни|покажи|переведи|напиши|удали|найди|صف|اشرح|اكتب|ترجم';
/** Question words, as what follows an order to remind or a wish to know: "remind me to" asks for something else. */
const [ENGLISH, GERMAN, FRENCH, SPANISH, PORTUGUESE, ITALIAN, DUTCH, POLISH, RUSSIAN, ARABIC] = [
  'where|when|what|who|whom|whose|which|how|why|if|whether',
  'wo|wann|was|wer|wen|wem|wie|wohin|woher|warum|wieso|welche\\p{L}*|ob|wieviel',
  'ou|quand|qui|quels?|quelles?|quoi|comment|combien|pourquoi|ce que|si',
  'donde|adonde|cuando|quien|quienes|cual|cuales|como|cuant[oa]s?|por que|que|si',
  'onde|aonde|quando|quem|qual|quais|como|quant[oa]s?|por que|o que|se',
  'dove|quando|chi|cosa|che cosa|quale|quali|quant[oaie]|come|perche|se',
  'waar|wanneer|wie|wat|welke|hoe|hoeveel|waarom|of',
  'gdzie|kiedy|kto|kogo|co|jak|ile|ktor\\p{L}+|czyj\\p{L}*|dlaczego|dokad|skad|czy',
  'где|когда|кто|кого|кому|что|как|какой|какая|какие|какую|сколько|куда|откуда|почему|зачем|чей|чья',
  'أين|اين|متى|من|ما|ماذا|كيف|لماذا|كم|هل|إذا',
] as const;
/** Orders to say something that is known, and what people begin with who would like to know it. */
const WISHES = [
  `(?:i wonder|i was wondering|(?:i'd|i would) (?:like|love) to know|i (?:want|need|wanted) to know|any idea|(?:you |i )?(?:know|remember|forgot|forget|can't remember|cannot remember|don't remember|don't know)),? (?:${ENGLISH})`,
  `sag|sagt|sage (?:mir|uns)|verrate?|nenn|erinnere? mich(?: bitte| nochmal| noch mal| daran)*,? (?:${GERMAN})|ich (?:wusste|mochte|wollte|will) (?:gerne? |nur |mal |noch |einfach )*wissen|ich frage mich,? (?:${GERMAN})|ich (?:weiss nicht mehr|habe? vergessen),? (?:${GERMAN})`,
  `(?:re)?dis[- ]moi|dites[- ]moi|indique[- ]moi|donne[- ]moi|rappelle[- ]moi (?:${FRENCH}|le|la|les|mon|ma|mes|notre|nos)|rappelle[- ]moi l'\\p{L}+|(?:je (?:voudrais|veux|souhaite)|j'aimerais) savoir|je me demande|tu (?:sais|te (?:souviens|rappelles)),? (?:${FRENCH})|tu connais|(?:sais|connais|te souviens)[- ]tu|savez[- ]vous|j'ai oublie (?:${FRENCH})|c'est (?:quoi|qui|ou|quand)`,
  `digame|decime|recuerdame (?:donde|cuando|quien|cual|como|cuant[oa]s?|el|la|los|las)|(?:quiero|quisiera|necesito|me gustaria) saber|me pregunto|(?:sabes|recuerdas|te acuerdas(?: de)?) (?:${SPANISH})|(?:olvide|he olvidado|se me olvido|no (?:me acuerdo(?: de)?|recuerdo|se)) (?:donde|cuando|quien|cual|como|cuant[oa]s?)`,
  `me (?:diga|diz|fala|fale|conta|conte)|(?:diga|diz)[- ]me|(?:me )?lembr[ae](?:[- ]me)? (?:de )?(?:${PORTUGUESE})|(?:quero|queria|gostaria de) saber|(?:(?:voce|vc) )?(?:sabe|lembra)s? (?:${PORTUGUESE})|esqueci (?:${PORTUGUESE})`,
  `ricordami (?:${ITALIAN})|(?:vorrei|voglio) sapere|mi chiedo|(?:sai|ti ricordi) (?:${ITALIAN})|ho dimenticato (?:${ITALIAN})`,
  `zeg|herinner me (?:eraan )?(?:${DUTCH})|weet (?:je|jij|u) (?:nog )?(?:${DUTCH})|ik wil (?:graag )?weten|ik vraag me af|ik ben vergeten (?:${DUTCH})`,
  `powiedz|podaj|przypomnij(?: mi)?,? (?:${POLISH})|(?:czy )?wiesz,? (?:${POLISH})|(?:chce|chcialbym|chcialabym) wiedziec|zastanawiam sie|(?:zapomnial[ea]m|nie pamietam),? (?:${POLISH})`,
  'beratta|(?:sag|sig|si) (?:mig|meg)|fortael|fortell|(?:vet|ved) du|paminn mig (?:om )?(?:var|nar|vem|vad|hur)',
  'soyle|hatirlat|soyler misin|soyleyin',
  `напомни(?:те)?(?: мне)?,? (?:${RUSSIAN})|(?:ты |вы )?(?:не )?(?:знаешь|помнишь|знаете|помните),? (?:${RUSSIAN})|(?:хочу|хотел бы|хотела бы) знать|интересно,? (?:${RUSSIAN})|(?:я )?(?:забыл|забыла|не помню),? (?:${RUSSIAN})|скажите|подскажи(?:те)?|расскажите`,
  `قل لي|قولي لي|قول لي|أخبرني|أخبريني|ذكرني (?:${ARABIC})|أريد أن أعرف|أتساءل|نسيت (?:${ARABIC})|(?:هل )?(?:تعرف|تذكر) (?:${ARABIC})`,
].join('|');
/** Question words that stand within a question, in languages that put them before the verb; not of a question that is told. */
const WITHIN = {
  turkish:
    /(?:^|\s)(?:nerede|nerde|nereye|nereden|ne zaman|nasil|neden|hangi|kacta|kimin)(?=\s)|(?:^|\s)m[iu](?:sin|sun|siniz|sunuz|yim|yum|yiz|yuz)[\s.!]*$/u,
  turkishTold: /[dt][iu]g[iu]\p{L}*/u,
  hindi: /(?:^|\s)(?:कहाँ|कहां|कब|कौन|कौनसा|कैसे|कितना|कितने|कितनी|क्यों|किसने|किसका|किसके|किसकी)(?=\s|$)/u,
  hindiTold: /(?:^|\s)कि(?=\s)/u,
};
const END = '(?![\\p{L}\\p{N}])';
const OF_ANY = new RegExp(
  `^(?:${Object.values(BEGINNINGS).join('|')}|${DEMANDS}|${WISHES})${END}`.replace(
    /[^\0-\x7f]+/gu,
    foldLetters,
  ),
  'u',
);
const OF_ONE = new Map(
  Object.entries(AMBIGUOUS).map(([language, words]) => [language, new RegExp(`^(?:${words})${END}`, 'u')]),
);
const REQUESTED =
  /(?:てください|て下さい|ください|っけ)[。!！]?$|^(?:请|請|帮我|幫我|告诉我|告訴我)|(?:बताओ|बताइए|बताएँ|बताएं|बता दो)[।.!]?$|(?:해줘|해주세요)[.!]?$/u;
/** Letters that are looked at: who asks does so at the beginning or at the end. */
const LOOKED_AT = 2_000;

/**
 * Whether a text asks for something, rather than telling something: a question, or an order to say or to make
 * something. Decided by marks, first words and forms of the more frequent languages.
 */
export function asks(text: string): boolean {
  const given = text.trim();
  const end = given.slice(-LOOKED_AT);
  if (MARKED.test(end.replaceAll(';', ' ')) || GREEK_QUESTION.test(end)) return true;
  const start = given.slice(0, LOOKED_AT);
  if (WITHOUT_SPACES.test(start) || REQUESTED.test(end)) return true;
  const folded = foldLetters(start)
    .replaceAll('’', "'")
    .replace(/^[\s¿¡"'“„«]+/u, '')
    .replace(POLITE, '');
  if (OF_ANY.test(folded)) return true;
  if (WITHIN.turkish.test(folded) && !WITHIN.turkishTold.test(folded)) return true;
  if (WITHIN.hindi.test(start) && !WITHIN.hindiTold.test(start)) return true;
  // Counting the words of languages is what costs: it is left where none of their beginnings is there.
  const possible = [...OF_ONE].filter(([, pattern]) => pattern.test(folded));
  if (possible.length === 0) return false;
  const languages: readonly string[] = languagesOf(folded.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []);
  return possible.some(([language]) => languages.includes(language));
}
