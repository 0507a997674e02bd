import type { Calendar } from '../spoken-times/calendar.ts';
import { SAID } from '../word-index/postings.ts';
import type { MatchedTerm } from '../word-index/ranking.ts';
import type { Likeness } from './meaning.ts';
import type { PooledTurn } from './pool.ts';
import type { Judgement, Question } from './scoring.ts';

const MAX_WORDS = 8;
const MINUTE_MS = 60_000;
const UNITS: readonly (readonly [unit: string, minutes: number])[] = [
  ['year', 525_960],
  ['month', 43_830],
  ['week', 10_080],
  ['day', 1_440],
  ['hour', 60],
  ['minute', 1],
];

/** Why a turn was found, for people: the strongest reasons first, how old it is last. */
export function reasonsOf(
  question: Question,
  found: Judgement & {
    meaning: Likeness | null;
    /** As the reranking model judged it; null: it did not. */
    relevance: number | null;
    terms: readonly MatchedTerm[];
    missedTime: boolean;
    becameOf?: string | undefined;
    isLearned: boolean;
  },
  turn: Pick<PooledTurn, 'speaker' | 'timestamp'>,
  calendar: Calendar,
): string[] {
  const said = (flag: number, not: number) =>
    found.terms
      .filter((matched) => matched.said & flag && !(matched.said & not))
      .map(({ term }) => question.written.get(term) ?? term)
      .slice(0, MAX_WORDS)
      .join(', ');
  const own = said(SAID.byItself, 0);
  const before = said(SAID.before, SAID.byItself);
  const after = said(SAID.after, SAID.byItself | SAID.before);
  return [
    ...(found.sharesCharacter ? ['mentions the same character'] : []),
    ...(found.phrase ? [`contains "${found.phrase}"`] : []),
    ...(own ? [`shares words: ${own}`] : []),
    ...(before ? [`just before it was said: ${before}`] : []),
    ...(after ? [`just after it was said: ${after}`] : []),
    ...(found.meaning !== null
      ? [`means something similar (cosine ${found.meaning.cosine.toFixed(2)})`]
      : []),
    ...(found.relevance !== null
      ? [`judged by the reranking model (${Number(found.relevance.toPrecision(3))})`]
      : []),
    ...(found.bySpeaker ? [`said by ${turn.speaker}`] : []),
    ...(found.inTime ? [`said at the time asked for (${calendar.dayOf(turn.timestamp)})`] : []),
    ...(found.missedTime ? ['of another time than the one named, of which nothing was found'] : []),
    ...(found.becameOf ? [`says what became of ${found.becameOf}`] : []),
    ...(found.isLearned ? ['what is asked was learned from it'] : []),
    ...(found.answersQuestion ? ['follows a similar question'] : []),
    ageOf(turn.timestamp, calendar.now),
  ];
}

function ageOf(at: Date, now: Date): string {
  const minutes = Math.round((now.getTime() - at.getTime()) / MINUTE_MS);
  if (minutes < 1) return minutes < 0 ? 'dated in the future' : 'said just now';
  const [unit, length] = UNITS.find(([, each]) => minutes >= each) ?? ['minute', 1];
  const count = Math.round(minutes / length);
  return `said ${count} ${unit}${count === 1 ? '' : 's'} ago`;
}
