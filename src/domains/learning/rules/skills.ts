import { base, limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import type { ClauseRule, Family, Finding } from './family.ts';
import { doing, go, hobbies, pastimes, train } from './pastimes.ts';
import { isNationality } from './people.ts';
import { isTelling, listAt, phraseAt } from './phrases.ts';

const MORE_LANGUAGES =
  /^(?:latin|mandarin|cantonese|hindi|urdu|arabic|farsi|hebrew|yiddish|swahili|tagalog|tamil|telugu|bengali|punjabi|gujarati|marathi|malayalam|kannada|pashto|dari|gaelic|breton|frisian|occitan|provençal|esperanto|sign language|bsl|asl|lsf|[\p{L}]+ sign language|zulu|xhosa|yoruba|igbo|hausa|amharic|wolof|malay|bahasa(?: indonesia)?|javanese|khmer|lao|faroese|luxembourgish|quechua|guarani|nahuatl|māori|maori|inuktitut|sanskrit|ancient greek|klingon|creole|haitian creole|papiamento|romansh|sorbian|ladino|sardinian|sicilian|asturian|swiss german|plattdeutsch|low german|sami|catalan|euskara|afrikaans|shona|sinhala|uyghur|hokkien|shanghainese|taiwanese|tigrinya|oromo)$/iu;

const LEVEL =
  /^(?:(?:a (?:little|bit|little bit) (?:of )?|little(?: bit)?(?: of)?|bit of|some|fluent|basic|conversational|decent|good|broken|native|passable|rusty|intermediate|only|both|mostly|bad|terrible|schoolboy|school|near-native|pretty good|enough|perfect)\s+)+/i;

/** A language, without how well one knows it. */
function language(phrase: string): string | null {
  const bare = phrase
    .replace(LEVEL, '')
    .replace(/\s+(?:fluently|natively|well|badly|too|at home|quite|pretty)$/i, '')
    .trim();
  return isNationality(bare) ||
    MORE_LANGUAGES.test(bare) ||
    /^(?:brazilian|mexican|european|swiss|canadian|austrian) \p{L}+$/iu.test(bare)
    ? bare
    : null;
}

const languages = (clause: Clause, from: number, predicate: string, confidence = 0.92): Finding[] =>
  listAt(limit(clause), from, {
    maxWords: 4,
    until: /^(?:at|with|to|fluently|but|in|from|well|natively|poorly|badly|quite|pretty|enough|not|almost)$/,
    through: /^(?:a|little|bit|of|just|about)$/,
  }).flatMap((item) => {
    const name = language(item.text);
    return name ? [{ ...base(clause), predicate, object: name, confidence, end: item.end }] : [];
  });

const speak: ClauseRule = (clause) => {
  if ((clause.modality !== null && clause.modality !== 'can') || clause.tense === 'past') return null;
  return languages(clause, clause.restStart, 'speaks');
};

const know: ClauseRule = (clause) =>
  clause.modality === null && clause.tense === 'present'
    ? languages(clause, clause.restStart, 'speaks', 0.78)
    : null;

const learn: ClauseRule = (clause) => {
  if (!clause.progressive || clause.modality !== null || clause.tense === 'past' || clause.negated)
    return null;
  const spoken = languages(clause, clause.restStart, 'learns');
  if (spoken.length > 0) return spoken;
  const lead = /^\s+(?:to |how to |about )?/i.exec(clause.rest);
  const phrase = phraseAt(limit(clause), clause.restStart + (lead?.[0].length ?? 0), {
    maxWords: 6,
    until: /^(?:at|with|in|on|from|for|by|the hard way)$/,
    through: /^the$/,
  });
  if (
    !phrase ||
    !isTelling(phrase) ||
    /^(?:more|a lot|lots?|tons?|loads|heaps|bunch|so|to|new things|things|stuff|every|something)\b/i.test(
      phrase.text,
    ) ||
    /about/i.test(lead?.[0] ?? '')
  )
    return null;
  return {
    ...base(clause),
    predicate: 'learns',
    object: /\bto\s*$/i.test(lead?.[0] ?? '') ? `to ${phrase.text}` : phrase.text,
    confidence: 0.82,
    end: phrase.end,
  };
};

const NOT_PLAYED =
  /^(?:with|a (?:role|part|joke|prank|trick|game|song)|the (?:role|part|game|song|fool|victim|odds|long game)|it|along|around|outside|for|in|on|at|dumb|dead|this|that|my|against|to|music|games|up|host|tricks|devil's|by|safe|nice|catch up|some)\b/i;

const INSTRUMENTS =
  /\b(?:guitar|piano|violin|viola|cello|bass|drums?|flute|clarinet|oboe|bassoon|sax(?:ophone)?|trumpet|trombone|tuba|horn|harp|banjo|ukulele|mandolin|accordion|organ|keyboards?|harmonica|recorder|fiddle|lute|sitar|bagpipes|percussion|synth|bouzouki|concertina|double bass|euphonium|cornet|kalimba|marimba|xylophone|tabla|didgeridoo|lyre|zither|balalaika)\b/i;

const play: ClauseRule = (clause) => {
  if (
    (clause.modality !== null && clause.modality !== 'can') ||
    clause.tense === 'past' ||
    clause.form === 'past'
  )
    return null;
  if (
    clause.progressive &&
    !/\b(?:for|since|lately|again|these days|in a|with)\b/i.test(clause.rest) &&
    !INSTRUMENTS.test(clause.rest)
  )
    return null;
  if (clause.adverbs.has('just') && clause.tense === 'perfect') return null;
  const text = limit(clause);
  const first = /^\s+(?:a (?:bit|little) (?:of )?)?/i.exec(clause.rest)?.[0].length ?? 0;
  if (NOT_PLAYED.test(text.slice(clause.restStart + first).trimStart())) return null;
  return listAt(text, clause.restStart + first, {
    maxWords: 5,
    until:
      /^(?:in|on|at|with|for|every|as|against|when|by|from|to|semi|badly|well|professionally|together|most|like|twice|online|since|again|a|regularly|competitively|whenever|and)$/,
  })
    .filter((item) => isTelling(item) && !NOT_PLAYED.test(item.text))
    .map((item) => ({
      ...base(clause),
      predicate: 'plays',
      object: item.text.replace(/^(?:the|my|our)\s+/i, ''),
      confidence: 0.88,
      end: item.end,
    }));
};

const CAN_NOT_BE =
  /^(?:see|tell|say|imagine|understand|believe|think|help|be|get|go|come|do|make|find|use|have|give|take|send|try|wait|feel|hear|remember|recall|afford|only|just|ask|know|put|stand|bear|eat|drink|stop|pay|show|share|provide|access|live|work|meet|call|talk|let|decide|manage|figure|keep|leave|buy|sleep|start|login|log|open|reach|stay|move|relate|recommend|confirm|assure|add|set|run it|hardly|barely|never|always|seem|bring|pick|change|handle|relax|focus|concentrate|finally|totally|definitely|already|fully|really|you|i|we)\b/i;

/** "I can juggle": what one is able to, not what one is free to do. */
const ABLE =
  /^(?:juggle|swim|drive|sew|knit|crochet|ski|skate|surf|dive|whistle|weld|type|code|program|dance|sing|draw|paint|ride|fly|sail|cook|bake|read|write|speak|play|count|solder|touch[- ]type|climb|hold|lift|do (?:a|the|\d+)|run (?:a|\d+)|bench|squat|deadlift|recite|fix|repair|build|identify|name all|solve|kayak|row|box|unicycle|somersault|yodel|fence|shoot|fish|hunt|moonwalk|beatbox|rap|jump|bake|brew|ferment|carve|code)\b/i;

/** "write | it down". */
const POINTS_ON = /^\s+(?:it|this|that|these|those|them|him|her|you|your|us|me)\b/i;

const any: ClauseRule = (clause) => {
  if (clause.modality !== 'can' || clause.progressive || clause.tense !== 'present' || clause.verb === 'be')
    return null;
  const surface = clause.sentence.text.slice(0, clause.restStart);
  const at = surface.length - (/[\p{L}'-]+$/u.exec(surface)?.[0].length ?? 0);
  const words = clause.sentence.text.slice(at, clause.restStart + clause.rest.length);
  if (!ABLE.test(words) || CAN_NOT_BE.test(words)) return null;
  const phrase = phraseAt(limit(clause), at, {
    maxWords: 7,
    until: /^(?:if|when|in|on|at|but|because|for|from|now|here)$/,
    through: /^(?:to|and|with|the)$/,
  });
  if (
    !phrase ||
    clause.subject === 'we' ||
    /\b(?:it|this|that|you|your|them|him|her|better|faster|more)\b/i.test(phrase.text) ||
    POINTS_ON.test(clause.sentence.text.slice(phrase.end))
  )
    return null;
  // What everybody can says nothing.
  if (
    !clause.negated &&
    /^(?:read|write|fix|repair|build|hold|lift|name|identify|count|run|jump|do|play|drive|bake|draw|type|cook|sing|dance|fly)$/i.test(
      phrase.text,
    ) &&
    !/^(?:drive|bake|draw|cook|sing|dance|fly)$/i.test(phrase.text)
  )
    return null;
  if (
    /^(?:drive|read|write|fix|repair|build|cook|bake|hold|lift|name|identify|count|run|jump|fly|draw|do|play)$/i.test(
      phrase.text,
    ) &&
    clause.negated &&
    !/^(?:drive|read|cook|draw|fly)$/i.test(phrase.text)
  )
    return null;
  if (
    /^(?:drive|fly|read|write|fix|cook|run|ride)\s+(?:to|you|there|home|over|down|in|the|my)\b/i.test(
      phrase.text,
    )
  )
    return null;
  return { ...base(clause), predicate: 'can', object: phrase.text, confidence: 0.8, end: phrase.end };
};

const GOOD =
  /^\s*(?:(?:really|very|quite|pretty|so|fairly|super|not|also|reasonably|extremely|particularly|incredibly|absolutely|completely|utterly|actually) )*(good|great|decent|excellent|skilled|fluent|proficient|experienced|bad|terrible|awful|hopeless|rubbish|useless|crap|poor|an expert|expert|a pro|handy|competent|adept|talented|a natural|best|amazing) (?:at|in|with)\s+/i;

const be: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense === 'past') return null;
  const good = GOOD.exec(clause.rest);
  if (good?.[1]) {
    const from = clause.restStart + good[0].length;
    const spoken = languages(clause, from, 'speaks', 0.88);
    const isBad = /^(?:bad|terrible|awful|hopeless|rubbish|useless|crap|poor)$/i.test(good[1]);
    if (spoken.length > 0 && /fluent|proficient/i.test(good[1])) return spoken;
    if (
      /^\s*(?:the )?(?:this|that|it|all|everything|mood|shape|place|company|hands|position|your|general|my (?:job|age))\b/i.test(
        clause.sentence.text.slice(from),
      )
    )
      return null;
    const phrase = phraseAt(limit(clause), from, {
      maxWords: 6,
      through: /^(?:and|with|the|to)$/,
      until: /^(?:so|but|for|in|at)$/,
    });
    if (!phrase || !isTelling(phrase)) return null;
    return {
      ...base(clause),
      predicate: 'skilled_at',
      object: phrase.text,
      negated: isBad !== (clause.negated || /\bnot\b/i.test(good[0])),
      confidence: 0.82,
      end: phrase.end,
    };
  }
  const native = /^\s*(?:a |an )?(?:native|fluent) (\p{Lu}\p{L}+)(?:[- ]speaker)?\b/u.exec(clause.rest);
  if (native?.[1] && language(native[1]))
    return {
      ...base(clause),
      predicate: 'speaks',
      object: native[1],
      confidence: 0.9,
      end: clause.restStart + native[0].length,
    };
  const lingual = /^\s*(?:fully )?(bilingual|trilingual)(?: in)?\s+/i.exec(clause.rest);
  return lingual ? languages(clause, clause.restStart + lingual[0].length, 'speaks', 0.9) : null;
};

const TOOLS =
  /^\s+(?:(?:mostly|mainly|only|just|a lot of|lots of|some|all my code in|code in|in|almost everything in|everything in|with) )*/i;

const PROGRAMMING =
  /^(?:python|javascript|typescript|java|kotlin|swift|go|golang|rust|ruby|php|perl|scala|haskell|elixir|erlang|clojure|c|c\+\+|c#|f#|r|julia|matlab|sql|html|css|dart|lua|lisp|ocaml|fortran|cobol|bash|zig|nim|elm|vb|vba|apex|solidity|assembly|vue|react|angular|svelte|django|rails|laravel|node(?:\.?js)?|js|ts|\.net|java ?script)$/i;

const HABIT_TOOL = /^(?:mostly|mainly|usually|always|only|primarily|mainly|still|generally)$/;

/** "I mostly write Go", "I code in Rust", "I use Linux". */
const write: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense === 'past' || clause.form === 'past') return null;
  const lead = TOOLS.exec(clause.rest)?.[0].length ?? 0;
  const items = listAt(limit(clause), clause.restStart + lead, {
    maxWords: 3,
    until: /^(?:for|at|in|on|with|to|these|most|all|every|code|by)$/,
  });
  const known = items.filter((item) => PROGRAMMING.test(item.text));
  return known.map((item) => ({
    ...base(clause),
    predicate: 'uses',
    object: item.text,
    confidence: 0.88,
    end: item.end,
  }));
};

const use: ClauseRule = (clause, setting) => {
  if (
    clause.modality !== null ||
    clause.tense !== 'present' ||
    (clause.progressive && !/\b(?:for|since)\b/i.test(clause.rest))
  )
    return null;
  const code = write(clause, setting);
  if (Array.isArray(code) && code.length > 0) return code;
  const isHabit =
    [...clause.adverbs].some((word) => HABIT_TOOL.test(word)) ||
    /\b(?:every ?day|daily|at work|for work|at home|all the time|as my|for (?:everything|all my|my))\b/i.test(
      clause.rest,
    );
  const phrase = phraseAt(limit(clause), clause.restStart, {
    maxWords: 4,
    until: /^(?:for|at|in|on|with|to|as|every|daily|when|by)$/,
  });
  if (
    !phrase ||
    !isTelling(phrase) ||
    (!isHabit && !/^(?:an? |my )?\p{Lu}/u.test(phrase.text)) ||
    /^(?:it|this|the|your|that|to|my)\b/i.test(phrase.text)
  )
    return null;
  return { ...base(clause), predicate: 'uses', object: phrase.text, confidence: 0.75, end: phrase.end };
};

export const skills: Family = {
  name: 'skills',
  verbs: {
    ...pastimes,
    speak,
    know,
    learn,
    play,
    be,
    write,
    code: write,
    program: write,
    use,
    do: doing,
    go,
    train,
    practise: doing,
    practice: doing,
    read: (clause) =>
      clause.modality === 'can'
        ? languages(clause, clause.restStart, 'can').map((each) => ({
            ...each,
            object: `read ${each.object}`,
          }))
        : null,
  },
  any,
  sentence: hobbies,
};
