/** Of a name in a question: what whoever bears it would say in its place. */
const OF_ONE = [
  [/\b(?:her|his|their)\b/giu, 'my'],
  [/\b(?:she|he|they)\b/giu, 'I'],
  [/\bdoes I\b/giu, 'do I'],
  [/\bis I\b/giu, 'am I'],
  [/\bhas I\b/giu, 'have I'],
] as const;
const BEFORE_NAMES = /\p{Lu}\p{L}+/gu;

/**
 * A question as whoever it is about would ask it: turns are told in the first person, and a name would make what is said *to* somebody
 * look like what they said. "What did Ann's sister give her?" becomes "What did my sister give my?": grammar is nothing to a vector.
 * English; in other languages only names go, where several are named.
 *
 * @param speakers who talks in what is searched, in small letters
 */
export function inFirstPerson(question: string, speakers: ReadonlySet<string>): string {
  const named = new Set(
    [...question.matchAll(BEFORE_NAMES)]
      .map(([name]) => name)
      .filter((name) => speakers.has(name.toLowerCase())),
  );
  const [only] = named;
  if (only === undefined) return question;
  if (named.size > 1) return [...named].reduce((text, name) => text.replaceAll(nameIn(name), ''), question);
  const told = question.replace(nameIn(only), (_, owning: string | undefined) => (owning ? 'my' : 'I'));
  return OF_ONE.reduce((text, [pattern, word]) => text.replace(pattern, word), told);
}

/** A name as a word of its own, with what says that something is theirs. */
function nameIn(name: string): RegExp {
  return new RegExp(`(?<!\\p{L})${name}(?!\\p{L}{2})(['’]s?)?`, 'gu');
}
