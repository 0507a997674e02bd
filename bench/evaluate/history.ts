import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SearchConfiguration } from '../../src/domains/evaluation/configuration.ts';
import { difference, meanScore, type RetrievalScore } from '../../src/domains/evaluation/score.ts';
import { percentsOf } from './score.ts';

/** One run, as a line of the history. */
export interface Run {
  readonly at: string;
  /** Of the questions with their evidence. */
  readonly data: string;
  readonly configuration: SearchConfiguration;
  /** Whether facts were learned before it was asked. */
  readonly learned: boolean;
  readonly milliseconds: { readonly p50: number; readonly p95: number };
  readonly tokensOfTen: number;
  /** By question. */
  readonly scores: Readonly<Record<string, RetrievalScore>>;
}

/** Questions that a comparison names. */
const NAMED = 8;

/** The last run of the same questions; null: there is none. */
export async function lastRun(file: string, data: string): Promise<Run | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const runs = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Run);
  return runs.findLast((run) => run.data === data) ?? null;
}

export async function keepRun(file: string, run: Run): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await appendFile(file, `${JSON.stringify(run)}\n`);
}

/** What has changed since an earlier run, for people. */
export function compared(now: Run, before: Run): string {
  const mean = ({ scores }: Run) => meanScore(Object.values(scores));
  const moved = Object.entries(now.scores).map(([id, score]) => ({
    id,
    by: score.recall[10] - (before.scores[id]?.recall[10] ?? 0),
  }));
  const named = (list: readonly { readonly id: string }[]) =>
    `${list.length}${
      list.length > 0
        ? ` (${list
            .slice(0, NAMED)
            .map(({ id }) => id)
            .join(', ')}${list.length > NAMED ? ', …' : ''})`
        : ''
    }`;
  const [better, worse] = [moved.filter(({ by }) => by > 0), moved.filter(({ by }) => by < 0)];
  return [
    `since ${before.at} (configuration ${before.configuration.hash}${before.learned ? ', facts learned' : ''}): ${percentsOf(difference(mean(now), mean(before)), true).join(' / ')}`,
    `among ten hits, more is found of ${named(better)}, less of ${named(worse)}`,
  ].join('\n');
}
