import { Counter, type Registry } from 'prom-client';
import type { Ports } from '../../ground/ports.ts';
import type { AlertTeller } from '../../ground/promise.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { AppliedTurn } from '../interactions/apply.ts';
import { journalIdOf } from './journal-id.ts';
import { Journals } from './journals.ts';
import { Persistence } from './persistence.ts';
import {
  databaseDown,
  databaseNotDurable,
  databaseRestarted,
  journalDamaged,
  journalVolatile,
} from './promises.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly persistence: Persistence;
    readonly journals: Journals;
  }
}

interface TurnCounters {
  countTurns(turns: readonly AppliedTurn[]): void;
  readonly registry: Registry;
}

/** What becomes of the turns, and the dangers to the ports that the promise to keep them stands on. */
export async function openPersistence(
  ports: Ports & { alerts: AlertTeller; metrics: TurnCounters },
  closing: ClosingStack,
): Promise<{ persistence: Persistence; journals: Journals }> {
  const { journal, outbox, events, keepers, alerts, metrics, availability } = ports;
  await tellDangers(ports);
  const persistence = new Persistence({ journal, outbox, keepers });
  persistence.onCommitted((turns) => metrics.countTurns(turns));
  showSaves(metrics.registry, persistence);
  showReads(metrics.registry, ports.replica);
  persistence.onCommitted(() => events.wake());
  closing.defer(() => persistence.stop());
  const journals = new Journals(ports, journalIdOf(ports.config.dataDirectory));
  // What the last drain of the store left is known by then.
  closing.defer(() => journals.stop());
  availability.onChange(({ up, reason }) => alerts.set(databaseDown, up ? null : { reason }));
  if (availability.reason !== null) alerts.set(databaseDown, { reason: availability.reason });
  return { persistence, journals };
}

/** Shows what became of turns since the start; `persistence` has the same since the data directory was made. */
function showSaves(registry: Registry, persistence: Persistence): void {
  const before = persistence.counters;
  const collect = function (this: Counter<'outcome'>) {
    this.reset();
    const now = persistence.counters;
    for (const outcome of ['attempted', 'succeeded', 'failed', 'replayed', 'journaled', 'recovered'] as const)
      this.inc({ outcome }, Math.max(0, now[outcome] - before[outcome]));
  };
  const help = 'What became of turns: attempted, succeeded, failed, replayed, journaled, recovered';
  new Counter({ name: 'echo_saves_total', help, labelNames: ['outcome'], registers: [registry], collect });
}

/** Shows by whom statements were answered that a replica may answer; without one there are none. */
function showReads(registry: Registry, replica: Ports['replica']): void {
  const collect = function (this: Counter<'outcome'>) {
    this.reset();
    for (const [outcome, times] of Object.entries(replica?.reads ?? {})) this.inc({ outcome }, times);
  };
  const help =
    'Statements that may be read from the replica: read from it (replica), or from the primary since it was lagging, away, or failed';
  const labelNames = ['outcome'] as const;
  new Counter({ name: 'echo_replica_reads_total', help, labelNames, registers: [registry], collect });
}

async function tellDangers({
  alerts,
  availability,
  journal: { recovered },
  volatileFileSystem: fileSystem,
  durabilityProblems: settings,
  onRestart,
}: Ports & { alerts: AlertTeller }): Promise<void> {
  if (fileSystem) alerts.raise(journalVolatile, { fileSystem });
  await availability.prepare(async () => {
    if (settings.length > 0) alerts.raise(databaseNotDurable, { settings });
  });
  if (recovered.damage.length > 0) alerts.raise(journalDamaged, { damage: recovered.damage });
  onRestart((reason) => {
    if (reason === null) alerts.clear(databaseRestarted, 'it is there again');
    else alerts.raise(databaseRestarted, { reason });
  });
}
