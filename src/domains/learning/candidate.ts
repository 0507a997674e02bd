import type { FactCategory, Precision } from '../facts/tables.ts';

/** One turn, as far as something may be learned from it. */
export interface LearnedTurn {
  readonly turnId: string;
  /** Times in the text are counted from it. */
  readonly saidAt: Date;
  /** IANA name of the user's zone: where "yesterday" begins and ends. */
  readonly timeZone: string;
  readonly query: string;
  readonly response: string;
  /** Null: the owner of the memory. */
  readonly speaker: string | null;
  /** Null: an assistant, whose words are no evidence. */
  readonly responder: string | null;
  /** Names of characters, as `foldLetters` and lower case leave them: what they say is role play. */
  readonly characters: ReadonlySet<string>;
}

export type SideOfTurn = 'query' | 'response';

/** The words in which something was said. */
export interface CandidateSource {
  readonly field: SideOfTurn;
  /** Exactly what stands between `start` and `end`. */
  readonly quote: string;
  /** Of the quote within its field, in Unicode code points. */
  readonly start: number;
  readonly end: number;
}

/**
 * - `STATES`: it holds (or does not, if negated)
 * - `ENDS`: it held, and does no longer: always negated
 * - `CORRECTS`: it holds in place of what was said just before
 */
export type CandidateKind = 'STATES' | 'ENDS' | 'CORRECTS';

/** Something that a turn says of its speaker. */
export interface Candidate {
  /** `user`, or the speaker's name as it is written. */
  readonly subject: string;
  readonly predicate: string;
  readonly object: string;
  /** For people: "user lives in Lisbon". */
  readonly statement: string;
  readonly category: FactCategory;
  readonly negated: boolean;
  readonly kind: CandidateKind;
  /** 0 to 1, by the rule that found it. */
  readonly confidence: number;
  /** When it began, or is to happen, as far as it was said. */
  readonly validFrom: Date | null;
  readonly validUntil: Date | null;
  readonly precision: Precision | null;
  readonly source: CandidateSource;
  /** The family of rules that found it. */
  readonly family: string;
}

/** Something that was not learned, without repeating it. */
export interface Refused {
  readonly reason: string;
  readonly field: SideOfTurn;
}

/** The speaker asked to forget something: no fact about it should hold that was said up to now. */
export interface Forgotten {
  readonly subject: string;
  /** What facts about it say, in the speaker's words: "Rolf". */
  readonly about: string;
  readonly source: CandidateSource;
}

export interface Extracted {
  readonly candidates: Candidate[];
  readonly refused: Refused[];
  readonly forgotten: Forgotten[];
}
