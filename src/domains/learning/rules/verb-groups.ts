import { verbOf } from './verbs.ts';
import { ADVERBS } from './words.ts';

/** How a verb is meant: as what will, would, can or must be. */
export type Modality =
  | 'will'
  | 'would'
  | 'can'
  | 'could'
  | 'might'
  | 'must'
  | 'should'
  | 'used to'
  | 'going to';

/** What stands before a verb, as far as it was read. */
export interface Group {
  modality: Modality | null;
  negated: boolean;
  ended: boolean;
  had: boolean;
  have: boolean;
  be: 'present' | 'past' | null;
  did: boolean;
  adverbs: Set<string>;
}

const MODALS: Readonly<Record<string, Modality | undefined>> = {
  will: 'will',
  ll: 'will',
  shall: 'will',
  would: 'would',
  can: 'can',
  could: 'could',
  may: 'might',
  might: 'might',
  must: 'must',
  should: 'should',
  gonna: 'going to',
  ima: 'going to',
  imma: 'going to',
};

/** @returns whether the word belongs to what stands before the verb */
export function takeAuxiliary(group: Group, word: string, after: string): boolean {
  if (ADVERBS.has(word) && word !== 'do' && word !== 'did') {
    group.adverbs.add(word);
    return true;
  }
  return takeNegation(group, word, after) || takeModal(group, word, after) || takeBeing(group, word, after);
}

const CONTRACTED =
  /^(?:can|do|does|did|is|are|was|were|have|has|had|wo|would|could|should|ai)n'?t$|^can'?t$|^cannot$/;

function takeNegation(group: Group, word: string, after: string): boolean {
  if (word === 'not' || word === 'never') {
    group.negated = true;
    return true;
  }
  if (word === 'no' && /^\s+longer\b/i.test(after)) {
    group.negated = true;
    group.ended = true;
    return true;
  }
  if (word === 'longer' && group.ended) return true;
  if (!CONTRACTED.test(word)) return false;
  group.negated = true;
  const bare = /^can/.test(word) ? 'can' : /^wo/.test(word) ? 'will' : word.replace(/n'?t$/, '');
  group.modality = MODALS[bare] ?? group.modality;
  if (bare === 'did') group.did = true;
  if (/^(?:is|are|ai)$/.test(bare)) group.be = 'present';
  if (/^(?:was|were)$/.test(bare)) group.be = 'past';
  // "I haven't a clue": the verb follows, or this is it.
  if (bare === 'have') group.have = true;
  if (bare === 'had') group.had = true;
  return true;
}

function takeModal(group: Group, word: string, after: string): boolean {
  const modal = MODALS[word];
  if (modal) {
    group.modality = modal;
    if (word === 'gonna' || modal === 'going to') group.be = null;
    return true;
  }
  if (word === 'used' && !group.be && /^\s+to\b/i.test(after)) {
    group.modality = 'used to';
    return true;
  }
  if (word === 'going' && group.be && /^\s+to\s+\p{Ll}/u.test(after)) {
    // What one was going to do was not done, as far as anybody knows.
    group.modality = group.be === 'past' ? 'would' : 'going to';
    group.be = null;
    return true;
  }
  return word === 'to' && /^(?:used to|going to|would)$/.test(group.modality ?? '');
}

function takeBeing(group: Group, word: string, after: string): boolean {
  if (
    /^(?:am|are|is)$/.test(word) ||
    (word === 'be' && group.modality) ||
    (word === 'been' && (group.have || group.had))
  ) {
    group.be = 'present';
    return true;
  }
  if (/^(?:was|were)$/.test(word)) {
    group.be = 'past';
    return true;
  }
  const next = /^\s+(?:not\s+)?(\p{L}+)/u.exec(after)?.[1]?.toLowerCase() ?? '';
  if (/^(?:did|do)$/.test(word) && (verbOf(next)?.forms.has('base') || ADVERBS.has(next))) {
    if (word === 'did') group.did = true;
    return true;
  }
  if (/^(?:have|had)$/.test(word) && isParticiple(after)) {
    if (word === 'have') group.have = true;
    else group.had = true;
    return true;
  }
  return false;
}

function isParticiple(after: string): boolean {
  const words =
    /^\s+(?:(?:just|also|already|recently|now|never|always|finally|only|not|since|actually|really)\s+)*([\p{L}']+)/iu.exec(
      after,
    );
  const word = words?.[1]?.toLowerCase() ?? '';
  if (word === 'had' || word === 'got') return true;
  const verb = verbOf(word);
  return verb
    ? verb.forms.has('participle') && verb.lemma !== 'read' && verb.lemma !== 'cut'
    : /[^e]ed$/.test(word);
}
