/** What an answer says, as a rule, by what a question asks: by kind the words of the question, and those of its answers. */
const KINDS: readonly (readonly [asks: RegExp, says: RegExp])[] = [
  [
    /\bwho(?:se|m)?\b/iu,
    /\b(?:mom|mother|dad|father|parents|friends?|sister|brother|wife|husband|partner|kids?|children|son|daughter|family|cousin|uncle|aunt|grand(?:ma|pa|mother|father|parents|son|daughter)|colleagues?|neighbou?rs?|boss|teacher|coach|doctor|team(?:-?mates?)?|mentors?|group)\b/iu,
  ],
  [
    /\bwhy\b|\breasons?\b|\bmotivat/iu,
    /\b(?:because|'?cause|since|so that|in order to|reasons?|that's why|ma[dk]es? me|to (?:help|make|get|show|share|be))\b/iu,
  ],
  [
    /\bhow long\b/iu,
    /(?<=\b(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|few|several|couple(?: of)?|many) (?:more )?)(?:minute|hour|day|week|month|year|decade)s?\b/iu,
  ],
  // What has a title stands in quotation marks, as a rule.
  [
    /\b(?:books?|novels?|movies?|films?|series|shows?|songs?|albums?|bands?|games?|podcasts?|plays?|titles?|called|named)\b/iu,
    /["“„«][^"“”„«»]{2,60}["”“»]/u,
  ],
];

/** Characters of a turn in which that is looked for: longer ones say some of it by chance. */
const ANSWER_LENGTH = 500;
/** Where an answer is looked for. */
export const ANSWER_PARAMETERS = { ANSWER_LENGTH };

/** What answers to a question say, as a rule: people, a reason, how long, a title. English. */
export function answersTo(question: string): readonly RegExp[] {
  return KINDS.flatMap(([asks, says]) => (asks.test(question) ? says : []));
}

/** Whether a text says one of these. */
export function saysAnswer(answers: readonly RegExp[], said: string): boolean {
  if (answers.length === 0) return false;
  const beginning = said.slice(0, ANSWER_LENGTH);
  return answers.some((says) => says.test(beginning));
}
