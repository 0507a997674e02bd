import { useEffect, useMemo } from 'preact/hooks';
import { Panel } from '../../view/parts.tsx';
import { Plot } from '../../view/plot.tsx';
import { bytes, count, decimal, timeOfDay } from '../../view/words.ts';
import { type Reading, readings, WINDOW_SECONDS, watchMetrics } from './readings.ts';

const LINES = [
  { title: 'Requests', key: 'requestsPerSecond', format: (value: number) => `${decimal(value)}/s` },
  { title: 'Turns stored', key: 'turnsPerSecond', format: (value: number) => `${decimal(value)}/s` },
  { title: 'Processor, of one core', key: 'cpuPercent', format: (value: number) => `${count(value)} %` },
  { title: 'Memory of the server', key: 'rssBytes', format: bytes },
] as const satisfies readonly { title: string; key: keyof Reading; format: (value: number) => string }[];

/** Seconds between rows of the table; a screen reader reads no nine hundred of them. */
const ROW_SECONDS = 30;

/** What the machine does, each second of the last quarter of an hour. */
export function ChartsPanel() {
  useEffect(watchMetrics, []);
  const shown = readings.value;
  const times = useMemo(() => shown.map(({ at }) => at), [shown]);
  const columns = useMemo(() => LINES.map(({ key }) => shown.map((reading) => reading[key])), [shown]);
  return (
    <Panel title="The last 15 minutes" note="Each second, of the server that answers">
      <div class="charts">
        {LINES.map(({ title, format }, index) => (
          <Plot
            key={title}
            {...{ title, format, times, windowSeconds: WINDOW_SECONDS, together: 'now' }}
            values={columns[index] ?? []}
          />
        ))}
      </div>
      <details>
        <summary>The same as a table</summary>
        <Figures shown={shown} />
      </details>
    </Panel>
  );
}

function Figures({ shown }: { shown: readonly Reading[] }) {
  const rows = shown.filter(({ at }, index) => {
    const next = shown[index + 1];
    return !next || Math.floor(next.at / ROW_SECONDS) > Math.floor(at / ROW_SECONDS);
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section class="scroll" tabIndex={0} aria-label="Figures of the last 15 minutes">
      <table>
        <thead>
          <tr>
            <th scope="col">At</th>
            {LINES.map(({ title }) => (
              <th key={title} scope="col" class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.reverse().map((reading) => (
            <tr key={reading.at}>
              <td>{timeOfDay(reading.at * 1_000)}</td>
              {LINES.map(({ key, format }) => {
                const value = reading[key];
                return (
                  <td key={key} class="number">
                    {value === null ? '–' : format(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
