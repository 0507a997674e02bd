import type { Clause } from './clauses.ts';

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
