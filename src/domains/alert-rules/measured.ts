import type { StoredStretch } from '../metrics/reads.ts';
import { MINUTE_MS, SECOND_MS } from '../metrics/recorder.ts';
import {
  figuresOf,
  isSpread,
  isStood,
  joined,
  type Rollup,
  type Rollups,
  together,
} from '../metrics/rollup.ts';
import type { Condition } from './rules.ts';

/** What the metric of a condition was in one step that is over. */
export interface Measured {
  /** When the step began. */
  readonly at: number;
  /** False: nobody knows what it was, which is neither zero nor anything else. */
  readonly isKnown: boolean;
  /** Null: it is not known, or nothing happened of which it could be said. */
  readonly value: number | null;
}

/** A gauge that is read whenever anything is: how often says for how long a server measured. */
export const PULSE = 'echo_db_connections';
/** Of a step, for what was counted in it to be known. */
const SHARE_MEASURED = 0.5;
/** A stretch that was measured for longer than it lasts: the clock was set back, and it came twice. */
const MEASURED_TWICE = 1.1;

interface OfServer {
  rollup: Rollup | null;
  seconds: number;
}

/**
 * A condition's metric in the steps from one instant to another, the oldest first: of all servers whose stretches are there,
 * each step once.
 *
 * @param matches tells the series that are meant
 * @param window in milliseconds since 1970; steps begin at multiples of the step
 */
export function measured(
  { metric, figure, stepMs }: Condition,
  matches: (series: string) => boolean,
  stretches: Iterable<StoredStretch>,
  window: { readonly from: number; readonly to: number },
): Measured[] {
  const first = Math.ceil(window.from / stepMs) * stepMs;
  const steps = new Map<number, Map<string, OfServer>>();
  for (let at = first; at + stepMs <= window.to; at += stepMs) steps.set(at, new Map());
  for (const { at, server, rollups } of stretches) {
    const servers = steps.get(Math.floor(at / stepMs) * stepMs);
    if (!servers) continue;
    const known = servers.get(server) ?? { rollup: null, seconds: 0 };
    servers.set(server, known);
    const here = together(meant(rollups, matches), metric.together);
    if (here) known.rollup = known.rollup ? joined(known.rollup, here) : here;
    const pulse = rollups[PULSE];
    if (pulse && isStood(pulse)) known.seconds += pulse.n;
  }
  const seconds = stepMs / SECOND_MS;
  return [...steps].map(([at, servers]) => {
    const all = [...servers.values()];
    const rollup = together(
      all.flatMap((each) =>
        each.rollup ? [onceOnly(each.rollup, stepMs < MINUTE_MS ? 1 : each.seconds / seconds)] : [],
      ),
      metric.together,
    );
    const share = Math.max(0, ...all.map((each) => each.seconds / seconds));
    const isKnown = metric.kind === 'GAUGE' ? rollup !== null : share >= SHARE_MEASURED;
    return { at, isKnown, value: isKnown ? figuresOf(metric, rollup, seconds)[figure] : null };
  });
}

function meant(rollups: Rollups, matches: (series: string) => boolean): Rollup[] {
  const found: Rollup[] = [];
  for (const series in rollups) {
    const rollup = rollups[series];
    if (rollup && matches(series)) found.push(rollup);
  }
  return found;
}

/** What was counted in a stretch that came twice counts half. */
function onceOnly(rollup: Rollup, share: number): Rollup {
  if (share <= MEASURED_TWICE || isStood(rollup)) return rollup;
  if (!isSpread(rollup)) return { s: rollup.s / share };
  const b = Object.fromEntries(Object.entries(rollup.b).map(([bound, count]) => [bound, count / share]));
  return { n: rollup.n / share, s: rollup.s / share, b };
}
