const ASKS_WHERE =
  /\bwhere\b|\b(?:what|which) (?:city|country|place|town|state|area|location|village|region|island)\b/iu;
/** "in Rome", "near the Alps". */
const PLACE = /\b(?:in|at|to|from|near|around|visit(?:ed|ing)?) (?:the |my )?\p{Lu}\p{L}+/u;

/** Whether a question asks where something is, or which place it is. */
export const asksWhere = (question: string): boolean => ASKS_WHERE.test(question);

/** Whether a text names what is a place, as a rule. */
export const saysWhere = (said: string): boolean => PLACE.test(said);
