import { foldLetters } from '../../ground/letters.ts';
import { isFunctionWord, languagesOf } from '../characters/common-words.ts';
import { termsOf, wordsOf } from '../word-index/analysis.ts';
import { saysFirstPerson } from './current.ts';

/**
 * What is told of a thing in other words than those it was told in first: "I drive a Golf", then "I sold the Golf and
 * bought a Volvo". The thing that was named leads there, by rules of four languages.
 */

/** Directly before a thing: it is no longer so. "Left" only without an article: things are left at stations. */
const LEAVING =
  /(?:^| )(?:(?:sold|selling|traded in|traded|swapped|exchanged|replaced|replacing|returned|scrapped|ditched|dropped|crashed|totalled|wrecked|cancelled|canceled|quit|resigned|divorced|gave up|gave away|gave back|gave|got rid of|done|finished|stopped|switched|changed|moved|moved away|moved out|transferred|relocated|instead of|rather than|no longer|broke up|split up|split|verkaufte|verkaufen|kundigte|verliess|tauschte|tausche|ersetzte|wechselte|wechsle|statt|anstelle|anstatt|nicht mehr|getrennt|schluss|vendu|vends|revendu|rendu|donne|quitte|quittee|rompu|demissionne|remplace|laisse tomber|abandonne|echange|troque|change|resilie|arrete|divorce|demenage|au lieu|a la place|plus|vendi|vendimos|vendido|regale|devolvi|deje|dejamos|dejado|renuncie|rompi|rompimos|termine|terminamos|cambie|cambiamos|cambiado|reemplace|sustitui|mude|mudamos|en vez|en lugar|ya no)(?: (?:the|a|an|my|our|that|this|old|it|up|in|away|out|off|job|being|working|living|driving|using|with|of|from|at|den|die|das|der|dem|einen|eine|mein|meinen|meine|meiner|meinem|unseren|unsere|alten|alte|von|vom|bei|beim|mit|aus|le|la|l|les|un|une|mon|ma|notre|ancienne|vieille|vieux|de|du|chez|avec|el|los|las|mi|nuestro|nuestra|viejo|vieja|con|por|a|al|en))*|left(?: (?:my|our|the) job at)?)$/u;
/** Behind a thing, a few words on. */
const GONE =
  /^(?: [^ ]+){0,4}? (?:gone|sold|stolen|scrapped|totalled|wrecked|broke up|split|divorced|separated|fired|laid (?:me|us) off|let (?:me|us) go|closed down|went bankrupt|retired|resigned|has left|moved away|moved on|in rente|in pension|im ruhestand|pensioniert|en rente|a la retraite|sa retraite|partie?|jubilo|jubilad[oa]|se fue|renuncio|dimitio|over|history|died|dead|any ?more|verkauft|verschenkt|verschrottet|gestohlen|geklaut|zuruckgegeben|abgegeben|weg|kaputt|tot|gestorben|gekundigt|verlassen|aufgehort|ersetzt|getauscht|eingetauscht|gewechselt|getrennt|geschieden|vorbei|weggezogen|ausgezogen|fortgezogen|umgezogen|entlassen|mehr|vendue?|volee?|morte?|separes|fini|termine|licenciee?|vendido|vendida|robaron|robado|murio|despidio|despidieron|separamos|terminamos|rompimos|cerro)(?: |$)/u;
/** It may be no longer so, which only what is so since tells: "The gym got too pricey, so I signed up at Pulse". */
const LEAVING_PERHAPS =
  /(?:^| )(?:lost|broke|tired of|fed up with|perdu|casse|verloren|perdi|perdimos|se (?:me|nos) (?:rompio|estropeo|averio|cayo|perdio|murio))(?: (?:the|my|our|old|den|die|das|meinen?|meine|le|la|l|les|mon|ma|el|los|las|mi))*$/u;
const GONE_PERHAPS =
  /^(?: [^ ]+){0,4}? (?:moved|left|leaves|leaving|closes?|closed|shut|broke|broken|lost|sick|ill|full|too|pricey|useless|stopped|stops|geht|ging|hort|zog|zieht|schliesst|schloss|geschlossen|zu|teuer|krank|voll|demenage|part|ferme|fermee|trop|casse|cassee|malade|arrete|cerrado|cierra|marcho|mudo|rompio|estropeo|demasiado|enfermo|enferma|dejo)(?: |$)/u;
/** What is so since, behind it. */
const SINCE =
  /(?<!\p{L})(?:now|nowadays|instead|from now on|since then|replaces|(?:takes|took) over|jetzt|nun|inzwischen|mittlerweile|stattdessen|seitdem|seither|ubernimmt|vertritt|ersetzt|maintenant|desormais|dorenavant|a (?:la|sa) place|(?:la |le |l')remplace|prend le relais|ahora|desde entonces|en su lugar|(?:lo |la )?(?:sustituye|reemplaza)|ha venido|(?:so|and) (?:i|we)(?:'ve| have)?(?: just)? (?:signed up|joined|got|get|bought|buy|chose|switched|went (?:with|over)|go|use|took|hired|found)|(?:mir|uns) (?:[^ ]+ ){1,3}(?:geholt|gekauft|besorgt|zugelegt|gesucht)|gehe (?:[^ ]+ )?zu[rm]?|(?:j'ai|on a|nous avons) (?:pris|achete|choisi|trouve|engage)|je (?:vais|prends)|on va|me (?:compre|apunte|pase|atiende)|nos (?:compramos|apuntamos|pasamos))(?!\p{L})/u;
/** German leaves "I" and "we" out at the beginning of a sentence. */
const LEFT_OUT = /^(?:habe?|bin|haben|sind)$/;
const SENTENCE_END = /[.!?…;\n。！？]+/u;
const WORDS = /[\p{L}\p{N}\p{M}]+/gu;
/** Words on either side of a thing that are looked at. */
const AROUND = 6;
/** A thing so near the beginning of a sentence is what is spoken of: "The Golf is gone." */
const FIRST_WORDS = 3;
const MAX_THINGS = 8;
/** What is told goes on from before, so that who does it stands at the beginning: "I left my firm and joined another". */
const GOES_ON =
  /(?:^| )(?:and|und|et|y|e)(?: (?:then|now|just|have|am|are|recently|dann|jetzt|bin|habe|sind|haben|puis|maintenant|ai|suis|avons|luego|ahora|he|hemos))*$/;
/** Words at the beginning in which the one who does it stands, where it goes on. */
const BEGINNING = 3;
/** Words before what is told in which the one who does it stands. */
const SUBJECT_REACH = 4;
/** Where it is looked for what was told of a thing. */
export const SUCCESSION_PARAMETERS = { AROUND, FIRST_WORDS, MAX_THINGS, BEGINNING, SUBJECT_REACH };
const OTHERS = new Set(
  'my our his her their he she they mein meine mon ma mes notre nos mi mis nuestro nuestra er sie il elle ella ellos'.split(
    ' ',
  ),
);
/** What belongs to telling of a change, and is no thing. */
const NO_THINGS = new Set(
  'now new old job car got get buy bought sold start started moved switched jetzt neu neue neuen gekauft verkauft maintenant nouveau nouvelle achete ahora nuevo nueva compre year years month months week weeks day days bei beim mit fur von zu nach auf aus seit chez dans avec pour depuis con para por desde en'.split(
    ' ',
  ),
);

/** What of a statement the question does not have: the things that it names, as they are written there. */
export function thingsIn(statement: string, asked: ReadonlySet<string>): string[] {
  const words = wordsOf(statement);
  const languages = languagesOf(words.map(({ word }) => word));
  const things = words.filter(
    ({ word, term }) =>
      !asked.has(term) && !NO_THINGS.has(word) && word.length > 1 && !isFunctionWord(word, languages),
  );
  return [...new Set(things.map(({ word }) => word))].slice(0, MAX_THINGS);
}

/**
 * Which of some things a text says to be no longer so; null: none. Things of the one who speaks; of somebody else, where
 * `others` has the terms that the question names them by.
 */
export function leftThing(
  text: string,
  things: ReadonlySet<string>,
  others: ReadonlySet<string> | null = null,
): string | null {
  const sentences = foldLetters(text).replaceAll('’', "'").split(SENTENCE_END);
  for (const [place, sentence] of sentences.entries()) {
    const words = sentence.match(WORDS) ?? [];
    const isOfThem = others
      ? wordsOf(sentence).some(({ term }) => others.has(term))
      : saysFirstPerson(words) || LEAVING.test(words[0] ?? '');
    const isReplaced = () =>
      SINCE.test(
        sentences
          .slice(place)
          .join('. ')
          .replace(/[^\p{L}\p{N}'.]+/gu, ' '),
      );
    for (const [at, word] of words.entries()) {
      if (!things.has(word)) continue;
      const before = words.slice(Math.max(0, at - AROUND), at).join(' ');
      const after = words
        .slice(at + 1, at + 1 + AROUND)
        .map((each) => ` ${each}`)
        .join('');
      if (at >= FIRST_WORDS && !isOfThem) continue;
      if (LEAVING.test(before) || GONE.test(after)) return word;
      if ((LEAVING_PERHAPS.test(before) || GONE_PERHAPS.test(after)) && isReplaced()) return word;
    }
  }
  return null;
}

/** A side of life that is asked about, and how people tell that it has changed without naming what was before. */
interface Relation {
  readonly asked: ReadonlySet<string>;
  /** Words to look for. */
  readonly words: string;
  readonly told: RegExp;
}

const relation = (asked: string, words: string, told: string): Relation => ({
  asked: termsOf(asked),
  words,
  told: new RegExp(`(?<!\\p{L})(?:${told})(?!\\p{L})`, 'u'),
});

const RELATIONS: readonly Relation[] = [
  relation(
    'live living home address city town country reside wohne wohnen wohnt lebe leben adresse stadt habite habitons vis vivons ville vivo vivimos direccion ciudad',
    'moved relocated settled umgezogen gezogen ziehe demenage emmenage installe mude mudamos trasladamos traslade',
    "(?:have |'ve )?(?:just )?moved (?:to|into|in with|back to|from [^ ]+ to|over to|house)|relocated|settled (?:in|down in)|(?:bin|sind) (?:[^ ]+ ){0,4}(?:um|ein)?gezogen|(?:ai|avons|suis|sommes|on a) (?:demenage|emmenage)|(?:me|nous) (?:suis|sommes) installee?s?|me mude|nos mudamos|me traslade|nos trasladamos|me he mudado|nos hemos mudado",
  ),
  relation(
    'work working job employer company profession occupation arbeite arbeiten job stelle arbeitgeber firma beruf travaille travail emploi metier employeur trabajo empleo empresa puesto',
    'started joined hired job promoted resigned retired angefangen eingestellt befordert gekundigt stelle commence embauche demissionne promue poste empece contrataron renuncie ascendieron puesto',
    "(?:have |'ve )?(?:just )?(?:started|began) (?:working |work |a job |my job |a new job )?(?:at|with|as|for)|joined(?! (?:[^ ]+ ){1,2}(?:club|gym|choir|band|team|class|course|group|party|church|league|library|queue|call|meeting)(?!\\p{L}))|(?:was|got|been|am) (?:hired|promoted|fired|laid off|made redundant)|(?:got|took|landed|found|accepted|started) (?:a|the|my) (?:new )?(?:job|position|role|post)|resigned|retired|quit|(?:bei|beim|im|am|in der|in einem|in einer|als) [^ ]+(?: [^ ]+){0,3} angefangen(?! zu(?!\\p{L}))|(?:neue stelle|neuen job)|(?:wurde|bin) (?:befordert|eingestellt|entlassen)|gekundigt|(?:ai|avons) commence (?:chez|a|comme)|(?:ai ete|suis) (?:embauchee?|promue?|licenciee?)|demissionne|nouveau (?:travail|poste|boulot)|nouvel emploi|empece (?:a trabajar )?(?:en|como|con)|me (?:contrataron|ascendieron|despidieron)|renuncie|nuevo (?:trabajo|empleo|puesto)",
  ),
  relation(
    'girlfriend boyfriend partner wife husband married single dating relationship freundin freund partner partnerin verheiratet single zusammen copine copain mari celibataire couple novia novio marido pareja soltero soltera',
    'broke split separated divorced married engaged dating getrennt geschieden geheiratet verlobt schluss rompu separes divorce maries fiances rompimos separamos divorcie casamos casados',
    'broke up|split up|separated|divorced|(?:got|getting|are) (?:married|engaged)|married|(?:am|are|started) (?:dating|seeing)|getrennt|geschieden|geheiratet|verlobt|schluss gemacht|rompu|separes?|divorcee?s?|mariee?s?|fiancee?s?|rompimos|rompi con|nos separamos|me divorcie|nos casamos|me case',
  ),
];

/** Of the sides of life that a question is about, how a change of them is told. */
export function relationsOf(asked: ReadonlySet<string>): readonly Relation[] {
  return RELATIONS.filter((each) => [...asked].some((term) => each.asked.has(term)));
}

/** Whether somebody tells such a change of themselves. */
export function tellsChange(text: string, { told }: Relation): boolean {
  return foldLetters(text)
    .replaceAll('’', "'")
    .split(SENTENCE_END)
    .some((sentence) => {
      const found = told.exec(sentence.trim());
      if (!found) return false;
      // Who does it stands directly before it, or within it: "I heard that my aunt moved to Lyon" is of the aunt.
      const all = sentence.trim().slice(0, found.index).match(WORDS) ?? [];
      if (GOES_ON.test(all.join(' ')))
        return saysFirstPerson(all.slice(0, BEGINNING)) || LEAVING.test(all[0] ?? '');
      if (all.length === 1 && LEFT_OUT.test(all[0] ?? '')) return true;
      const before = all.slice(-SUBJECT_REACH);
      const words = [...before, ...(found[0].match(WORDS) ?? [])];
      return found.index === 0 || (saysFirstPerson(words) && !before.some((word) => OTHERS.has(word)));
    });
}
