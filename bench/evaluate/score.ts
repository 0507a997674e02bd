import { DEPTHS, meanScore, type RetrievalScore, scoreOf } from '../../src/domains/evaluation/score.ts';
import type { Question } from './dialogues.ts';
import type { Ranking } from './run.ts';

const NAMES: Record<string, string> = {
  '1': 'multi-hop',
  '2': 'temporal',
  '3': 'open-domain',
  '4': 'single-hop',
};

export interface Score extends RetrievalScore {
  readonly name: string;
  readonly questions: number;
}

/** Scores rankings, by question. */
export function scoreRankings(
  questions: readonly Question[],
  rankings: readonly Ranking[],
): Map<string, RetrievalScore> {
  const byId = new Map(rankings.map((ranking) => [ranking.questionId, ranking.ranked]));
  return new Map(
    questions.map(({ questionId, evidence }) => [
      questionId,
      scoreOf(byId.get(questionId) ?? [], new Set(evidence)),
    ]),
  );
}

/** The means over all questions first, then by category. */
export function meanScores(
  questions: readonly Question[],
  scores: ReadonlyMap<string, RetrievalScore>,
): Score[] {
  const categories = [...new Set(questions.map(({ category }) => category))].sort();
  const of = (name: string, asked: readonly Question[]): Score => ({
    name,
    questions: asked.length,
    ...meanScore(asked.flatMap(({ questionId }) => scores.get(questionId) ?? [])),
  });
  return [
    of('all', questions),
    ...categories.map((category) =>
      of(
        NAMES[category] ?? category,
        questions.filter((question) => question.category === category),
      ),
    ),
  ];
}

/** A table for people, in percent. */
export function scoreTable(scores: readonly Score[]): string {
  const head = ['', 'questions', ...DEPTHS.map((depth) => `recall@${depth}`), 'MRR', 'nDCG@10'];
  const rows = scores.map(({ name, questions, ...score }) => [name, String(questions), ...percentsOf(score)]);
  return [head, ...rows].map((row) => row.map((cell) => cell.padStart(12)).join('')).join('\n');
}

/** Recall at each depth, MRR and nDCG, in percent. @param sign whether what is above zero has a plus */
export function percentsOf({ recall, mrr, ndcg }: RetrievalScore, sign = false): string[] {
  return [...DEPTHS.map((depth) => recall[depth]), mrr, ndcg].map((value) => {
    const text = (100 * value).toFixed(1);
    return sign && value >= 0 ? `+${text}` : text;
  });
}
