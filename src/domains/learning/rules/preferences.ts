import type { ClauseRule, Family, Finding } from './family.ts';
import { isTelling, listAt, type Phrase } from './phrases.ts';
import { finding, isTaste, NO_TASTE, pointsAtOne, tastes, things } from './tastes.ts';

/** "I love the hope and love theme": the second word is no verb. */
const NAMES_A_THING = /\s(?:the|this|that|these|those|your)\s[\p{L}-]+ and (?:love|like|hate)\s*$/iu;

/** "I like …", "I hate …": a taste, if it is said of now, and of no single time. */
const liking =
  (isAgainst: boolean, confidence: number): ClauseRule =>
  (clause) => {
    if (clause.modality !== null) return null;
    if (clause.progressive && !/^(?:love|enjoy|like)$/.test(clause.verb)) return null;
    if (clause.tense === 'past' || clause.form === 'past') return null;
    if (NAMES_A_THING.test(clause.sentence.text.slice(clause.start, clause.restStart))) return null;
    // "I love your plan!" and "I like that" are no tastes, and "I don't love it" is hardly one.
    return tastes(clause, clause.restStart, isAgainst ? !clause.negated : clause.negated, confidence);
  };

const prefer: ClauseRule = (clause) => {
  if ((clause.modality !== null && clause.modality !== 'would') || clause.tense === 'past' || clause.negated)
    return null;
  if (clause.modality === 'would') return null;
  const text = clause.sentence.text.slice(0, clause.restStart + clause.rest.length);
  if (NO_TASTE.test(clause.rest.trimStart()) || /^\s*(?:not|if|that)\b/i.test(clause.rest)) return null;
  const [item] = listAt(text, clause.restStart, {
    maxWords: 7,
    until: /^(?:over|rather|instead|than|to|because)$/,
  });
  return item && isTaste(item) ? finding(clause, item, false, 0.88, 'prefers') : null;
};

/** "I can't stand …", "I could never stand …". */
const stand: ClauseRule = (clause) => {
  if (
    !clause.negated ||
    (clause.modality !== 'can' && clause.modality !== 'could') ||
    clause.tense === 'past'
  )
    return null;
  return tastes(clause, clause.restStart, true, 0.92);
};

const FOND =
  /^\s*(?:(?:really|so|very|quite|pretty|totally|super|a bit|absolutely|huge|also|kind of|currently|still|too|that|more|mostly|big(?:ly)?|not|(?:a )?(?:huge|big|massive|great|total|keen|lifelong|real) )\s*)*(?:(?:an? )?(?:fans? of|sucker for)|into|fond of|keen on|obsessed with|crazy about|mad about|passionate about|nuts about|addicted to|partial to|hooked on|fascinated by|(?:a |an )?(?:[\p{L}-]+ )?lover of|big on|interested in|in love with)\s+/iu;

const LOVER =
  /^\s*(?:an? )?(?:(?:huge|big|massive|real|total|avid|keen|passionate|proud|lifelong) )*([\p{L}-]+(?: [\p{L}-]+)?) (?:lover|fan|fanatic|enthusiast|addict|geek|nerd|aficionado|buff)\b/iu;

const be: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense === 'past') return null;
  const fond = FOND.exec(clause.rest);
  if (fond) {
    const isNot = clause.negated || /\bnot\b/i.test(fond[0]);
    return tastes(clause, clause.restStart + fond[0].length, isNot, 0.88);
  }
  const lover = LOVER.exec(clause.rest);
  if (
    lover?.[1] &&
    !/^(?:(?:your|his|her|their|the|my) .*|huge|big|biggest|massive|a|an|the|not)$/i.test(lover[1])
  )
    return {
      predicate: 'likes',
      object: lover[1],
      negated: clause.negated,
      confidence: 0.85,
      start: clause.start,
      end: clause.restStart + lover[0].length,
    };
  const off =
    /^\s*(?:really |completely |totally )?(?:off|over|sick of|tired of|done with|fed up with)\s+/i.exec(
      clause.rest,
    );
  if (
    off &&
    /^\s*(?:really |completely |totally )?(?:off)\s/i.test(off[0]) &&
    !/^\s*off (?:work|to|for|the|my|on|school|duty)\b/i.test(clause.rest)
  )
    return tastes(clause, clause.restStart + off[0].length, true, 0.75);
  return null;
};

/** "I've gone off oat milk", "I went off …". */
const go: ClauseRule = (clause) => {
  const off = /^\s+(?:completely |totally |right |really )?off\s+/i.exec(clause.rest);
  if (!off || clause.negated || clause.tense === 'present' || clause.modality !== null) return null;
  return tastes(clause, clause.restStart + off[0].length, true, 0.85).map((each) => ({
    ...each,
    kind: 'ENDS' as const,
  }));
};

const get: ClauseRule = (clause) => {
  const into =
    /^\s+(?:really |so |very |super |quite |a bit )?(?:into|hooked on|obsessed with|addicted to)\s+/i.exec(
      clause.rest,
    );
  if (
    !into ||
    clause.negated ||
    clause.modality !== null ||
    (clause.tense === 'present' && !clause.progressive)
  )
    return null;
  return tastes(clause, clause.restStart + into[0].length, false, 0.75);
};

const FAVOURITE =
  /\b(my|our)\s+(?:all[- ]time |absolute |personal |new |current |other |very )*favou?rite\s+((?:[\p{L}'-]+\s+){0,3}?[\p{L}'-]+)\s+(?:of all time |right now |at the moment |these days |to [\p{L} ]{2,25} |for [\p{L} ]{2,25} |in [\p{L} ]{2,25} )?(?:is|are|'s|has to be|would be|must be|has always been|:)\s+(?:probably |definitely |still |now |always |currently |actually |easily |by far )*/iu;

const IS_FAVOURITE =
  /(?:^|[,:] |\band |\bbut )((?:\p{L}[\p{L}\p{M}'-]*\s+){0,4}?\p{L}[\p{L}\p{M}'-]*)\s+(?:is|are)\s+(?:definitely |still |probably |by far |actually )*(?:my|our) (?:all[- ]time |absolute |new |personal )*favou?rite(?:\s+((?:[\p{L}'-]+\s+){0,2}[\p{L}'-]+))?/iu;

/** A title in quotation marks, without them. */
function titleAt(text: string, at: number): Phrase | null {
  const title = /^["“„«]([^"“”„«»\0]{1,60})["”“»]/u.exec(text.slice(at))?.[1];
  return title === undefined ? null : { text: title, start: at + 1, end: at + 1 + title.length };
}

function favouriteAt(text: string, at: number): Phrase | null {
  const [item = null] = listAt(text, at, {
    maxWords: 7,
    through: /^(?:to|with|the|about|for)$/,
    until: /^(?:so|because|but)$/,
  });
  return item;
}

function favourites({ text, isQuestion }: { text: string; isQuestion: boolean }): Finding[] {
  if (!/\bfavou?rite\b/i.test(text)) return [];
  const found = FAVOURITE.exec(text);
  if (found?.[2] !== undefined) {
    const at = found.index + found[0].length;
    if (isQuestion && /^\s*$/.test(text.slice(at))) return [];
    const item = titleAt(text, at) ?? favouriteAt(text, at);
    const kind = found[2]
      .toLowerCase()
      .replace(/[^\p{L}]+/gu, '_')
      .replace(/s$/, '');
    if (
      !item ||
      !isTelling(item) ||
      /^(?:not|when|how|what|where|that)$/i.test(item.text.split(' ')[0] ?? '') ||
      /^(?:ones?|part|bit)(?:_|$)/.test(kind)
    )
      return [];
    const isNot = /^not\b/i.test(text.slice(at));
    return isNot
      ? []
      : [
          {
            predicate: `favourite_${kind}`,
            object: item.text,
            confidence: 0.92,
            start: found.index,
            end: item.end,
          },
        ];
  }
  const turned = IS_FAVOURITE.exec(text);
  if (
    !turned?.[1] ||
    isQuestion ||
    /^(?:it|that|this|which|he|she|they|these|those|what|there|here|one|mine|who)\b/i.test(turned[1].trim())
  )
    return [];
  const kind = turned[2]
    ?.toLowerCase()
    .split(/\s+(?:of|in|to|for|so|but|and|because|at|by|from|right|now)\b/)[0]
    ?.trim()
    .replace(/[^\p{L}]+/gu, '_')
    .replace(/s$/, '');
  const object = turned[1].replace(/^(?:and|but|so|well|the|also|honestly)\s+/i, '');
  const at = turned.index + turned[0].indexOf(turned[1]);
  return [
    {
      predicate: kind ? `favourite_${kind}` : 'likes',
      object,
      confidence: 0.8,
      start: at,
      end: turned.index + turned[0].length,
    },
  ];
}

/** "Not a fan of …", "Can't stand …", without a subject. */
const BARE =
  /^(?:(?:and|but|so|also|oh|well|ok|btw|yes|no|nah|honestly|tbh)[, ]+)*(?:(not (?:a )?(?:big |huge |really a )?(?:fan of|into|keen on))|(can'?t stand|cannot stand|can'?t bear|hate|despise)|(love|loving|big fan of|huge fan of|really into|obsessed with))\s+/iu;

function bare(sentence: { text: string; isQuestion: boolean }): Finding[] {
  const found = BARE.exec(sentence.text);
  if (!found || sentence.isQuestion) return [];
  const from = found[0].length;
  if (NO_TASTE.test(sentence.text.slice(from)) || pointsAtOne(sentence.text.slice(from))) return [];
  const negated = found[3] === undefined;
  if (
    found[3] !== undefined &&
    /^(?:love|loving)$/i.test(found[3]) &&
    !/^\p{L}+ing\b/u.test(sentence.text.slice(from))
  )
    return [];
  return things(sentence.text, from).map((item) => ({
    predicate: 'likes',
    object: item.text,
    negated,
    confidence: 0.75,
    start: found.index,
    end: item.end,
  }));
}

const like = liking(false, 0.92);

const hate = liking(true, 0.92);

export const preferences: Family = {
  name: 'preferences',
  verbs: {
    like,
    love: like,
    enjoy: like,
    adore: like,
    crave: liking(false, 0.7),
    hate,
    dislike: hate,
    detest: hate,
    loathe: hate,
    despise: hate,
    prefer,
    stand,
    bear: stand,
    be,
    go,
    get,
  },
  sentence: (sentence) => [...favourites(sentence), ...bare(sentence)],
};
