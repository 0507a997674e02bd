import { base, limit } from './bounds.ts';
import { OFTEN } from './diet.ts';
import type { ClauseRule } from './family.ts';
import { isTelling, listAt } from './phrases.ts';

const DOSE = /\b\d+(?:[.,]\d+)?\s?(?:mg|mcg|µg|ml|iu|units|milligrams?)\b/i;

const MEDICINE =
  /\b(?:[\p{L}-]*(?:cillin|mycin|pril|olol|statins?|azole|oxetine|citalopram|aline|idone|apine|formin|sartan|thyroxine|prazole|triptan|azepam|zolam|glutide|tidine)|insulin|antibiotics|antidepressants|antihistamines?|pills?|tablets?|medication|meds|vitamins?(?: [a-z]\d*)?|supplements?|iron|magnesium|zinc|creatine|omega[- ]3|fish oil|probiotics|aspirin|ibuprofen|paracetamol|melatonin|inhaler|steroids|blood thinners|beta[- ]blockers|warfarin|lithium|birth control|painkillers)\b/iu;

/** "I take 50 mg of sertraline every morning". */
export const take: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense === 'past') return null;
  const all = clause.rest;
  if (
    !DOSE.test(all) &&
    !(
      MEDICINE.test(all.slice(0, 60)) &&
      (OFTEN.test(all) ||
        /\bfor (?:my|the|a)\b/i.test(all) ||
        clause.progressive ||
        /[a-z](?:cillin|mycin|pril|olol|statin|oxetine|formin|thyroxine|prazole|aline)\b/i.test(all))
    )
  )
    return null;
  return listAt(limit(clause), clause.restStart, {
    maxWords: 6,
    until: /^(?:in|at|before|after|every|for|twice|once|daily|when)$/,
    through: /^of$/,
  })
    .filter(
      (item) =>
        isTelling(item) &&
        (DOSE.test(item.text) || MEDICINE.test(item.text) || /^[a-z][a-z-]+$/.test(item.text)),
    )
    .map((item) => ({
      ...base(clause),
      predicate: 'takes',
      object: item.text.replace(/^(\d+(?:[.,]\d+)? ?\p{L}+) of /u, '$1 '),
      confidence: 0.9,
      end: item.end,
    }));
};
