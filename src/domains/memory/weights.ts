/**
 * What each sign adds to the window score, which is 1 for the best candidate. Found by coordinate ascent over 764
 * questions about five dialogues and checked by leaving each dialogue out in turn; see docs/paths/memory.md.
 */
export const BY_WORDS = {
  words: 1,
  near: 0.1,
  meaning: 0.35,
  own: 0,
  around: 0,
  speaker: 0.35,
  side: 0.15,
  time: 0.82,
  /** Above all else: what was said last week answers nothing about yesterday. */
  relativeTime: 2,
  sayingWhen: 0.4,
  sayingHowMany: 0.1,
  sayingWhere: 0.25,
  /** A reason where it is asked why, people where it is asked who, a title where a book is asked for. */
  sayingAnswer: 0.15,
  character: 0.25,
  /** What is asked was learned from it, and still holds. */
  told: 0.15,
  phrase: 0.1,
  nextSaysIt: 0.15,
  afterQuestion: 0.12,
  question: -0.12,
  recent: 0.02,
  /** What the user says of themselves where that is asked, and the newest of what says so. */
  ofMe: 0.3,
  newest: 0.6,
};
/** The same where it is known how like each candidate is to the question: found together with the weights of likeness. */
export const BY_MEANING: typeof BY_WORDS = {
  ...BY_WORDS,
  ...{
    near: 0,
    meaning: 0,
    own: 0.25,
    around: 0.58,
    speaker: 0.52,
    time: 1.92,
    relativeTime: 3,
    sayingWhen: 0.4,
    sayingHowMany: 0.02,
  },
  ...{ phrase: 0.1, nextSaysIt: 0.146, afterQuestion: 0.117, question: -0.306 },
};
