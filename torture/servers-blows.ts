import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from './random.ts';
import type { Member, ServersStand } from './servers-stand.ts';
import { LEASE_MS } from './task-effects.ts';
import { ask } from './truth.ts';

/** `SERVER_LEASE_MS` of the servers. */
export const SERVER_LEASE_MS = 3_000;
const BEYOND_LEASE_MS = 4_000;
/** Beyond that, on a machine that has much else to do. */
const NOTICED_MS = 30_000;
const JOURNALED_LIMIT_MS = 20_000;

export interface Struck {
  kills: number;
  freezes: number;
  upgrades: number;
  failovers: number;
}

/** One server is killed and comes back, one is stopped for longer than its leases, one is replaced by another version. */
export async function strikeServers(stand: ServersStand, random: Random, struck: Struck): Promise<void> {
  const victims = shuffled(random, stand.servers);
  const blows = shuffled(random.fork('blows'), [kill, freeze, upgrade]);
  for (const [index, blow] of blows.entries()) {
    const victim = victims[index];
    if (victim) await blow(stand, victim, random.fork(index), struck);
    await delay(random.integer(500, 3_000));
  }
}

/** The primary is lost, turns go on being taken, and the standby becomes the primary. */
export async function failOver(stand: ServersStand, random: Random, struck: Struck): Promise<void> {
  const { pair, truth, traffic, report } = stand;
  await delay(random.integer(1_000, 12_000));
  const journaled = () => traffic.durabilities.get('JOURNALED') ?? 0;
  const before = journaled();
  truth.leaves('database');
  await pair.primary.kill();
  struck.failovers++;
  const since = performance.now();
  while (journaled() === before && performance.now() - since < JOURNALED_LIMIT_MS) await delay(50);
  if (journaled() === before)
    report({ check: 'not-journaled', conversationId: null, detail: 'no turn is taken without a primary' });
  // Long enough for each server to be held against it.
  await delay(random.integer(11_000, 14_000));
  stand.print(
    `the standby is promoted ${Math.round(performance.now() - since)} ms after the primary was killed`,
  );
  await pair.standby.promote();
  truth.returns('database');
}

export async function kill(
  stand: ServersStand,
  victim: Member,
  random: Random,
  struck: Struck,
): Promise<void> {
  const { name, server } = victim;
  stand.print(`${name} is killed`);
  stand.truth.leaves(name);
  const since = performance.now();
  await server.kill();
  struck.kills++;
  await untilNamed(stand, victim, 'GONE');
  await delay(random.integer(0, 2_000));
  await server.untilReady(since);
  stand.truth.returns(name);
  await untilNamed(stand, victim, 'ALIVE');
}

export async function freeze(
  stand: ServersStand,
  victim: Member,
  _random: Random,
  struck: Struck,
): Promise<void> {
  const { name, server } = victim;
  stand.print(`${name} is stopped for ${LEASE_MS + BEYOND_LEASE_MS} ms`);
  stand.truth.leaves(name);
  server.freeze();
  struck.freezes++;
  await Promise.all([delay(LEASE_MS + BEYOND_LEASE_MS), untilNamed(stand, victim, 'GONE')]);
  server.goOn();
  stand.truth.returns(name);
  await untilNamed(stand, victim, 'ALIVE');
}

/** It is ended as it should, and goes on in today's version. */
export async function upgrade(
  stand: ServersStand,
  victim: Member,
  _random: Random,
  struck: Struck,
): Promise<void> {
  const { name, server } = victim;
  stand.print(`${name} is ended and started in today's version`);
  stand.truth.leaves(name);
  await server.stop();
  server.become(stand.program, stand.environment);
  struck.upgrades++;
  await server.untilReady(performance.now());
  stand.truth.returns(name);
}

/** The others must tell of its journal, as long as there is a database to tell it by. */
async function untilNamed(stand: ServersStand, victim: Member, state: string): Promise<void> {
  const other = stand.servers.find(({ name }) => name !== victim.name);
  if (!other) return;
  const { truth } = stand;
  for (let since = performance.now(), said = 'nothing'; ; await delay(200)) {
    if (truth.isDatabaseAway) return;
    said = await ask<Journals>(other.port, '{ persistence { journals { directory state } } }').then(
      ({ persistence: { journals } }) =>
        journals?.find(({ directory }) => directory === victim.dataDirectory)?.state ?? 'nothing',
      (error: unknown) => String(error),
    );
    if (said === state) return;
    if (performance.now() - since < SERVER_LEASE_MS + NOTICED_MS) continue;
    const detail = `${other.name} says ${said} of the journal of ${victim.name}, which is ${state}`;
    stand.report({ check: 'journal-unnamed', conversationId: null, detail });
    return;
  }
}

interface Journals {
  readonly persistence: {
    readonly journals: readonly { readonly directory: string | null; readonly state: string }[] | null;
  };
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
