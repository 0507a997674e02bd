import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Member } from '../servers-stand.ts';
import { ask } from '../truth.ts';
import type { HealthSample } from './judge-health.ts';

type Watched = Pick<Member, 'name' | 'port' | 'server'>;

const EVERY_MS = 1_000;
const LIMIT_MS = 5_000;
const QUERY = '{ health { checks { name status detail } } }';

interface Answer {
  readonly health: {
    readonly checks: readonly {
      readonly name: string;
      readonly status: string;
      readonly detail: string | null;
    }[];
  };
}

/** Asks each server every second how it is, through everything, until it is to end. */
export async function watchHealth(
  servers: readonly Watched[],
  samples: HealthSample[],
  now: () => number,
  ended: AbortSignal,
): Promise<void> {
  const watch = async ({ name, port, server }: Watched) => {
    let before = { pid: 0, at: 0, waitedMs: 0 };
    while (!ended.aborted) {
      const at = now();
      const said = await look(port).catch(() => null);
      const until = now();
      const { pid } = server;
      const after = { pid: pid ?? 0, at: until, waitedMs: pid === null ? 0 : waitedMs(pid) };
      const isSame = pid !== null && pid === before.pid && until > before.at;
      const starved = isSame ? (after.waitedMs - before.waitedMs) / (until - before.at) : 0;
      before = after;
      samples.push({ at, until, server: name, starved, said });
      await delay(Math.max(0, EVERY_MS - (now() - at)), null, { signal: ended }).catch(() => null);
    }
  };
  await Promise.all(servers.map(watch));
}

/** How long the main thread of a process has wanted a processor and got none (Linux). */
function waitedMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

async function look(port: number): Promise<NonNullable<HealthSample['said']>> {
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(LIMIT_MS) });
  await ready.arrayBuffer();
  const { health } = await ask<Answer>(port, QUERY);
  const wrong = health.checks
    .filter(({ status }) => status !== 'HEALTHY')
    .map(({ name, status, detail }) => [name, `${status} (${detail})`] as const);
  return { ready: ready.status, wrong: Object.fromEntries(wrong) };
}
