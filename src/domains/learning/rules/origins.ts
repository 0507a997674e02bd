import type { Clause } from './clauses.ts';
import type { ClauseRule, Finding } from './family.ts';
import { placeAfter } from './places.ts';

/** "I'm from Bath", "I was born and raised in …": where somebody comes from, as `be` says it. */
export function originOf(clause: Clause): Finding | null {
  const origin = placeAfter(clause, /^\s*(?:\p{L}+ly |born and raised |not |both |actually |all )*from\s+/iu);
  if (
    origin &&
    clause.tense === 'present' &&
    clause.modality === null &&
    /^\p{Lu}|^(?:a|the) /u.test(origin.text)
  )
    return {
      predicate: 'from',
      object: origin.text,
      negated: clause.negated,
      confidence: 0.9,
      start: clause.start,
      end: origin.end,
    };
  const born = placeAfter(
    clause,
    /^\s*(?:born and (?:raised|bred)|raised|brought up|born)\s+(?:and (?:raised|bred) )?(?:in|near)\s+/i,
  );
  if (born && clause.tense === 'past' && !clause.negated && /^\p{Lu}/u.test(born.text)) {
    const isRaised = /^\s*(?:born and (?:raised|bred)|raised|brought)/i.test(clause.rest);
    return {
      predicate: isRaised ? 'grew_up_in' : 'born_in',
      object: born.text,
      confidence: 0.92,
      start: clause.start,
      end: born.end,
    };
  }
  return null;
}

/** "I grew up in Bath". */
export const grow: ClauseRule = (clause) => {
  const place = placeAfter(
    clause,
    /^\s+up\s+(?:mostly |mainly |partly |just )?(?:in|near|around|outside|on|just outside)\s+/i,
  );
  if (!place || clause.negated || clause.tense === 'present' || clause.modality !== null) return null;
  return {
    predicate: 'grew_up_in',
    object: place.text,
    confidence: 0.92,
    start: clause.start,
    end: place.end,
  };
};

/** "I come from Bath", "I hail from …". */
export const come: ClauseRule = (clause) => {
  const place = placeAfter(clause, /^\s+(?:originally )?from\s+/i);
  if (
    !place ||
    clause.tense !== 'present' ||
    clause.progressive ||
    clause.modality !== null ||
    !/^\p{Lu}/u.test(place.text)
  )
    return null;
  return {
    predicate: 'from',
    object: place.text,
    negated: clause.negated,
    confidence: 0.9,
    start: clause.start,
    end: place.end,
  };
};
