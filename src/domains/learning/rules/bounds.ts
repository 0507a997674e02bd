import type { Clause } from './clauses.ts';
import type { Finding } from './family.ts';

/** A clause's sentence up to where the clause ends: phrases are looked for no further. */
export const limit = (clause: Clause) => clause.sentence.text.slice(0, clause.restStart + clause.rest.length);

/** Where a clause ends in its sentence. */
export const end = (clause: Clause) => clause.restStart + clause.rest.length;

/** What a finding has of its clause: where it begins, and whether it is denied or over. */
export const base = (clause: Clause) => ({
  start: clause.start,
  negated: clause.negated,
  kind: clause.ended ? ('ENDS' as const) : ('STATES' as const),
});

/** A finding that goes from where its clause begins to so many characters into its rest. */
export const found = (clause: Clause, length: number, finding: Omit<Finding, 'start' | 'end'>): Finding => ({
  ...finding,
  start: clause.start,
  end: clause.restStart + length,
});
