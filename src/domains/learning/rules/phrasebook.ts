import type { Finding, Setting } from './family.ts';
import { isTitle } from './people.ts';
import type { Sentence } from './sentences.ts';
import { whenPast } from './when.ts';

/** Of a language with a few sure sentences: what they look like, and what they say. */
export interface Saying {
  /** With `object`, and `not` where a word in it denies it. Global. */
  readonly pattern: RegExp;
  readonly predicate: string | ((object: string) => string | null);
  readonly negated?: boolean;
  readonly confidence?: number;
  /** The object is a list of things. */
  readonly isList?: boolean;
  /** What the object must not be. */
  readonly except?: RegExp;
  /** What right behind it tells that it is over: "my dog Rex died". */
  readonly over?: RegExp;
}

export interface Phrasebook {
  /** A sentence without any of these is of another language. */
  readonly spoken: RegExp;
  /** Sentences that say nothing of what is. */
  readonly unmeant: RegExp;
  /** Between the things of a list. */
  readonly and: RegExp;
  readonly sayings: readonly Saying[];
}

/** What may stand before a name, with a full stop that ends nothing. */
export const TITLES = String.raw`(?:(?:Dr|Prof|Ing|Hr|Fr|St|Ste|Sto|Sta|Sr|Sra|Srta|Mr|Mrs|Ms|Mme|Mlle|Don|Doña)\. )*`;

/** What is said of some relation, with the predicate of the first word that names one; what names none is left out. */
export function relationsNamed(
  findings: readonly Finding[],
  { text }: Sentence,
  relations: Readonly<Record<string, string>>,
): Finding[] {
  return findings.flatMap((finding) => {
    if (finding.predicate !== 'relation') return [finding];
    const words = text
      .slice(finding.start, finding.end)
      .toLowerCase()
      .split(/[\s,]+/);
    const word = words.find((each) => Object.hasOwn(relations, each));
    const predicate = word === undefined ? undefined : relations[word];
    return predicate === undefined ? [] : [{ ...finding, predicate }];
  });
}

/** What the phrasebook finds in a sentence. */
export function sayingsIn(sentence: Sentence, book: Phrasebook, { calendar }: Setting): Finding[] {
  const { text, isQuestion } = sentence;
  if (!book.spoken.test(text)) return [];
  return book.sayings.flatMap((saying) =>
    [...text.matchAll(saying.pattern)].flatMap((match) => {
      const { object, not } = match.groups ?? {};
      if (object === undefined) return [];
      const start = match.index + (/^[\s,;.:!]*/.exec(match[0])?.[0].length ?? 0);
      const end = match.index + match[0].trimEnd().length;
      const clause = clauseAround(text, start, end);
      if (book.unmeant.test(clause)) return [];
      if (isQuestion && !/[,–—]/.test(text.slice(end))) return [];
      const found: Finding[] = [];
      for (const each of saying.isList ? object.split(book.and) : [object]) {
        const said = each.trim().replace(/[.,]+$/, '');
        const predicate = typeof saying.predicate === 'string' ? saying.predicate : saying.predicate(said);
        if (said === '' || predicate === null || (saying.except?.test(said) ?? false)) continue;
        if (isTitle(said)) continue;
        const isOver = saying.over?.test(text.slice(end, end + 80)) ?? false;
        const negated = isOver || (saying.negated ?? not !== undefined);
        found.push({
          predicate,
          object: said,
          negated,
          ...(isOver && { kind: 'ENDS' as const }),
          from: since(text, end, calendar),
          confidence: saying.confidence ?? 0.85,
          start,
          end,
        });
      }
      return found;
    }),
  );
}

/** "depuis trois semaines": since when. */
function since(text: string, end: number, calendar: Setting['calendar']) {
  const found = /^[^,]{0,20}\b(?:depuis|seit|desde(?: hace)?)\s[^,]{3,40}/iu.exec(text.slice(end, end + 70));
  return found ? whenPast(text, end, end + found[0].length, calendar) : null;
}

/** From the last comma or colon before to the next one after. */
function clauseAround(text: string, start: number, end: number): string {
  const from = Math.max(text.lastIndexOf(',', start - 1), text.lastIndexOf(':', start - 1), 0);
  const next = text.slice(end).search(/[,:]/);
  return text.slice(from, next < 0 ? text.length : end + next);
}
