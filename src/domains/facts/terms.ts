import { nameKeyOf } from '../characters/name-key.ts';
import { ANALYSIS_VERSION, analyse } from '../word-index/analysis.ts';
import type { FactRow } from './tables.ts';

/** The owner of the memory. */
export const OWNER = 'user';

/** Of the terms and keys that are made now: facts with another version get theirs again (`renewed-terms.ts`). */
export const FACT_TERMS_VERSION = 100 * ANALYSIS_VERSION + 2;

/** By what a fact is found. */
export interface FactTerms {
  /** The words that it has, as searches analyse them, and its predicate. */
  readonly searchTerms: readonly string[];
  /** Whom it is about, as names of characters are compared; empty: the owner of the memory. */
  readonly subjectKey: string;
}

/** @returns what finds a fact; nothing for one that lost its words */
export function termsOfFact(
  fact: Pick<FactRow, 'statement' | 'subject' | 'predicate' | 'object'>,
): FactTerms {
  const { statement, subject, predicate, object } = fact;
  if (statement === '') return { searchTerms: [], subjectKey: '' };
  const isOwner = subject.toLowerCase() === OWNER;
  const { counts, parts } = analyse([...(isOwner ? [] : [subject]), statement, object].join('. '));
  const terms = new Set([...counts.keys(), ...parts, predicateTerm(predicate)]);
  return { searchTerms: [...terms].sort(), subjectKey: isOwner ? '' : nameKeyOf(subject) };
}

/** The term that all facts of a predicate have, and no text. */
export function predicateTerm(predicate: string): string {
  return `=${predicate}`;
}
