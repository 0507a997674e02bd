import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { searchConfiguration, shortHash } from '../../src/domains/evaluation/configuration.ts';
import { quantile } from '../../src/domains/evaluation/score.ts';
import { createHttpSender } from '../../src/import/client.ts';
import { createLogger } from '../../src/log.ts';
import { modelsDirectory } from '../../src/models/local-models.ts';
import { type Question, readEvaluation } from './dialogues.ts';
import { compared, keepRun, lastRun, type Run } from './history.ts';
import { askQuestions, learnFacts, type Ranking, recordDialogues } from './run.ts';
import { meanScores, scoreRankings, scoreTable } from './score.ts';

const PATIENCE_MS = 30_000;

/** Options of the command, as they were typed. */
export interface Given {
  readonly data: string;
  readonly out?: string | undefined;
  readonly history?: string | undefined;
  readonly learn: boolean;
}

/**
 * @param signal ends it early; the server that it started, and its database, end with it
 * @returns the exit code
 */
export async function evaluateCommand(
  values: Given,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const { dialogues, questions } = await readEvaluation(values.data);
  const directory = await mkdtemp(join(tmpdir(), 'echo-brain-evaluate-'));
  const log = createLogger('warn', 2);
  const own = readConfig();
  // The model that runs inside is the one that the operator has.
  if (own.localEmbeddings !== null)
    await symlink(modelsDirectory(own.dataDirectory), modelsDirectory(directory), 'junction');
  const config = { ...own, dataDirectory: directory, databaseUrl: null, port: 0, host: '127.0.0.1' };
  // What is measured is what is found; a busy machine may take its time.
  const app = await createApp(config, log, { migrate: true }, { patienceMs: PATIENCE_MS });
  try {
    const sender = createHttpSender({ url: await app.listen(), apiKey: null, log });
    const send: typeof sender = (request) => {
      signal.throwIfAborted();
      return sender(request);
    };
    const ids = await recordDialogues(dialogues, send);
    await untilEmbedded(app.services.meaning !== null, send);
    if (values.learn) await learnFacts(send);
    const rankings = await askQuestions(questions, ids, send);
    if (values.out) await writeFile(values.out, linesOf(rankings));
    const scores = scoreRankings(questions, rankings);
    const configuration = searchConfiguration(app.services);
    const run = runOf(questions, rankings, { configuration, scores, learned: values.learn });
    print(scoreTable(meanScores(questions, scores)));
    print(summaryOf(run, ids.size));
    const file = values.history ?? join(own.dataDirectory, 'evaluations.jsonl');
    const before = await lastRun(file, run.data);
    print(before ? compared(run, before) : 'no earlier run of these questions');
    await keepRun(file, run);
    return 0;
  } catch (error) {
    if (!signal.aborted) throw error;
    print('given up; nothing of it is kept');
    return 130;
  } finally {
    await app.close();
    await rm(directory, { recursive: true, force: true });
  }
}

function linesOf(rankings: readonly Ranking[]): string {
  return rankings
    .map(({ questionId, ranked, ms }) =>
      JSON.stringify({ question_id: questionId, ranked, ms: Number(ms.toFixed(2)) }),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function runOf(
  questions: readonly Question[],
  rankings: readonly Ranking[],
  found: Pick<Run, 'configuration' | 'learned'> & { readonly scores: ReturnType<typeof scoreRankings> },
): Run {
  const times = rankings.map(({ ms }) => ms);
  const tokens = rankings.reduce((sum, each) => sum + each.tokens, 0);
  return {
    at: new Date().toISOString(),
    data: shortHash(questions.map(({ questionId, question, evidence }) => [questionId, question, evidence])),
    configuration: found.configuration,
    learned: found.learned,
    milliseconds: { p50: quantile(times, 0.5), p95: quantile(times, 0.95) },
    tokensOfTen: Math.round(tokens / Math.max(rankings.length, 1)),
    scores: Object.fromEntries(found.scores),
  };
}

function summaryOf(
  { configuration, learned, milliseconds, tokensOfTen, scores }: Run,
  turns: number,
): string {
  const { hash, vectors, reranking } = configuration;
  const parts = [
    vectors ?? 'words alone',
    ...(reranking ? [`reranked by ${reranking}`] : []),
    ...(learned ? ['facts learned'] : []),
  ];
  return `configuration ${hash}: ${parts.join(', ')}
${turns} turns, ${Object.keys(scores).length} questions, p50 ${milliseconds.p50.toFixed(1)} ms, p95 ${milliseconds.p95.toFixed(1)} ms, ${tokensOfTen} tokens in ten hits`;
}

/** With a model that knows meaning, rankings depend on which turns have their vector: all of them, then. */
async function untilEmbedded(needed: boolean, send: ReturnType<typeof createHttpSender>): Promise<void> {
  while (needed) {
    const { data } = await send({ query: '{ persistence { vectors { coverage } } }', variables: {} });
    const { persistence } = data as { persistence: { vectors: { coverage: number } } };
    if (persistence.vectors.coverage === 1) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
