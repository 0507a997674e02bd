import { foldLetters } from '../../ground/letters.ts';
import { wordsOf } from '../word-index/analysis.ts';

/** Words that ask how something is at present, in the more frequent languages; as letters are compared. */
const NOW =
  /(?<!\p{L})(?:now|nowadays|currently|current|these days|at the moment|at present|presently|latest|newest|jetzt|aktuelle?[rnms]?|derzeit|derzeitige?[rnms]?|momentan|zurzeit|heutzutage|maintenant|actuel|actuels|actuelles?|actuellement|en ce moment|ahora|actual|actuales|actualmente|adesso|attuale|attualmente|agora|atual|atualmente|still|noch|toujours|encore|todavia|aun|sigo|seguimos|tegenwoordig|huidige|obecnie|obecny|сейчас|теперь|нынешн\p{L}+|simdi)(?!\p{L})|现在|現在|目前|今の|今は|지금|현재/u;
/** Questions of people about themselves as they are: no other time is spoken of. */
const ABOUT_ME =
  /^(?:(?:so|and|hey|ok)[, ]+)?(?:where|what|which|who|whom|how)(?:'s)?(?!\p{L})[^.!]*?(?<!\p{L})(?:(?:do|am|are|have|can) (?:i|we)|(?:is|are|'s) (?:my|our)|(?:what's|who's|where's) (?:my|our)|(?:does|do) (?:my|our))(?!\p{L})|^¿?\s*(?:ou|que|qui|quoi|quel|quels|quelles?|comment|chez qui|avec qui|dans quelle?|donde|que|quien|cual|como|con quien|en que)(?!\p{L})[^.!]*?(?<!\p{L})(?:je|j'\p{L}+|nous|mon|ma|mes|notre|nos|mi|mis|nuestr[oa]|vivo|vivimos|trabajo|trabajamos|conduzco|conducimos|tengo|tenemos|uso|usamos|estudio|juego|llevo|soy|estoy)(?!\p{L})|^(?:wo|was|welche[rnms]?|wer|wie|wohin)(?!\p{L})[^.!]*?(?<!\p{L})(?:ich|wir|meine?[rnms]?|unsere?[rnms]?)(?!\p{L})/u;
const PAST =
  /(?<!\p{L})(?:did|was|were|had|used to|before|previous|previously|former|formerly|first|old|earlier|originally|last|ever|war|waren|hatte|hatten|fruher|fruhere[rnms]?|damals|zuerst|gesagt|habe|haben|ai|avons|avais|avions|etais|etait|avant|premier|premiere|tenia|vivia|trabajaba|antes|era|fue|dije|hice|primer|primero|primera)(?!\p{L})/u;
/** What somebody says who tells that something is not as it was. */
const CHANGED =
  /(?<!\p{L})(?:now|new|changed?|switched|moved|replaced|instead|no longer|any ?more|started|bought|sold|since|promoted|became|upgraded|recently|from now on|jetzt|neue?[rnms]?|gewechselt|umgezogen|nicht mehr|stattdessen|seit|gekauft|verkauft|maintenant|nouveau|nouvelle|nouvel|change|demenage|ne \p{L}+ plus|ahora|nuev[oa]|cambie|mude|adesso|nuov[oa]|cambiato|agora|nov[oa]|mudei|теперь|сейчас|нов\p{L}+|больше не)(?!\p{L})|现在|搬|換|换|新しい|今は|지금|새로/u;
const MINE = new Set(
  'i we my our mine ours im ive weve ich wir mein meine meinen meinem meiner unser unsere unseren unserem unserer je j nous mon ma mes notre nos yo nosotros mi mis nuestro nuestra io noi mio mia nostro nostra eu nos meu minha nosso nossa'.split(
    ' ',
  ),
);
/** Between "my" and what is mine nothing else may stand: "my current address", not "my e-mail address". */
const BETWEEN = new Set(
  'a an the current new old own now actually also still both have ve am m are re just always usually mostly recently started began got home main latest present neue neuen neuer neues aktuelle aktuellen jetzt nouveau nouvelle nueva nuevo'.split(
    ' ',
  ),
);
/** Verbs that say "I" without a pronoun, as Spanish does. */
const FIRST_PERSON = new Set(
  'vivo vivimos trabajo trabajamos conduzco conducimos tengo tenemos uso usamos estudio estudiamos juego jugamos soy somos estoy estamos llevo sigo vendi vendimos compre compramos cambie cambiamos deje dejamos mude mudamos empece empezamos renuncie termine terminamos rompi rompimos separe separamos devolvi regale perdi he hemos'.split(
    ' ',
  ),
);
const SUBJECTS = new Set('i we ive weve ich wir je j nous yo nosotros io noi eu'.split(' '));
const REACH = 4;
const WORDS = /[\p{L}\p{N}\p{M}]+/gu;

/** Whether a question asks how something is now: expressly, or about the one who asks and no other time. */
export function asksNow(text: string): boolean {
  const folded = foldLetters(text).replaceAll('’', "'").trim();
  return NOW.test(folded) || (ABOUT_ME.test(folded) && !PAST.test(folded));
}

/** Whether a text says that something is not as it was. */
export function saysChange(text: string): boolean {
  return CHANGED.test(foldLetters(text));
}

/** Whether it is the speaker who does something in some words, as letters are compared: "my aunt moved" is another. */
export function saysFirstPerson(words: readonly string[]): boolean {
  return words.some((word) => SUBJECTS.has(word) || FIRST_PERSON.has(word));
}

/** Whether somebody says one of some terms of themselves: "I work", "my new address". */
export function saysOfMe(text: string, terms: ReadonlySet<string>): boolean {
  const words = foldLetters(text).match(WORDS) ?? [];
  for (const [at, word] of words.entries()) {
    if (FIRST_PERSON.has(word) && wordsOf(word).some(({ term }) => terms.has(term))) return true;
    if (!MINE.has(word)) continue;
    for (const next of words.slice(at + 1, at + 1 + REACH)) {
      if (wordsOf(next).some(({ term }) => terms.has(term))) return true;
      if (!BETWEEN.has(next)) break;
    }
  }
  return false;
}
