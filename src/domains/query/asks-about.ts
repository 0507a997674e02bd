import { foldLetters } from '../../ground/letters.ts';
import type { CharacterMention } from '../characters/matcher.ts';
import { isAskedFor } from '../characters/name-frames.ts';

const SENTENCE_END = /(?<!\b(?:dr|mr|mrs|ms|st))[.!。！…\n]+(?=\s|$|[^\d\s])|(?<=[?？؟])/iu;
/** What a question or a request begins with where nobody puts a question mark. */
const BEGINS = new RegExp(
  `^(?:(?:please|pls|hey|hi|hello|ok|okay|so|and|now|well|bitte|por favor|s'il (?:te|vous) plait)[\\s,]+)*(?:${[
    "who|whom|whose|what|when|where|why|which|how|is|are|was|were|do|does|did|has|have|had|can|could|would|will|should|what's|who's|where's",
    'tell|describe|show|explain|introduce|give|list|compare|ask|say|find|name|summari[sz]e|imagine|write|think|about|more about|info|describe',
    'wer|was|wann|wo|warum|welche[rs]?|wie|ist|sind|hat|kann|kannst|erzahl|erzahle|beschreib|beschreibe|zeig|nenne|kennst',
    'qui|que|quoi|quand|ou|pourquoi|quel|quelle|comment|est-ce|parle|decris|raconte|connais|montre',
    'quien|que|cuando|donde|por que|cual|como|hablame|cuentame|describe|dime|conoces|muestra',
    'chi|che|cosa|quando|dove|perche|quale|come|parlami|descrivi|dimmi|quem|onde|qual|fala|fale|me fale|conte|descreva|diga',
    'wie|wat|wanneer|waar|waarom|hoe|vertel|beschrijf|kto|co|kiedy|gdzie|jak|opowiedz|opisz|kim|ne|nasil|vem|vad|hvem|hvad|hva',
    'кто|что|когда|где|почему|какой|какая|как|расскажи|опиши|من|ما|ماذا|متى|أين|اين|كيف|صف|كون|कौन|क्या',
  ].join('|')})(?![\\p{L}\\p{N}])`,
  'u',
);
const ASKS_WITHOUT_SPACES =
  /誰|だれ|どなた|何|なに|どんな|どこ|いつ|なぜ|どう|教え|紹介して|ですか|ますか|吗|嗎|谁|什么|什麼|哪|怎么|怎麼|介绍|介紹|누구|무엇|뭐|어디|언제|왜|어떤|알려|소개/u;
/** Behind the name there may stand one word: "Kai's hair". */
const MAX_OTHER_WORDS = 1;
const MINE =
  /(?:^|[^\p{L}])(?:my|our|mein|meine|meiner|meinem|meinen|unser|unsere|mon|ma|mes|mi|mis|nuestr[oa]|mio|mia|meu|minha|mijn|moj|moja|мой|моя|мою)\s+(?:\p{L}+\s+){0,3}$/u;
const WHAT_WE_SAID =
  /(?:^|[^\p{L}])(?:(?:did|have|had|do|was|were) (?:i|we)|(?:i|we) (?:said|told|mentioned|asked|wrote|talked|met|saw|heard)|(?:remember|recall)|(?:did|have) you (?:say|said|tell|told|mention|suggest|recommend)|(?:habe|hatte|haben|hatten) (?:ich|wir)|weisst du noch|erinnerst|ai-je|avons-nous|te souviens|dije|dijimos|recuerdas|ho detto|ricordi|eu disse|lembras?)(?![\p{L}])/u;
const WE_SAID_WITHOUT_SPACES = /覚えて|前に.{0,20}(?:言|話)|我(?:说|說)过|记得|記得|기억/u;

/**
 * Whether a query that mentions a character asks about the character: in the sentence that names it, as a question, a
 * request, or the bare name. What is told ("my friend Rina said hello") and what was said before ("What did I say
 * about Rina?") is a matter of memory, though it names one.
 *
 * @param mention the main one
 */
export function asksAboutCharacter(query: string, mention: CharacterMention): boolean {
  const { before, sentence, after } = sentenceOf(query, mention);
  const folded = foldLetters(sentence).replaceAll('’', "'").trim();
  if (MINE.test(foldLetters(before)) || WHAT_WE_SAID.test(folded) || WE_SAID_WITHOUT_SPACES.test(sentence))
    return false;
  if (/[?？؟]\s*$/u.test(sentence) || ASKS_WITHOUT_SPACES.test(sentence)) return true;
  if (BEGINS.test(folded) || isAskedFor(query, mention)) return true;
  const others =
    `${before} ${after}`.match(/[\p{L}\p{N}]+/gu)?.filter((word) => word.toLowerCase() !== 's') ?? [];
  return others.length <= MAX_OTHER_WORDS;
}

/** UTF-16 units on either side of a name that are looked at. */
const AROUND = 400;

function sentenceOf(query: string, { start, end }: CharacterMention) {
  const head = query.slice(Math.max(0, start - AROUND), start).toWellFormed();
  const tail = query.slice(end, end + AROUND).toWellFormed();
  const before = head.split(SENTENCE_END).at(-1) ?? '';
  const after = tail.split(SENTENCE_END)[0] ?? '';
  return { before, after, sentence: `${before}${query.slice(start, end)}${after}` };
}
