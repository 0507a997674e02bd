import type { Precision } from '../../facts/tables.ts';
import type { Calendar } from '../../spoken-times/calendar.ts';
import type { CandidateKind } from '../candidate.ts';
import type { Clause } from './clauses.ts';
import type { Sentence } from './sentences.ts';

/** What a rule found; offsets are those in the sentence. */
export interface Finding {
  readonly predicate: string;
  readonly object: string;
  readonly negated?: boolean;
  readonly kind?: CandidateKind;
  readonly confidence?: number;
  readonly start: number;
  readonly end: number;
  readonly from?: Moment | null;
  readonly until?: Moment | null;
  /** Where the usual words for the predicate do not fit: "{subject} ran the shop". */
  readonly statement?: string;
}

export interface Moment {
  readonly date: Date;
  readonly precision: Precision;
  /** Of the words that say it, in the sentence. */
  readonly end: number;
}

export interface Setting {
  readonly calendar: Calendar;
  /** What was said right before, by somebody else. */
  readonly asked: string;
  /** What the speaker said of himself in the turns before, the latest last. */
  readonly known: () => readonly Known[];
  /** The text is a list of data: "Name: …", "Job: …". */
  readonly isForm: boolean;
}

export interface Known {
  readonly predicate: string;
  readonly object: string;
  readonly negated: boolean;
}

export type ClauseRule = (clause: Clause, setting: Setting) => Finding | readonly Finding[] | null;
/** Of sentences that need no first person: "My name is …". */
export type SentenceRule = (sentence: Sentence, setting: Setting) => readonly Finding[];

export interface Family {
  readonly name: string;
  readonly verbs?: Readonly<Record<string, ClauseRule>>;
  /** For verbs without a rule of their own, and after it. */
  readonly any?: ClauseRule;
  readonly sentence?: SentenceRule;
}
