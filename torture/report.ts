import type { Check, Finding } from './findings.ts';
import type { TortureOptions } from './options.ts';
import type { ServerUnderTest } from './server.ts';
import type { Subscriber } from './subscriber.ts';
import { percentile, type Traffic } from './traffic.ts';

/** What is known of a run at a moment of it. */
export interface Standing {
  readonly options: TortureOptions;
  readonly traffic: Traffic;
  readonly server: Pick<ServerUnderTest, 'restartsMs'>;
  readonly subscribers: readonly Subscriber[];
  readonly findings: readonly Finding[];
  readonly startedAt: number;
  readonly rounds: number;
  readonly kills: number;
  readonly refusedAfterAll: number;
}

export type Summary = ReturnType<typeof summarize> & { readonly kept?: string };

/** The figures of a run; counts of turns count each turn once, however often it was sent. */
export function summarize(standing: Standing) {
  const { options, traffic, server, subscribers, findings } = standing;
  const count = (...checks: Check[]) => findings.filter(({ check }) => checks.includes(check)).length;
  return {
    seed: options.seed,
    database: options.database,
    faults: options.faults,
    sabotage: options.sabotage,
    passed: findings.length === 0,
    seconds: Math.round((Date.now() - standing.startedAt) / 1000),
    rounds: standing.rounds,
    kills: standing.kills,
    turnsSent: traffic.turnsSent.total,
    acknowledgedTurns: Object.fromEntries(traffic.durabilities),
    refusedOtherPayloads: traffic.refusals,
    rekeyedOtherPayloads: traffic.rekeyed,
    storedThoughRefused: standing.refusedAfterAll,
    unacknowledgedAttempts: Object.fromEntries(traffic.unknown),
    lost: count('lost', 'half-stored'),
    duplicated: count('duplicated'),
    outOfOrder: count('out-of-order', 'sequence-gap'),
    altered: count('altered', 'chain-broken'),
    eventGaps: count('event-gap'),
    eventDuplicates: count('event-duplicate'),
    otherFindings:
      findings.length -
      count(
        'lost',
        'half-stored',
        'duplicated',
        'out-of-order',
        'sequence-gap',
        'altered',
        'chain-broken',
        'event-gap',
        'event-duplicate',
      ),
    subscribers: subscribers.map(({ name, cuts, counts, inversions, unnumbered, ends }) => ({
      name,
      cuts,
      seen: counts.size,
      inversions,
      unnumbered,
      ends: Object.fromEntries(ends),
    })),
    restartMs: { p50: percentile(server.restartsMs, 0.5), p99: percentile(server.restartsMs, 0.99) },
    ackMs: { p50: percentile(traffic.latenciesMs, 0.5), p99: percentile(traffic.latenciesMs, 0.99) },
    findings: findings.slice(0, 10),
  };
}

export function progressLine({ traffic, server, subscribers, ...standing }: Standing): string {
  const acknowledged = [...traffic.durabilities].map(([name, turns]) => `${turns} ${name}`).join(', ');
  const cuts = subscribers.reduce((sum, subscriber) => sum + subscriber.cuts, 0);
  const seconds = Math.round((Date.now() - standing.startedAt) / 1000);
  return `round ${standing.rounds}: ${standing.kills} kills, turns ${acknowledged}, subscribers cut ${cuts} times, restart p50 ${percentile(server.restartsMs, 0.5)} ms, ${seconds} s`;
}
