import { useMemo, useState } from 'preact/hooks';
import { MetricsOverTime, type MetricsOverTimeData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { serverNow } from '../../server/clock.ts';
import { Hollow, Panel, Problem } from '../../view/parts.tsx';
import { Plot } from '../../view/plot.tsx';
import { Table } from '../../view/table.tsx';
import { count, shortMoment, span } from '../../view/words.ts';

const DAY_SECONDS = 86_400;
const RANGES = [
  { title: '24 hours', days: 1, step: 300 },
  { title: '30 days', days: 30, step: 3_600 },
] as const;
const EVERY_MS = 60_000;

type Point = MetricsOverTimeData['turns']['points'][number];

const LINES = [
  { title: 'Turns stored', key: 'turns', of: (point: Point) => point.count, format: count },
  { title: 'Operations, 95th percentile', key: 'operations', of: (point: Point) => point.p95, format: span },
  { title: 'Answers, 95th percentile', key: 'answers', of: (point: Point) => point.p95, format: span },
  { title: 'Operations with errors', key: 'errors', of: (point: Point) => point.count, format: count },
  { title: 'Tokens of models', key: 'tokens', of: (point: Point) => point.count, format: count },
  { title: 'Wait for a vector', key: 'vectorLag', of: (point: Point) => point.value, format: span },
] as const satisfies readonly {
  title: string;
  key: keyof MetricsOverTimeData;
  of: (point: Point) => number | null;
  format: (value: number) => string;
}[];

/** What all servers on the database did, over a day and a month. */
export function HistoryPanel() {
  const [range, setRange] = useState<(typeof RANGES)[number]>(RANGES[0]);
  // Not of this moment: asked anew every minute, and with the same words in between.
  const [opened] = useState(serverNow);
  const since = new Date(opened - range.days * DAY_SECONDS * 1_000).toISOString();
  const { data, problem } = useAnswer(MetricsOverTime, { since, step: range.step }, EVERY_MS);
  const lines = useMemo(
    () =>
      LINES.map(({ key, of, ...line }) => {
        const points = data?.[key].points ?? [];
        return {
          ...line,
          times: points.map(({ at }) => new Date(at).getTime() / 1_000),
          values: points.map(of),
        };
      }),
    [data],
  );
  return (
    <Panel title="Over time" note={`Of all servers, in steps of ${span(range.step)}`}>
      <fieldset class="choice">
        <legend class="unseen">How far back</legend>
        {RANGES.map((each) => (
          <label key={each.title}>
            <input type="radio" name="range" checked={each === range} onChange={() => setRange(each)} />
            {each.title}
          </label>
        ))}
      </fieldset>
      <Problem problem={problem} />
      {data === null && !problem && <Hollow rows={3} height={120} />}
      {data && (
        <>
          <div class="charts">
            {lines.map((line) => (
              <Plot
                key={`${line.title} ${range.title}`}
                {...line}
                windowSeconds={range.days * DAY_SECONDS}
                together={range.title}
              />
            ))}
          </div>
          <details>
            <summary>The same as a table</summary>
            <Figures lines={lines} />
          </details>
        </>
      )}
    </Panel>
  );
}

interface Line {
  readonly title: string;
  readonly format: (value: number) => string;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

/** The sum of what was seen says little of percentiles: the lowest, the mean and the highest of each line. */
function Figures({ lines }: { lines: readonly Line[] }) {
  return (
    <Table headings={['Figure', ...FIGURES.map((figures) => ({ figures }))]}>
      {lines.map(({ title, format, times, values }) => {
        const seen = values.flatMap((value, index) =>
          value === null ? [] : [{ value, at: times[index] ?? 0 }],
        );
        const highest = seen.reduce(
          (one, other) => (other.value > one.value ? other : one),
          seen[0] ?? NOTHING,
        );
        const mean = seen.reduce((sum, { value }) => sum + value, 0) / seen.length;
        const cells = [Math.min(...seen.map(({ value }) => value)), mean, highest.value];
        return (
          <tr key={title}>
            <td data-label="">
              <strong>{title}</strong>
            </td>
            {cells.map((value, index) => (
              <td key={FIGURES[index]} class="number" data-label={FIGURES[index]}>
                {seen.length === 0 ? '–' : format(value)}
              </td>
            ))}
            <td class="number" data-label={FIGURES[3]}>
              {seen.length === 0 ? '–' : shortMoment(highest.at * 1_000)}
            </td>
          </tr>
        );
      })}
    </Table>
  );
}
const FIGURES = ['Lowest', 'Mean', 'Highest', 'Highest at'];
const NOTHING = { value: 0, at: 0 };
