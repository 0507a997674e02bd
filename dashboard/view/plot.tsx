import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { dayOf, minuteOfDay, timeOfDay } from './words.ts';

export interface PlotProps {
  readonly title: string;
  /** With its unit, as it is read. */
  readonly format: (value: number) => string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  /** Seconds that are shown at the most, up to the latest. */
  readonly windowSeconds: number;
  /** Charts of the same name have one cursor. */
  readonly together: string;
}

const HEIGHT = 120;
const AXIS_WIDTH = 58;
/** What is shown at the least: so much, and this share of the most. */
const LEAST_SECONDS = 60;
const LEAST_SHARE = 1 / 24;
const DAY_SECONDS = 86_400;

/** One line over time. What draws it is loaded with the first chart; the figures stand in a table, too. */
export function Plot({ title, format, times, values, windowSeconds, together }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const [scheme, setScheme] = useState(0);
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const change = () => setScheme((before) => before + 1);
    dark.addEventListener('change', change);
    return () => dark.removeEventListener('change', change);
  }, []);
  useEffect(() => {
    const target = place.current;
    if (!target) return;
    let isOver = false;
    const resize = new ResizeObserver(() =>
      chart.current?.setSize({ width: target.clientWidth, height: HEIGHT }),
    );
    void Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]).then(([{ default: Plotter }]) => {
      if (isOver) return;
      const options = optionsFor(target, { format, windowSeconds, together, onPoint: setPointed });
      chart.current = new Plotter(options, [[], []], target);
      chart.current.setData(dataOf(times, values));
      resize.observe(target);
    });
    return () => {
      isOver = true;
      resize.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [scheme]);
  useEffect(() => {
    chart.current?.setData(dataOf(times, values));
  }, [times, values]);
  const latest = values.at(-1) ?? null;
  const shown = pointed === null ? latest : (values[pointed] ?? null);
  return (
    <figure class="chart">
      <figcaption>
        <strong>{title}</strong>
        <span class="number">{shown === null ? '–' : format(shown)}</span>
      </figcaption>
      <div class="plot" ref={place} aria-hidden="true" />
      {latest === null && values.every((value) => value === null) && (
        <p class="nothing">No figures of this time: nothing of it has happened, or was kept.</p>
      )}
    </figure>
  );
}

function dataOf(times: readonly number[], values: readonly (number | null)[]): uPlot.AlignedData {
  return [[...times], [...values]];
}

interface Look extends Pick<PlotProps, 'format' | 'windowSeconds' | 'together'> {
  readonly onPoint: (index: number | null) => void;
}

function optionsFor(target: HTMLElement, look: Look): uPlot.Options {
  const line = colourOf(target, '--series-1');
  const soft = colourOf(target, '--soft');
  const grid = { stroke: colourOf(target, '--line'), width: 1 };
  const axis = { stroke: soft, grid, ticks: { show: false }, font: '11px system-ui, sans-serif' };
  return {
    width: target.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: look.together }, points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: { range: ({ data: [times] }) => shownOf(times, look.windowSeconds) },
      y: { range: (_, _from, to) => [0, to > 0 ? to * 1.15 : 1] },
    },
    series: [
      {},
      {
        stroke: line,
        width: 1.6,
        fill: `color-mix(in srgb, ${line} 12%, transparent)`,
        points: { show: true, size: 5, width: 0, fill: line, filter: alone },
      },
    ],
    axes: [
      { ...axis, size: 24, space: 90, values: timesOf },
      { ...axis, size: AXIS_WIDTH, space: 34, values: (_, ticks) => different(ticks.map(look.format)) },
    ],
    hooks: { setCursor: [({ cursor }) => look.onPoint(cursor.idx ?? null)] },
  };
}

/** From when to when, in seconds: what the library offers for a single value is the day behind it. */
function shownOf(times: ArrayLike<number>, windowSeconds: number): [from: number, to: number] {
  const [first = 0, last = first] = [times[0], times[times.length - 1]];
  const least = Math.max(LEAST_SECONDS, windowSeconds * LEAST_SHARE);
  return [Math.min(last - least, Math.max(first, last - windowSeconds)), last];
}

/** A value without one on either side is on no line, and drawn as a point. */
function alone(plot: uPlot, series: number, isShown: boolean): number[] | null {
  const values = plot.data[series] ?? [];
  if (!isShown) return null;
  return [...values.keys()].filter(
    (at) => values[at] != null && values[at - 1] == null && values[at + 1] == null,
  );
}

/** Between two values that are written alike, no word is written twice. */
function different(words: readonly string[]): string[] {
  return words.map((word, index) => (word === words[index - 1] ? '' : word));
}

/** With seconds where there is more than one in a minute, and days where they are far apart. */
function timesOf(_: uPlot, ticks: number[], _axis: number, _space: number, step: number): string[] {
  const write = step < 60 ? timeOfDay : step < DAY_SECONDS ? minuteOfDay : dayOf;
  return ticks.map((at) => write(at * 1_000));
}

/** A colour of the page as a canvas takes it. */
function colourOf(target: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  target.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
