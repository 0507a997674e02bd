import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { median, short, spreadOf } from '../compare/figures.ts';
import { soakTable } from './soak.ts';

/** What is measured in one go, and how what it left behind becomes a table. */
export interface Part {
  readonly name: string;
  readonly title: string;
  /** The npm script and its arguments; or the folder of a run that took too long to be made for this page. */
  readonly command: (
    given: Given,
  ) => readonly string[] | { readonly needs: string } | { readonly was: string };
  /** Undefined: not set, whatever the environment says. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Lines of Markdown. @param printed all that it printed */
  readonly table: (printed: string, out: string) => Promise<readonly string[]>;
}

export interface Given {
  /** A file of dialogues with questions; null: none was named. */
  readonly data: string | null;
  /** A folder that a soak wrote; null: none was named. */
  readonly soak: string | null;
  /** Where a part may leave files. */
  readonly out: string;
}

const evaluate =
  (...more: string[]): Part['command'] =>
  ({ data, out }) =>
    data
      ? ['evaluate', '--data', data, '--history', join(out, 'runs.jsonl'), ...more]
      : { needs: '--data FILE' };

const bench =
  (works: string, ...more: string[]): Part['command'] =>
  ({ out }) => ['bench', '--works', works, '--out', out, ...more];

export const PARTS: readonly Part[] = [
  {
    name: 'recall',
    title: 'Recall without a model',
    command: evaluate(),
    env: { EMBEDDINGS: undefined },
    table: recallTable,
  },
  {
    name: 'recall-model',
    title: 'Recall with the sentence model inside',
    command: evaluate(),
    env: { EMBEDDINGS: 'local' },
    table: recallTable,
  },
  {
    name: 'reads',
    title: 'Reads beside others',
    command: bench('a,b,c', '--rounds', '5', '--ms', '1500'),
    table: benchTable,
  },
  {
    name: 'search',
    title: 'Searches as a memory grows',
    command: bench('d', '--rounds', '5', '--ms', '2000', '--turns', '11245,100000', '--made-up-vectors'),
    table: benchTable,
  },
  {
    name: 'writes',
    title: 'Answers and recorded turns',
    command: bench('e,f', '--rounds', '5', '--ms', '1500'),
    table: benchTable,
  },
  {
    name: 'doors',
    title: 'Events, other doors, facts, pictures and tasks',
    command: bench('g,h,j', '--rounds', '3', '--ms', '1500'),
    table: benchTable,
  },
  {
    name: 'start',
    title: 'Start, memory, what is installed',
    command: bench('i', '--rounds', '5'),
    table: benchTable,
  },
  {
    name: 'durability',
    title: 'Turns under faults',
    command: () => ['torture', '--kills', '25', '--minutes', '8'],
    table: tortureTable,
  },
  {
    name: 'tasks',
    title: 'Tasks under faults',
    command: () => ['torture', '--tasks', '500', '--kills', '10'],
    table: tortureTable,
  },
  {
    name: 'soak',
    title: 'Everything at once',
    command: ({ soak }) => (soak ? { was: soak } : { needs: '--soak FOLDER' }),
    table: (_printed, out) => soakTable(out),
  },
];

/** The table that `evaluate` prints, and the line below it. */
async function recallTable(printed: string): Promise<string[]> {
  const lines = printed.split('\n').map((line) => line.trim());
  const head = lines.findIndex((line) => line.startsWith('questions'));
  if (head < 0) throw new Error(`no table of recall: ${printed.slice(-300)}`);
  const cells = (line: string) => line.split(/\s{2,}/);
  const rows = lines.slice(
    head + 1,
    lines.findIndex((line) => line.startsWith('configuration')),
  );
  const about = lines.find((line) => / questions, p50 /.test(line));
  return [
    `| | ${cells(lines[head] as string).join(' | ')} |`,
    `| --- |${' --- |'.repeat(cells(lines[head] as string).length)}`,
    ...rows.map((line) => `| ${cells(line).join(' | ')} |`),
    ...(about ? ['', `${about[0]?.toUpperCase()}${about.slice(1)}.`] : []),
  ];
}

interface BenchFile {
  readonly figures: readonly {
    readonly letter: string;
    readonly title: string;
    readonly unit: string;
    readonly more: boolean;
    readonly series: readonly { readonly candidate: string; readonly values: readonly number[] }[];
    readonly notes?: readonly string[];
  }[];
}

/** A row for each candidate of each figure of `bench.json`. */
async function benchTable(_printed: string, out: string): Promise<string[]> {
  const { figures } = JSON.parse(await readFile(join(out, 'bench.json'), 'utf8')) as BenchFile;
  const rows = figures.flatMap(({ letter, title, unit, more, series }) =>
    series.map(({ candidate, values }, index) => {
      const own = series[0]?.values ?? [];
      const ratio = values.map((value, round) => (own[round] ?? Number.NaN) / value);
      const factor = more ? median(ratio) : 1 / median(ratio);
      // Of nothing there is no share.
      const times = index === 0 || !Number.isFinite(factor) ? '' : `${factor.toFixed(2)} ×`;
      const apart = values.length > 1 ? `± ${Math.round((spreadOf(values) / 2) * 100)} %` : '';
      return `| ${index === 0 ? `(${letter}) ${title}` : ''} | ${candidate} | ${short(median(values))} ${unit} | ${apart} | ${times} |`;
    }),
  );
  // Where it was measured is nobody's business.
  const notes = figures
    .flatMap((figure) => figure.notes ?? [])
    .map((note) => note.trim().replace(/^(installed for production) \S+:/, '$1:'));
  return [
    '| | who | median | rounds apart | echo-brain is … as good |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    ...(notes.length > 0 ? ['', ...notes.map((note) => `- ${note}`)] : []),
  ];
}

/** The counts of the JSON with which a torture ends. */
async function tortureTable(printed: string): Promise<string[]> {
  const start = printed.lastIndexOf('\n{\n');
  if (start < 0) throw new Error(`no summary: ${printed.slice(-300)}`);
  const summary = JSON.parse(printed.slice(start, printed.lastIndexOf('}') + 1)) as Record<string, unknown>;
  const shown = Object.entries(summary).filter(
    ([, value]) => value !== null && (typeof value !== 'object' || isCounts(value)),
  );
  return [
    '| | |',
    '| --- | --- |',
    ...shown.map(([name, value]) => `| ${name} | ${isCounts(value) ? countsOf(value) : String(value)} |`),
  ];
}

function isCounts(value: unknown): value is Record<string, number> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => typeof each === 'number')
  );
}

const countsOf = (counts: Record<string, number>) =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count.toLocaleString('en')}`)
    .join(', ') || 'none';
