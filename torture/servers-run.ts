import { setTimeout as delay } from 'node:timers/promises';
import { checkEvidence, countAnsweredTwice, countRefusedAfterAll } from './checks.ts';
import { RoamingClient, wireOf } from './client.ts';
import type { Finding } from './findings.ts';
import { checkForgotten } from './forgotten-checks.ts';
import type { Epoch } from './ledger.ts';
import type { TortureOptions } from './options.ts';
import { Random } from './random.ts';
import { summarize } from './report.ts';
import { failOver, type Struck, strikeServers, upgrade } from './servers-blows.ts';
import { checkIndexes, slotEvidence } from './servers-checks.ts';
import { prepareServers, type ServersStand } from './servers-stand.ts';
import { checkSlots, SLOT_EVERY_MS, type SlotEvidence } from './slots.ts';
import { drainedTurns } from './stored.ts';
import { Subscriber } from './subscriber.ts';
import { Gate, percentile } from './traffic.ts';
import { runWriter } from './writer.ts';

/** What a run of several servers was and found. */
export type ServersSummary = Awaited<ReturnType<typeof runServersTorture>>;

interface Run {
  readonly options: TortureOptions;
  readonly stand: ServersStand;
  readonly random: Random;
  readonly findings: Finding[];
  readonly subscribers: readonly Subscriber[];
  readonly epoch: Epoch;
  readonly struck: Struck;
  readonly startedAt: number;
  refusedAfterAll: number;
  answeredTwice: number;
}

const WARM_MS = 3_000;
const EVENTS_LIMIT_MS = 30_000;

/**
 * Tortures three servers on one database with a standby: writers at all doors that go on at another server when one does not answer,
 * subscribers that do, a schedule; in each round one server is killed, one stopped for longer than its leases and one
 * replaced, and in the middle the primary is lost and the standby promoted. In the end all that was promised is compared.
 *
 * @param rounds in all
 * @throws if the run could not be made at all
 */
export async function runServersTorture(
  options: TortureOptions,
  rounds: number,
  print: (line: string) => void,
  interrupted: AbortSignal,
) {
  print(`seed ${options.seed}`);
  const startedAt = Date.now();
  const random = new Random(options.seed);
  const findings: Finding[] = [];
  const stand = await prepareServers(options, random, (finding) => findings.push(finding), print);
  let keep = true;
  try {
    const struck: Struck = { kills: 0, freezes: 0, upgrades: 0, failovers: 0 };
    const epoch: Epoch = { number: 1, prefix: 'e1-', batches: [], refused: [], rekeyed: [] };
    const subscribers = subscribersOf(stand, random);
    const run = {
      options,
      stand,
      random,
      findings,
      subscribers,
      epoch,
      struck,
      startedAt,
      refusedAfterAll: 0,
      answeredTwice: 0,
    };
    const slots = await runRounds(run, rounds, interrupted);
    keep = options.keep || findings.length > 0;
    return { ...summaryOf(run, rounds, slots), ...(keep && { kept: stand.directory }) };
  } finally {
    await stand.close(keep);
  }
}

/** One at each server that comes back to it, and one that goes from server to server. */
function subscribersOf({ servers, report }: ServersStand, random: Random): Subscriber[] {
  const ports = servers.map(({ port }) => port);
  const steady = servers.map(({ name, port }) => ({ name, ports: [port], restless: false }));
  return [...steady, { name: 'restless', ports, restless: true }].map(
    (each) => new Subscriber({ ...each, random: random.fork(each.name), report }),
  );
}

async function runRounds(run: Run, rounds: number, interrupted: AbortSignal): Promise<SlotEvidence> {
  const { stand, random, subscribers, struck } = run;
  const abandon = new AbortController();
  const gate = new Gate();
  const listening = subscribers.map((subscriber) => subscriber.run());
  let writing: Promise<void>[] = [];
  try {
    await untilListening(run);
    writing = startWriters(run, gate, abandon.signal);
    await delay(WARM_MS);
    // Under load, before anything else happens: an earlier version may know of no failover.
    const [first] = stand.servers;
    if (run.options.earlier && first) await upgrade(stand, first, random, struck);
    stand.truth.start();
    for (let round = 1; round <= rounds && !interrupted.aborted; round++) {
      const decisions = random.fork(`round ${round}`);
      stand.print(`round ${round}`);
      const blows = [strikeServers(stand, decisions, struck)];
      if (round === Math.ceil(rounds / 2)) blows.push(failOver(stand, decisions.fork('primary'), struck));
      await Promise.all(blows);
    }
    for (const { server } of stand.servers) await server.untilReady();
    await delay(WARM_MS);
    return await checkAll(run, gate);
  } finally {
    abandon.abort();
    gate.stop();
    for (const subscriber of subscribers) subscriber.stop();
    await stand.truth.stop();
    await Promise.all([...writing, ...listening]);
  }
}

function startWriters(run: Run, gate: Gate, abandoned: AbortSignal): Promise<void>[] {
  const { options, stand, random, epoch } = run;
  return Array.from({ length: options.writers }, (_, index) =>
    runWriter({
      number: index + 1,
      random: random.fork(`writer ${index + 1}`),
      client: new RoamingClient(stand.clients, index),
      severalServers: true,
      ...{ gate, abandoned, traffic: stand.traffic, report: stand.report, epoch: () => epoch },
    }),
  );
}

/** Sends turns until every subscriber has a cursor: from there on it must not miss anything. */
async function untilListening({ subscribers, stand }: Run): Promise<void> {
  const client = new RoamingClient(stand.clients, 0);
  for (let count = 0; count < 200; count++) {
    if (subscribers.every(({ hasCursor }) => hasCursor)) return;
    await client.attempt(
      wireOf('recordTurns', { conversationId: 'beacon', turns: [{ query: `beacon ${count}` }] }),
    );
    await delay(100);
  }
  throw new Error(`no event arrives at the subscribers; see ${stand.directory}`);
}

async function checkAll(run: Run, gate: Gate): Promise<SlotEvidence> {
  const { stand, epoch, subscribers, findings } = run;
  await gate.close();
  gate.stop();
  const database = run.struck.failovers > 0 ? stand.pair.standby : stand.pair.primary;
  const stored = await drainedTurns(database, epoch);
  for (const subscriber of subscribers) {
    const start = performance.now();
    const waits = () => stored.some(({ turnId }) => !subscriber.counts.has(turnId));
    while (waits() && Math.min(subscriber.silentForMs, performance.now() - start) < EVENTS_LIMIT_MS)
      await delay(50);
  }
  findings.push(...checkEvidence({ epoch, stored, subscribers, severalServers: true }));
  run.refusedAfterAll = countRefusedAfterAll({ epoch, stored });
  run.answeredTwice = countAnsweredTwice({ epoch, stored });
  findings.push(...(await checkIndexes(stand, database)));
  findings.push(...(await checkForgotten(database)));
  const slots = await slotEvidence(database);
  findings.push(...checkSlots(slots, SLOT_EVERY_MS));
  await stand.truth.stop();
  for (const { server } of stand.servers) await server.stop();
  return slots;
}

function summaryOf(run: Run, rounds: number, { slots, tasks }: SlotEvidence) {
  const { options, stand, struck } = run;
  const restartsMs = stand.servers.flatMap(({ server }) => server.restartsMs);
  const {
    database: _database,
    faults: _faults,
    kills: _kills,
    ...turns
  } = summarize({
    ...run,
    traffic: stand.traffic,
    server: { restartsMs },
    ...{ rounds, kills: struck.kills },
  });
  return {
    ...turns,
    answeredTwice: run.answeredTwice,
    earlier: options.earlier,
    ...struck,
    slots: {
      decided: slots.length,
      run: tasks.length,
      leftOut: slots.filter(({ state }) => state === 'SKIPPED').length,
    },
    health: {
      judged: stand.truth.judged,
      unjudged: stand.truth.unjudged,
      answerMs: { p50: percentile(stand.truth.tookMs, 0.5), p99: percentile(stand.truth.tookMs, 0.99) },
      complaints: Object.fromEntries(stand.truth.complaints),
    },
  };
}
