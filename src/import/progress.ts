import { Presets, SingleBar } from 'cli-progress';

/** Where an import says how far it is. */
export type ProgressSink = {
  /** @param total of whatever `update` counts: bytes or records */
  start: (what: string, total: number) => void;
  /** @param items turns and characters so far */
  update: (done: number, items: number) => void;
  stop: () => void;
  /** One line for the user. */
  note: (line: string) => void;
};

/** How often a line is written where there is no terminal. */
const LINE_INTERVAL_MS = 5_000;

/** A bar on a terminal, a line every five seconds elsewhere. */
export function createProgress(output: NodeJS.WriteStream): ProgressSink {
  return output.isTTY ? createBar(output) : createLines(output);
}

/** Says nothing. */
export const silentProgress: ProgressSink = {
  start: () => undefined,
  update: () => undefined,
  stop: () => undefined,
  note: () => undefined,
};

function createBar(output: NodeJS.WriteStream): ProgressSink {
  const format = '{what} {bar} {percentage}% | {items} turns | {rate} turns/s | {duration_formatted}';
  const bar = new SingleBar({ format, stream: output, hideCursor: true, fps: 5 }, Presets.shades_classic);
  const rate = createRate();
  return {
    start: (what, total) => {
      rate.restart();
      bar.start(total, 0, { what, items: 0, rate: 0 });
    },
    update: (done, items) => bar.update(done, { items, rate: rate.of(items) }),
    stop: () => bar.stop(),
    note: (line) => output.write(`${line}\n`),
  };
}

function createLines(output: NodeJS.WriteStream): ProgressSink {
  const rate = createRate();
  const current = { what: '', total: 0, done: 0, items: 0 };
  let timer: NodeJS.Timeout | undefined;
  const write = () => {
    const percent = Math.floor((100 * current.done) / Math.max(1, current.total));
    output.write(
      `${current.what}: ${percent} %, ${current.items} turns, ${rate.of(current.items)} turns/s\n`,
    );
  };
  return {
    start: (what, total) => {
      rate.restart();
      Object.assign(current, { what, total, done: 0, items: 0 });
      timer = setInterval(write, LINE_INTERVAL_MS);
    },
    update: (done, items) => Object.assign(current, { done, items }),
    stop: () => clearInterval(timer),
    note: (line) => output.write(`${line}\n`),
  };
}

function createRate() {
  let startedAt = performance.now();
  return {
    restart: () => {
      startedAt = performance.now();
    },
    of: (items: number) => Math.round((items * 1000) / Math.max(1, performance.now() - startedAt)),
  };
}
