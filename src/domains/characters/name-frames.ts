import { clauseAround } from './clause.ts';

/** What stands before a name that is asked for, folded, in the languages that most queries are in. */
const ASKS = new RegExp(
  `(?:^|[^\\p{L}])(?:${[
    "who(?:'s| is| was| are| were)|whos|tell (?:me|us) (?:more |something |everything |all |a (?:bit|little) )?(?:about|of)",
    'describe|introduce(?: me to)?|what (?:do|can) you (?:know|tell me|say) (?:about|of)|(?:do|have) you (?:know|met)',
    '(?:profile|picture|portrait|description|biography|story|details|information|info) (?:of|about|on|for)|know about',
    "(?:the )?character (?:named |called )?|where is|where(?:'s| was)",
    'wer ist|wer war|erzahle? (?:mir |uns )?(?:etwas |mehr |alles )?(?:von|uber)|beschreibe?|was weisst du (?:uber|von)|kennst du',
    "qui (?:est|etait)|qui est-ce que?|c'est qui|parle[- ]moi d[e']|decris|connais-tu|que sais-tu (?:de|sur)",
    'quien (?:es|era)|hablame de|cuentame (?:algo |mas )?(?:de|sobre)|conoces a|que sabes (?:de|sobre)|describe a',
    'chi (?:e|era)|parlami di|descrivi|conosci|che (?:cosa )?sai di|quem (?:e|era|foi)(?: [oa])?|(?:me )?(?:fala|fale|conta|conte)[- ]?(?:me )?(?:mais )?(?:(?:de|sobre)(?: [oa])?|do|da)|descreva(?: [oa])?|(?:voce )?conheces?(?: [oa])?',
    'wie (?:is|was)|vertel (?:me|mij|ons) (?:iets |meer )?over|beschrijf|ken je|kim jest|opowiedz (?:mi )?o|opisz|vem ar|beratta om|hvem er',
    'кто (?:такой|такая|это)?|расскажи(?:те)? (?:мне )?(?:о|об|про)|опиши|من (?:هو|هي)|(?:أ|ا)خبرني عن|صف|(?:ποιος|ποια|ποιο) (?:ειναι|ηταν)(?: (?:ο|η|το))?|πες μου (?:για|περι)(?: (?:τον?|την?|το))?|περιγραψε(?: (?:τον?|την?|το))?',
  ].join('|')})\\s*$`,
  'u',
);
const WHAT_IS_ASKED_OF_SOMEBODY = new RegExp(
  `^(?:'s?\\s+(?:${
    'age|hair|eyes?|height|build|job|occupation|personality|character|background|backstory|story|past|skills?|powers?|abilities|' +
    'appearance|looks?|outfit|clothes|style|voice|profile|birthday|hobbies|relationships?|friends|family|gender|name'
  })\\b|\\s+(?:look|looks|act|dress|behave)(?:s)? like\\b|\\s+look\\b|\\s+kim(?:dir)?\\b|'(?:yi|yı|i|u|ü)? anlat|\\s+(?:कौन|kaun)\\s)`,
  'u',
);
const HOW_SOMEBODY_IS =
  /(?:^|[^\p{L}])(?:what (?:does|did|is|was)|how (?:does|did|old is|tall is)|wie (?:sieht|alt ist|gross ist)|a quoi ressemble|como (?:es|se ve)|com'e)\s*$/u;
const AS_SOMEBODY_IS = /^\s+(?:(?:look|looks|act|talk|speak|dress|behave)\b|like\s*(?:$|[?!.])|aus\b)/u;
/** The name is all that is asked: nothing, or the end, stands behind it. */
const ENDS = /^(?:'s)?\s*(?:["”»)\]]\s*)?(?:$|[?!.,;…。！？؟،؛।\n]|(?:again|please|bitte|anyway)\b)/u;
const OLD_OR_TALL = /(?:old|tall|alt|gross) (?:is|ist)\s*$/u;

/** Whether a text asks who somebody of this name is, or how. */
export function isAskedFor(text: string, sighting: { start: number; end: number }): boolean {
  const { before, after } = clauseAround(text, sighting);
  if (WHAT_IS_ASKED_OF_SOMEBODY.test(after) && !/(?:^|[^\p{L}])(?:the|a|my|your)\s*$/u.test(before))
    return true;
  if (HOW_SOMEBODY_IS.test(before) && AS_SOMEBODY_IS.test(after)) return true;
  return ENDS.test(after) && (ASKS.test(before) || OLD_OR_TALL.test(before));
}

const GREETING =
  /(?:^|[^\p{L}])(?:hi|hey|hello|dear|yo|hallo|liebe[rs]?|guten (?:morgen|tag|abend)|salut|bonjour|cher|chere|hola|querid[oa]|ciao|ola|привет|يا|مرحبا|नमस्ते|merhaba|selam|hoi|hej|czesc|thanks|thank you|good (?:morning|evening|night|afternoon)|bye)[\s,]*$|@$/u;

/** Whether somebody of this name is spoken to: "Hi Will!", "Hope, are you there?". */
export function isCalled(text: string, sighting: { start: number; end: number }): boolean {
  const { before, after } = clauseAround(text, sighting);
  if (GREETING.test(before)) return /^\s*(?:$|[,.!?;:…؟،؛।\n])/u.test(after);
  const isFirst = before.trim() === '' && /^[\p{Lu}\p{Lt}]/u.test(text.slice(sighting.start));
  // Behind the comma somebody is spoken to, or given an order; "May, June and July" goes on otherwise.
  return (
    isFirst &&
    /^,\s+(?:(?:are|can|could|will|would|do|did|have|what|who|where|when|why|how|please|tell|you|i|let)\b)/u.test(
      after,
    )
  );
}
