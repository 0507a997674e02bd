import type { Question } from './dialogues.ts';
import type { Ranking } from './run.ts';

export const DEPTHS = [5, 10, 20, 50] as const;
const NAMES: Record<string, string> = {
  '1': 'multi-hop',
  '2': 'temporal',
  '3': 'open-domain',
  '4': 'single-hop',
};

export interface Score {
  readonly name: string;
  readonly questions: number;
  /** Share of the evidence among the first 5, 10, 20 and 50, in percent, averaged over questions. */
  readonly recall: readonly number[];
  /** Mean of 1 ÷ the rank of the first evidence, in percent. */
  readonly mrr: number;
}

/** Scores rankings: over all questions first, then by category. */
export function scoreRankings(questions: readonly Question[], rankings: readonly Ranking[]): Score[] {
  const byId = new Map(rankings.map((ranking) => [ranking.questionId, ranking.ranked]));
  const categories = [...new Set(questions.map(({ category }) => category))].sort();
  const scoreOf = (name: string, asked: readonly Question[]): Score => {
    const mean = (of: (ranked: readonly string[], evidence: ReadonlySet<string>) => number) => {
      const values = asked.map((question) =>
        of(byId.get(question.questionId) ?? [], new Set(question.evidence)),
      );
      return (100 * values.reduce((sum, value) => sum + value, 0)) / Math.max(values.length, 1);
    };
    return {
      name,
      questions: asked.length,
      recall: DEPTHS.map((depth) =>
        mean(
          (ranked, evidence) =>
            ranked.slice(0, depth).filter((id) => evidence.has(id)).length / evidence.size,
        ),
      ),
      mrr: mean((ranked, evidence) => {
        const first = ranked.findIndex((id) => evidence.has(id));
        return first === -1 ? 0 : 1 / (first + 1);
      }),
    };
  };
  const ofCategory = (category: string) =>
    scoreOf(
      NAMES[category] ?? category,
      questions.filter((question) => question.category === category),
    );
  return [scoreOf('all', questions), ...categories.map(ofCategory)];
}

/** A table for people. */
export function scoreTable(scores: readonly Score[]): string {
  const head = ['', 'questions', ...DEPTHS.map((depth) => `recall@${depth}`), 'MRR'];
  const rows = scores.map(({ name, questions, recall, mrr }) => [
    name,
    String(questions),
    ...[...recall, mrr].map((value) => value.toFixed(1)),
  ]);
  return [head, ...rows].map((row) => row.map((cell) => cell.padStart(12)).join('')).join('\n');
}
