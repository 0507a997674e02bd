import type { SoakResult } from './closing.ts';

interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

type Panel = { readonly title: string; readonly lines: readonly Line[] };

const WIDTH = 960;
const LEFT = 56;
const RIGHT = 150;
const HEIGHT = 120;
const GAP = 40;
const STRIP = 16;
/** Told apart by whoever sees no red or no green, too (Okabe and Ito). */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9'];

/** Memory, files, tasks, database and latencies over the time of a soak, and what each server said beside the faults, as one picture. */
export function plotsOf({ samples, spans, healthSamples, seconds }: SoakResult): string {
  const names = [...new Set(healthSamples.map(({ server }) => server))];
  const x = (ms: number) => LEFT + (ms / (seconds * 1_000)) * (WIDTH - LEFT - RIGHT);
  const ofServers = (value: 'memoryMb' | 'files' | 'dataMb'): Line[] =>
    names.map((name) => ({
      name,
      points: samples.flatMap(({ at, servers }) => {
        const figures = servers[name];
        return figures ? [[at, figures[value]] as const] : [];
      }),
    }));
  const ofDatabase = (
    name: string,
    value: 'megabytes' | 'walMb' | 'tasksWaiting' | 'tasksRunning',
  ): Line => ({
    name,
    points: samples.flatMap(({ at, database }) => (database ? [[at, database[value]] as const] : [])),
  });
  const latency = (what: string): Line => ({
    name: what,
    points: samples.flatMap(({ at, latencies }) =>
      latencies[what] ? [[at, latencies[what][0]] as const] : [],
    ),
  });
  const panels: Panel[] = [
    { title: 'Memory of the servers, MB', lines: ofServers('memoryMb') },
    { title: 'Open files', lines: ofServers('files') },
    {
      title: 'Database and WAL, MB',
      lines: [ofDatabase('database', 'megabytes'), ofDatabase('WAL', 'walMb')],
    },
    {
      title: 'Tasks',
      lines: [ofDatabase('due and waiting', 'tasksWaiting'), ofDatabase('running', 'tasksRunning')],
    },
    {
      title: 'Median of requests in 15 s, ms',
      lines: ['acknowledgement', 'search', 'v1', 'mcp'].map(latency),
    },
  ];
  const top = 30;
  const drawn = panels.map((panel, index) => drawPanel(panel, top + index * (HEIGHT + GAP), x));
  const stripsAt = top + panels.length * (HEIGHT + GAP);
  const height = stripsAt + (names.length + 1) * (STRIP + 8) + 50;
  const shades = spans.map(
    ({ kind, from, until }) =>
      `<rect x="${x(from)}" y="${top}" width="${Math.max(1, x(until) - x(from))}" height="${height - top - 40}" fill="#999" opacity="0.18"><title>${kind}</title></rect>`,
  );
  const strips = [
    `<text x="${LEFT}" y="${stripsAt - 8}" class="title">What each server said: well (blue), not well (orange), nothing (black); faults are shaded</text>`,
    ...names.flatMap((name, index) => {
      const y = stripsAt + index * (STRIP + 8);
      const own = healthSamples.filter(({ server }) => server === name);
      const marks = statesOf(own).map(
        ({ state, from, until }) =>
          `<rect x="${x(from)}" y="${y}" width="${Math.max(0.5, x(until) - x(from))}" height="${STRIP}" fill="${STATES[state]}"/>`,
      );
      return [`<text x="4" y="${y + 12}">${name}</text>`, ...marks];
    }),
  ];
  const minutes = Array.from({ length: 7 }, (_, index) => (seconds * 1_000 * index) / 6).map(
    (at) =>
      `<text x="${x(at)}" y="${height - 14}" text-anchor="middle">${Math.round(at / 6_000) / 10} min</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="11" role="img">
<title>Memory, open files, database, tasks, latencies, and what health said beside the faults</title>
<style>.title { font-weight: 600 } .axis { stroke: #ccc }</style>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${[...shades, ...drawn, ...strips, ...minutes].join('\n')}
</svg>
`;
}

function drawPanel({ title, lines }: Panel, y: number, x: (ms: number) => number): string {
  const highest = Math.max(1, ...lines.flatMap(({ points }) => points.map(([, value]) => value)));
  const place = (value: number) => y + HEIGHT - (value / highest) * HEIGHT;
  const axes = [0, highest / 2, highest].map(
    (value) =>
      `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${place(value)}" y2="${place(value)}"/><text x="${LEFT - 6}" y="${place(value) + 4}" text-anchor="end">${rounded(value)}</text>`,
  );
  const drawn = lines.map(({ name, points }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const path = points.map(([at, value]) => `${x(at).toFixed(1)},${place(value).toFixed(1)}`).join(' ');
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/><text x="${WIDTH - RIGHT + 8}" y="${y + 14 + index * 14}" fill="${colour}">${name}</text>`;
  });
  return [`<text x="${LEFT}" y="${y - 8}" class="title">${title}</text>`, ...axes, ...drawn].join('\n');
}

const STATES = { well: '#56b4e9', complains: '#e69f00', silent: '#222' };
type State = keyof typeof STATES;

/** Answers in a row that say the same are one mark. */
function statesOf(own: SoakResult['healthSamples']): { state: State; from: number; until: number }[] {
  const marks: { state: State; from: number; until: number }[] = [];
  for (const { at, until, said } of own) {
    const isWell = said?.ready === 200 && Object.keys(said.wrong).every((name) => name === 'objectives');
    const state: State = !said ? 'silent' : isWell ? 'well' : 'complains';
    const last = marks.at(-1);
    if (last?.state === state) last.until = until;
    else marks.push({ state, from: last?.until ?? at, until });
  }
  return marks;
}

const rounded = (value: number) => (value >= 10 ? Math.round(value) : Math.round(value * 10) / 10);
