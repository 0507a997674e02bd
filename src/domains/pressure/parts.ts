import { Gauge, type Registry } from 'prom-client';
import type { ActivityNotes } from '../../ground/activity.ts';
import type { Ports } from '../../ground/ports.ts';
import { PRESSURE_LEVELS } from '../../ground/pressure.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { PressureGauge, type PressureState } from './pressure.ts';
import { createReadings } from './readings.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly pressure: PressureGauge;
  }
}

const READ_MS = 2_000;
/** In percent of the connections: how many are at work or wanted. All at work is no pressure yet, waiting is. */
const POOL = { elevated: 125, high: 200 };

/** What background work asks whether it may go on at its full speed. */
export function openPressure(
  {
    config,
    db,
    keepers,
    activity,
    metrics,
  }: Ports & {
    readonly activity: ActivityNotes;
    readonly metrics: { readonly registry: Registry };
  },
  closing: ClosingStack,
): { pressure: PressureGauge } {
  const { eventLoopMs, memoryPercent, diskFreeBytes } = config.pressure;
  const pressure = new PressureGauge({
    thresholds: {
      event_loop: eventLoopMs,
      heap: memoryPercent,
      memory: memoryPercent,
      database_pool: POOL,
      disk: diskFreeBytes,
    },
    activity,
  });
  const readings = createReadings(db.connections, config.dataDirectory);
  const show = createFigures(metrics.registry);
  const round = async () => {
    pressure.take(await readings.read());
    show(pressure.state);
  };
  const keeper = keepers.create({ name: 'pressure', everyMs: READ_MS, round });
  keeper.start();
  closing.defer(async () => {
    await keeper.stop();
    readings.stop();
  });
  return { pressure };
}

/** Shows the pressure to Prometheus; what cannot be read is not there. */
function createFigures(registry: Registry): (state: PressureState) => void {
  const registers = [registry];
  const level = new Gauge({
    name: 'echo_pressure_level',
    help: 'How little the server has to spare: 0 low, 1 elevated, 2 high',
    registers,
  });
  const reading = new Gauge({
    name: 'echo_pressure_reading',
    help: 'What can run short, in the unit that its label says',
    labelNames: ['name', 'unit'],
    registers,
  });
  return (state) => {
    level.set(PRESSURE_LEVELS.indexOf(state.level));
    reading.reset();
    for (const { name, unit, value } of state.readings)
      if (value !== null) reading.set({ name, unit: unit.toLowerCase() }, value);
  };
}
