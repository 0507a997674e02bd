import { Counter, type Registry } from 'prom-client';
import { type DoneOperation, FAULTS, type Metrics } from '../metrics/metrics.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { isStood } from '../metrics/rollup.ts';
import { BAD, EVENTS, OBJECTIVES, type ObjectiveName, type Targets } from './objectives.ts';

/** Doors whose requests are counted; operations of GraphQL are counted themselves. */
const DOORS: ReadonlySet<string> = new Set(['rest', 'mcp', 'openai']);
const ACKNOWLEDGED: ReadonlySet<string> = new Set(['recordTurns']);

/** Counts which events kept their objective, as they happen. */
export function countObjectives(
  { metrics, recorder }: { readonly metrics: Metrics; readonly recorder: Recorder },
  targets: Targets,
): void {
  const count = counters(metrics.registry);
  const timed = (name: ObjectiveName, seconds: number) => {
    const target = targets[name];
    if (target?.limitSeconds) count(name, seconds > target.limitSeconds);
  };
  metrics.observe({
    operation: ({ operation, seconds, codes }: DoneOperation) => {
      const isFault = codes.some((code) => FAULTS.has(code));
      if (targets.availability) count('availability', isFault);
      // What failed was not late: it is told by the other one, unless it is the server's fault that nothing came.
      if (codes.length > 0 && !isFault) return;
      const took = isFault ? Number.POSITIVE_INFINITY : seconds;
      if (ACKNOWLEDGED.has(operation)) timed('acknowledgement', took);
      if (operation === 'memorySearch') timed('search', took);
    },
    request: (door, status) => {
      if (targets.availability && DOORS.has(door)) count('availability', status >= 500);
    },
    answer: ({ stepTimings }) => {
      const accepted = stepTimings?.accept;
      if (accepted !== undefined) timed('acknowledgement', accepted / 1_000);
    },
  });
  recorder.onMinute((rollups) => {
    for (const { name, gauge } of OBJECTIVES) {
      const stood = gauge === null ? undefined : rollups[gauge];
      // What is not known is neither good nor bad.
      if (stood && isStood(stood)) timed(name, stood.hi);
    }
  });
}

function counters(registry: Registry): (objective: ObjectiveName, isBad: boolean) => void {
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['objective'], registers: [registry] });
  const events = counter(EVENTS, 'Events that an objective is about');
  const bad = counter(BAD, 'Events that failed their objective');
  return (objective, isBad) => {
    events.inc({ objective });
    if (isBad) bad.inc({ objective });
  };
}
