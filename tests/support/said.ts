import type { Candidate, Extracted, LearnedTurn } from '../../src/domains/learning/candidate.ts';
import { extract } from '../../src/domains/learning/extract.ts';

/** A Saturday. */
export const SAID_AT = new Date('2026-11-28T10:00:00Z');

export function turnOf(query: string, more: Partial<LearnedTurn> = {}): LearnedTurn {
  return {
    turnId: 'turn',
    saidAt: SAID_AT,
    timeZone: 'UTC',
    query,
    response: '',
    speaker: null,
    responder: null,
    characters: new Set(),
    ...more,
  };
}

/** What is learned from a turn, after others. */
export function learned(
  query: string,
  before: readonly LearnedTurn[] = [],
  more: Partial<LearnedTurn> = {},
): Extracted {
  return extract(turnOf(query, more), before);
}

/** The statements of what is learned from a text. */
export const said = (query: string, before: readonly string[] = []): string[] =>
  learned(
    query,
    before.map((text) => turnOf(text)),
  ).candidates.map(({ statement }) => statement);

/** A statement, and the day from which it holds, as far as it was said. */
export const dated = ({ statement, validFrom, precision }: Candidate): string =>
  validFrom === null ? statement : `${statement} @ ${validFrom.toISOString().slice(0, 10)} ${precision}`;
