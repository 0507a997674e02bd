import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import * as input from '../../ground/input.ts';
import type { RunningTask } from '../../jobs/job.ts';
import type { Embedder } from '../../models/embedder.ts';
import { interactionsByTurnId } from '../interactions/reads.ts';
import { type SearchServices, searchWithMentions } from '../memory/search-all.ts';
import { tokensIn } from '../query/context.ts';
import { type SearchConfiguration, searchConfiguration, shortHash } from './configuration.ts';
import { DEPTHS, difference, meanScore, quantile, type RetrievalScore, scoreOf } from './score.ts';

export const MAX_QUESTIONS = 200;
export const MAX_EVIDENCE = 20;
export const MAX_QUESTION_LENGTH = 1_000;
/** Questions of which most was missed that a report names. */
const MISSED_SHOWN = 20;
/** Hits whose length is counted: as many as one would show a model. */
const SHOWN = 10;
const LIMIT = Math.max(...DEPTHS);

const listOf = (what: string, most: number) => ({ error: `must be 1 to ${most} ${what}` });

/** Questions, each with the turns that answer it. */
export const GoldenSet = z.strictObject({
  questions: z
    .array(
      z.strictObject({
        question: input.text(MAX_QUESTION_LENGTH),
        turnIds: z
          .array(z.uuid({ error: 'must be the id of a turn' }), listOf('ids of turns', MAX_EVIDENCE))
          .min(1, listOf('ids of turns', MAX_EVIDENCE))
          .max(MAX_EVIDENCE, listOf('ids of turns', MAX_EVIDENCE)),
      }),
      listOf('questions', MAX_QUESTIONS),
    )
    .min(1, listOf('questions', MAX_QUESTIONS))
    .max(MAX_QUESTIONS, listOf('questions', MAX_QUESTIONS)),
});
export type GoldenSet = z.output<typeof GoldenSet>;

/** What came out, as the task keeps it. */
export interface EvaluationReport extends RetrievalScore {
  readonly configuration: SearchConfiguration;
  /** The same for the same questions with the same turns. */
  readonly setHash: string;
  readonly questions: number;
  /** Turns of the set that are no longer there; they are not counted. */
  readonly turnsGone: number;
  /** Questions whose search did not get all its parts. */
  readonly degraded: number;
  readonly milliseconds: { readonly p50: number; readonly p95: number };
  /** Tokens that the first ten hits would take in a prompt, on average. */
  readonly tokensOfTen: number;
  /** Questions whose evidence was not all among the first ten, the worst first. */
  readonly missed: readonly { readonly question: string; readonly turnIds: readonly string[] }[];
}

export interface EvaluationServices extends SearchServices {
  readonly embedder: Pick<Embedder, 'name' | 'dimensions'>;
}

/** Asks a user's own memory each question of a set, and counts how much of the evidence is found. It writes nothing. */
export async function evaluate(
  services: EvaluationServices,
  owner: Owner,
  { questions }: GoldenSet,
  task: Pick<RunningTask, 'progress' | 'signal'>,
): Promise<EvaluationReport> {
  const { db } = services;
  // Nobody waits for these, and nobody looks for them among what people searched.
  const uncounted = { ...services, metrics: { usage: { countSearch: () => undefined } } };
  const wanted = [...new Set(questions.flatMap(({ turnIds }) => turnIds))];
  const rows = await interactionsByTurnId(db, owner, wanted);
  const present = new Set(rows.flatMap((row) => row?.turnId ?? []));
  const asked = questions.flatMap(({ question, turnIds }) => {
    const evidence = new Set(turnIds.filter((turnId) => present.has(turnId)));
    return evidence.size > 0 ? [{ question, evidence }] : [];
  });
  const each: { question: string; missing: string[]; score: RetrievalScore; ms: number; tokens: number }[] =
    [];
  let degraded = 0;
  for (const [at, { question, evidence }] of asked.entries()) {
    task.signal.throwIfAborted();
    task.progress(at, asked.length);
    const found = await searchWithMentions(uncounted, owner, { query: question, limit: LIMIT });
    if (found.degraded) degraded++;
    const ranked = found.hits.map(({ interaction }) => interaction.turnId);
    const shown = found.hits.slice(0, SHOWN);
    const near = new Set(ranked.slice(0, SHOWN));
    each.push({
      question,
      missing: [...evidence].filter((turnId) => !near.has(turnId)),
      score: scoreOf(ranked, evidence),
      ms: found.tookMs,
      tokens: shown.reduce(
        (sum, hit) => sum + tokensIn(`${hit.interaction.query}\n${hit.interaction.response}`),
        0,
      ),
    });
  }
  const times = each.map(({ ms }) => ms);
  return {
    configuration: searchConfiguration(services),
    setHash: shortHash(questions),
    questions: each.length,
    turnsGone: wanted.length - present.size,
    degraded,
    ...rounded(meanScore(each.map(({ score }) => score))),
    milliseconds: { p50: round(quantile(times, 0.5)), p95: round(quantile(times, 0.95)) },
    tokensOfTen: Math.round(each.reduce((sum, { tokens }) => sum + tokens, 0) / Math.max(each.length, 1)),
    missed: each
      .filter(({ missing }) => missing.length > 0)
      .toSorted((a, b) => a.score.recall[10] - b.score.recall[10])
      .slice(0, MISSED_SHOWN)
      .map(({ question, missing }) => ({ question, turnIds: missing })),
  };
}

/** What an evaluation is above an earlier one of the same set. */
export function changesSince(now: EvaluationReport, before: EvaluationReport): RetrievalScore {
  return rounded(difference(now, before));
}

function rounded({ recall, mrr, ndcg }: RetrievalScore): RetrievalScore {
  const shares = DEPTHS.map((depth) => [depth, round(recall[depth])]);
  return { recall: Object.fromEntries(shares), mrr: round(mrr), ndcg: round(ndcg) };
}

const round = (value: number) => Math.round(value * 10_000) / 10_000;
