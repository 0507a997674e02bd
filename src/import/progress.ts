import { Presets, SingleBar } from 'cli-progress';

/** Where an import says how far it is. */
export type ProgressSink = {
  /** @param now is asked whenever something is shown, so that nobody has to tell of each step */
  start: (what: string, total: number, now: () => Reached) => void;
  stop: () => void;
  /** One line for the user. */
  note: (line: string) => void;
};

/** How far a step is. */
export type Reached = {
  /** Of whatever the total counts: bytes or records. */
  done: number;
  /** Turns and characters so far; absent where none are counted. */
  items?: number;
};

/** When the first line is written where there is no terminal, and how often after that. */
const FIRST_LINE_MS = 1_000;
const LINE_INTERVAL_MS = 5_000;
const BAR_INTERVAL_MS = 200;

/** A bar on a terminal; elsewhere a line after a second, and then every five. */
export function createProgress(output: NodeJS.WriteStream): ProgressSink {
  return output.isTTY ? createBar(output) : createLines(output);
}

/** Says how far all files of a folder are, while one of them is read. @param place how many came before, of how many */
export function withinFolder(sink: ProgressSink, { done, of }: { done: number; of: number }): ProgressSink {
  return {
    ...sink,
    start: (what, total, now) =>
      sink.start(`${what} file ${done + 1} of ${of}`, of, () => {
        const reached = now();
        return { ...reached, done: done + Math.min(1, reached.done / Math.max(1, total)) };
      }),
  };
}

/** Says nothing. */
export const silentProgress: ProgressSink = {
  start: () => undefined,
  stop: () => undefined,
  note: () => undefined,
};

function createBar(output: NodeJS.WriteStream): ProgressSink {
  const format = '{what} {bar} {percentage}% {items}| {duration_formatted}';
  const bar = new SingleBar({ format, stream: output, hideCursor: true, fps: 5 }, Presets.shades_classic);
  let step: Step | null = null;
  let timer: NodeJS.Timeout | undefined;
  const show = () => {
    if (step) bar.update(step.now().done, { items: rateOf(step, '| ') });
  };
  return {
    start: (what, total, now) => {
      step = { now, startedAt: performance.now() };
      bar.start(total, 0, { what, items: '' });
      timer = setInterval(show, BAR_INTERVAL_MS);
    },
    stop: () => {
      clearInterval(timer);
      show();
      step = null;
      bar.stop();
    },
    note: (line) => output.write(`${line}\n`),
  };
}

function createLines(output: NodeJS.WriteStream): ProgressSink {
  let timer: NodeJS.Timeout | undefined;
  return {
    start: (what, total, now) => {
      const step = { now, startedAt: performance.now() };
      const write = () => {
        const percent = Math.floor((100 * now().done) / Math.max(1, total));
        output.write(`${what}: ${percent} %${rateOf(step, ', ')}\n`);
      };
      timer = setTimeout(() => {
        write();
        timer = setInterval(write, LINE_INTERVAL_MS);
      }, FIRST_LINE_MS);
    },
    stop: () => clearTimeout(timer),
    note: (line) => output.write(`${line}\n`),
  };
}

type Step = { now: () => Reached; startedAt: number };

function rateOf({ now, startedAt }: Step, separator: string): string {
  const { items } = now();
  if (items === undefined) return '';
  const perSecond = Math.round((items * 1000) / Math.max(1, performance.now() - startedAt));
  return `${separator}${items} turns, ${perSecond} turns/s `.trimEnd();
}
