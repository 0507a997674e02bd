import { shownPath } from './paths.ts';

/** What a file was for a run. What is ignored has its reason. */
export type Outcome =
  | 'new'
  | 'unchanged'
  | 'changed'
  | 'moved'
  | 'duplicates'
  | 'broken'
  | 'unreadable'
  | 'failed'
  | `ignored: ${string}`;

const OUTCOMES = [
  ...(['new', 'unchanged', 'changed', 'moved', 'duplicates'] as const),
  ...(['broken', 'unreadable', 'failed'] as const),
];
const IGNORED = 'ignored: ';
const MAX_PROBLEMS = 20;
const MAX_REASON = 500;
/** The rate is that of so many milliseconds past. */
const RATE_MS = 30_000;
const SAMPLE_MS = 500;

/** What a run has come to: each file that it saw counts once. */
export class Tally {
  readonly #counts = new Map<Outcome, number>();
  readonly #problems: { readonly path: string; readonly reason: string }[] = [];
  readonly #began = performance.now();
  readonly #samples: { readonly at: number; readonly seen: number }[] = [];
  #seen = 0;
  #bytes = 0;
  #bytesRead = 0;
  #withoutThumbnails = 0;
  #folders = 0;
  #unreadableFolders = 0;
  /** How many there are; null: not known. */
  total: number | null = null;

  count(outcome: Outcome, bytes: number, problem: { readonly path: Buffer; readonly reason: string } | null) {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    this.#seen++;
    this.#bytes += bytes;
    if (problem) this.#note(problem.path, problem.reason);
  }

  countRead(bytes: number): void {
    this.#bytesRead += bytes;
  }

  countWithoutThumbnails(path: Buffer): void {
    this.#withoutThumbnails++;
    this.#note(path, 'its thumbnails could not be written');
  }

  countFolder(path: Buffer, problem: string | null): void {
    this.#folders++;
    if (problem === null) return;
    this.#unreadableFolders++;
    this.#note(path, `the folder could not be read to its end: ${problem}`);
  }

  get seen(): number {
    return this.#seen;
  }

  /** How far it is, for people. */
  note(): string {
    const rate = this.#rate();
    const total = this.total === null ? '' : ` of ${figure(Math.max(this.total, this.#seen))}`;
    const left = this.total !== null && rate > 0 ? Math.max(0, this.total - this.#seen) / rate : null;
    return [
      `${figure(this.#seen)}${total} files`,
      `${sizeOf(this.#bytes)} (${sizeOf(this.#bytesRead)} read)`,
      `${rate.toFixed(rate < 10 ? 1 : 0)} files/s`,
      ...(left === null ? [] : [`about ${timeOf(left)} left`]),
    ].join(', ');
  }

  /** What stands in the result of the task. */
  result() {
    const seconds = (performance.now() - this.#began) / 1_000;
    const ignored = [...this.#counts].filter(([outcome]) => outcome.startsWith(IGNORED));
    return {
      seen: this.#seen,
      ...(Object.fromEntries(OUTCOMES.map((outcome) => [outcome, this.#counts.get(outcome) ?? 0])) as Record<
        (typeof OUTCOMES)[number],
        number
      >),
      ignored: ignored.reduce((sum, [, count]) => sum + count, 0),
      ignoredBecause: Object.fromEntries(
        ignored.map(([outcome, count]) => [outcome.slice(IGNORED.length), count]),
      ),
      folders: this.#folders,
      unreadableFolders: this.#unreadableFolders,
      withoutThumbnails: this.#withoutThumbnails,
      bytes: this.#bytes,
      bytesRead: this.#bytesRead,
      seconds: Math.round(seconds * 1_000) / 1_000,
      filesPerSecond: Math.round((this.#seen / seconds) * 10) / 10,
      problems: this.#problems,
    };
  }

  #note(path: Buffer, reason: string): void {
    if (this.#problems.length < MAX_PROBLEMS)
      this.#problems.push({ path: shownPath(path), reason: reason.slice(0, MAX_REASON).toWellFormed() });
  }

  #rate(): number {
    const now = performance.now();
    const latest = this.#samples.at(-1);
    if (!latest || now - latest.at >= SAMPLE_MS) this.#samples.push({ at: now, seen: this.#seen });
    while (this.#samples.length > 1 && now - (this.#samples[0]?.at ?? now) > RATE_MS) this.#samples.shift();
    const [first = { at: this.#began, seen: 0 }] = this.#samples;
    const since = now - first.at;
    return since > 0 ? ((this.#seen - first.seen) / since) * 1_000 : 0;
  }
}

function figure(count: number): string {
  return count.toLocaleString('en-US');
}

function sizeOf(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

function timeOf(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}
