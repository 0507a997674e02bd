import { foldLetters } from '../../ground/letters.ts';
import { languagesOf } from '../characters/common-words.ts';
import { wordsOf } from '../word-index/analysis.ts';

/** Words that ask how something is at present, in the more frequent languages; as letters are compared. */
const NOW =
  /(?<!\p{L})(?:now|nowadays|currently|current|these days|at the moment|at present|presently|latest|newest|jetzt|aktuelle?[rnms]?|inzwischen|mittlerweile|derzeit|derzeitige?[rnms]?|momentan|zurzeit|heutzutage|maintenant|actuel|actuels|actuelles?|actuellement|en ce moment|ahora|hoy en dia|actual|actuales|actualmente|adesso|attuale|attualmente|agora|atual|atualmente|still|noch|toujours|encore|todavia|aun|sigo|seguimos|tegenwoordig|huidige|obecnie|obecny|сейчас|теперь|нынешн\p{L}+|simdi)(?!\p{L})|现在|現在|目前|今の|今は|지금|현재/u;
const EVERY_NOW = new RegExp(NOW, 'gu');
/** Questions of people about themselves as they are: no other time is spoken of. */
const ABOUT_ME =
  /^(?:(?:so|and|hey|ok)[, ]+)?(?:(?:at|in|with|for|to|on|by) )?(?:where|what|which|who|whom|how)(?:'s)?(?!\p{L})[^.!]*?(?<!\p{L})(?:(?:do|am|are|have|can) (?:i|we)|(?:is|are) (?:my|our)|(?:does|do) (?:my|our))(?!\p{L})|^(?:(?:so|and|hey|ok)[, ]+)?(?:where|what|which|who|how)(?:'s|'re| s) (?:my|our)(?!\p{L})|^¿?\s*(?:ou|que|qui|quoi|quel|quels|quelles?|comment|chez qui|avec qui|dans quelle?|donde|que|quien|cual|como|con quien|en que)(?!\p{L})[^.!]*?(?<!\p{L})(?:je|j'\p{L}+|nous|mon|ma|mes|notre|nos|mi|mis|nuestr[oa]|vivo|vivimos|trabajo|trabajamos|conduzco|conducimos|tengo|tenemos|uso|usamos|estudio|juego|llevo|soy|estoy)(?!\p{L})|^(?:(?:mit|bei|in|zu|fur|auf|an|von|aus) )?(?:wo|womit|was|welche[rnms]?|wer|wem|wen|wie|wohin)(?!\p{L})[^.!]*?(?<!\p{L})(?:ich|wir|meine?[rnms]?|unsere?[rnms]?)(?!\p{L})/u;
const PAST =
  /(?<!\p{L})(?:did|(?<!^)was|were|had|used to|before|previous|previously|former|formerly|first|old|earlier|originally|last|ever|war|waren|hatte|hatten|fruher|fruhere[rnms]?|damals|zuerst|gesagt|avais|avions|etais|etait|avant|premier|premiere|tenia|vivia|trabajaba|antes|era|fue|dije|hice|primer|primero|primera)(?!\p{L})/u;
/** "Haben" and "avoir" are of the past with a participle only: "Welches Auto haben wir?" asks for now. */
const PERFECT =
  /(?<!\p{L})hab(?:e|en|t)(?!\p{L}).*(?<!\p{L})(?:\p{L}*ge\p{L}{2,}(?:t|en)|\p{L}+iert|(?:ver|be|er|ent|zer|miss|uber|unter)\p{L}{2,}(?:t|en))(?!\p{L})|(?<!\p{L})(?:ai|avons)(?:[- ](?:je|nous))?(?: (?:deja|toujours|le|la|les|l'))*[ ']\p{L}*(?:e|i|u|is|it|ert|int)(?!\p{L})/u;
/** What somebody says who tells that something is not as it was. */
const CHANGED =
  /(?<!\p{L})(?:now|new|changed?|switched|moved|replaced|relocated|transferred|instead|no longer|any ?more|started|bought|sold|since|promoted|became|upgraded|recently|from now on|jetzt|neue?[rnms]?|gewechselt|umgezogen|nicht mehr|stattdessen|seit|gekauft|verkauft|maintenant|nouveau|nouvelle|nouvel|change|demenage|ne \p{L}+ plus|ahora|nuev[oa]|cambie|mude|adesso|nuov[oa]|cambiato|agora|nov[oa]|mudei|теперь|сейчас|нов\p{L}+|больше не)(?!\p{L})|现在|搬|換|换|新しい|今は|지금|새로/u;
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
/** "I have a Samsung phone" is of a phone, while "my e-mail address" is of no other address. */
const KIND_OF = new Set('a an ein eine einen einem einer'.split(' '));
/** At the beginning of a Spanish sentence, if the question has it as well. */
const SPANISH_BEHIND = /^(?:el|los|las|una|mi|mis|con|por|al|como)$/;
const SPANISH_VERB = /^\p{L}{2,}o$/u;
/** Verbs that say "I" without a pronoun, as Spanish does. */
const FIRST_PERSON = new Set(
  'vivo vivimos trabajo trabajamos conduzco conducimos tengo tenemos uso usamos estudio estudiamos juego jugamos soy somos estoy estamos llevo sigo vendi vendimos compre compramos cambie cambiamos deje dejamos mude mudamos empece empezamos renuncie termine terminamos rompi rompimos separe separamos devolvi regale perdi he hemos'.split(
    ' ',
  ),
);
/** How "I" takes up what is named behind it, where "the" may stand as well: "I joined the gym". */
const TAKING_UP =
  /(?:^| )(?:i|we)(?: ve| have)?(?: just| now| recently)? (?:joined|signed up (?:for|at|with|to)|enrolled (?:in|at)|subscribed to|(?:switched|changed|moved|went over) (?:over )?(?:from|to)|chose|picked)(?: (?:the|a|an|my|our|another|new))*$|(?:^| )(?:j|nous|je)(?: (?:ai|avons|suis|sommes))? (?:rejoint|choisi|inscrite? (?:a|au)|passee? (?:a|au)|abonnee? (?:a|au))(?: (?:le|la|l|un|une|mon|ma|nouveau|nouvelle))*$|(?:^| )(?:me (?:apunte|inscribi|uni|cambie|pase)|nos (?:apuntamos|inscribimos|unimos|cambiamos)) (?:a|al|en|de|del)(?: (?:el|la|un|una|mi|nuevo|nueva))*$/u;
/** What is told of a thing that is raised, lowered or the like. */
const OF_VALUE =
  /(?<!\p{L})(?:raised|increased|lowered|reduced|doubled|halved|rose|risen|fell|went (?:up|down)|gone (?:up|down)|(?:is|are|costs?) now|now (?:is|are|costs?)|erhoht|angehoben|gesenkt|gestiegen|gesunken|verdoppelt|halbiert|(?:kostet|betragt|ist|sind) jetzt|augmente|baisse|double|(?:coute|est|sont) maintenant|subio|subieron|subido|bajo|bajaron|bajado|aumento|aumentaron|aumentado|(?:cuesta|es|son) ahora|ahora (?:cuesta|es|son))(?!\p{L})/u;
/** "The new landlord is Ms Adeyemi." */
const THE_NEW =
  /(?:^| )(?:the|der|die|das|dem|den|le|la|l|el|los|las) (?:new|neue[nr]?|nouve(?:au|l|lle)|nuev[oa])$/u;
const IS = /^(?:is|are|heisst|ist|sind|wird|est|sont|s appelle|es|son|se llama)(?: |$)/u;
const DEFINITE = new Set('the die der das den dem le la les l el los las il lo o os as'.split(' '));
const SENTENCES = /[.!?…;\n。！？]+/u;
const SUBJECTS = new Set('i we ive weve ich wir je j nous yo nosotros io noi eu'.split(' '));
const REACH = 4;
const WORDS = /[\p{L}\p{N}\p{M}]+/gu;

/** Whether a question asks how something is now: expressly, or about the one who asks and no other time. */
export function asksNow(text: string): boolean {
  const folded = foldLetters(text).replaceAll('’', "'").trim();
  return NOW.test(folded) || (ABOUT_ME.test(folded) && !PAST.test(folded) && !PERFECT.test(folded));
}

/** Whether it does so expressly, whoever is asked about. */
export function asksExpresslyNow(text: string): boolean {
  return NOW.test(foldLetters(text));
}

/** A question, as letters are compared, without the words that only ask for the present. */
export function withoutNow(text: string): string {
  return foldLetters(text).replaceAll(EVERY_NOW, ' ');
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
  const isAsked = (word: string) => wordsOf(word).some(({ term }) => isOneOf(term, terms));
  const isSpanish = () => SPANISH_BEHIND.test(words[1] ?? '') || languagesOf(words).includes('spanish');
  for (const [at, word] of words.entries()) {
    const saysI = FIRST_PERSON.has(word) || (at === 0 && SPANISH_VERB.test(word) && isSpanish());
    if (saysI && wordsOf(word).some(({ term }) => terms.has(term))) return true;
    if (TAKING_UP.test(words.slice(0, at).join(' ')) && isAsked(word)) return true;
    if (!MINE.has(word)) continue;
    let previous = word;
    for (const next of words.slice(at + 1, at + 1 + REACH)) {
      if (isAsked(next)) return true;
      const isKind = KIND_OF.has(previous);
      previous = next;
      if (!BETWEEN.has(next) && !isKind) break;
    }
  }
  return false;
}

/** Whether somebody tells of one of some terms that it rose, fell, is now so, or is another: "they raised the rent". */
export function saysItChanged(text: string, terms: ReadonlySet<string>): boolean {
  return foldLetters(text)
    .split(SENTENCES)
    .some((sentence) => {
      const words = sentence.match(WORDS) ?? [];
      const isAsked = (word: string) => wordsOf(word).some(({ term }) => isOneOf(term, terms));
      return words.some(
        (word, at) =>
          isAsked(word) &&
          ((DEFINITE.has(words[at - 1] ?? '') && OF_VALUE.test(sentence)) ||
            (THE_NEW.test(words.slice(0, at).join(' ')) && IS.test(words.slice(at + 1).join(' ')))),
      );
    });
}

/** Letters of a word without its last vowel, from which on it has one gender more. */
const LEAST_STEM = 3;
const LEAST_WORD = 5;
/** How near words stand that belong together. */
export const CURRENT_PARAMETERS = { REACH, LEAST_STEM, LEAST_WORD };

/** Whether a term is one of some, also for the other gender: jefe and jefa, profesor and profesora, Chef and Chefin. */
function isOneOf(term: string, terms: ReadonlySet<string>): boolean {
  if (terms.has(term)) return true;
  const stem = term.slice(0, -1);
  if (
    /[aeo]$/.test(term) &&
    stem.length >= LEAST_STEM &&
    ['a', 'e', 'o'].some((end) => terms.has(stem + end))
  )
    return true;
  const others = [`${term}a`, `${term}e`, `${term}in`, term.replace(/(?:in|[ae])$/, '')];
  return others.some((other) => Math.min(other.length, term.length) >= LEAST_WORD && terms.has(other));
}
