import { createHash } from 'node:crypto';
import { foldLetters } from '../../ground/letters.ts';
import { wordsOf } from '../word-index/analysis.ts';
import { predicateOf } from './predicates.ts';

/** What a fact says, and of whom. */
export interface Said {
  readonly subject: string;
  readonly predicate: string;
  readonly object: string;
  readonly negated: boolean;
}

export interface FactKeys {
  readonly identityKey: Buffer;
  readonly polarityKey: Buffer;
  readonly slotKey: Buffer | null;
}

/**
 * By which facts are compared: two whose identity is the same are one fact, said twice. Subject and predicate are compared
 * without regard to case and accents; objects by the stems of their words, in any order, without words that carry no
 * meaning ("a dog called Biscuit" is "dog, called Biscuit"), or as they are written where no word is left.
 */
export function keysOf({ subject, predicate, object, negated }: Said): FactKeys {
  const about = [plain(subject), plain(predicate)];
  const what = comparable(object);
  return {
    identityKey: digest([...about, what, negated ? 'not' : 'is']),
    polarityKey: digest([...about, what]),
    slotKey: predicateOf(predicate).isSingle && !negated ? digest(about) : null,
  };
}

/** Of a fact that says nothing any more: it is like no other. */
export const wordlessKey = (factId: string): Buffer => digest([factId]);

function comparable(object: string): string {
  const terms = [...new Set(wordsOf(object).map(({ term }) => term))].sort();
  return terms.length > 0 ? terms.join(' ') : plain(object);
}

function plain(text: string): string {
  return foldLetters(text.normalize('NFKC').toLowerCase()).replace(/\s+/g, ' ').trim();
}

function digest(parts: readonly string[]): Buffer {
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
