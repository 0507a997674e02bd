import { setTimeout as delay } from 'node:timers/promises';
import type { InteractionRow } from '../src/domains/interactions/tables.ts';
import { checkEvidence, countRefusedAfterAll } from './checks.ts';
import { TurnClient, WaitingClient, wireOf } from './client.ts';
import type { Check, Finding } from './findings.ts';
import { compact, type Epoch } from './ledger.ts';
import type { TortureOptions } from './options.ts';
import { Random } from './random.ts';
import { progressLine, type Summary, summarize } from './report.ts';
import { prepareStand, type Stand } from './stand.ts';
import { countTurns, drainedTurns, storedTurns } from './stored.ts';
import { Subscriber } from './subscriber.ts';
import { Gate } from './traffic.ts';
import { runWriter } from './writer.ts';

/** A run while it goes on. */
interface Run {
  readonly options: TortureOptions;
  readonly stand: Stand;
  readonly random: Random;
  readonly findings: Finding[];
  readonly client: TurnClient;
  readonly gate: Gate;
  readonly subscribers: readonly Subscriber[];
  readonly epochs: Epoch[];
  readonly print: (line: string) => void;
  readonly startedAt: number;
  rounds: number;
  kills: number;
  /** Turns that are stored although they were refused after an attempt without an answer. */
  refusedAfterAll: number;
  /** A check has failed: the run ends. */
  judged: boolean;
}

const BEACON = 'beacon';
const EVENTS_LIMIT_MS = 15_000;
const VECTORS_LIMIT_MS = 120_000;
const PROGRESS_ROUNDS = 50;
/** After these there is nobody left to torture. */
const FATAL: readonly Check[] = ['no-recovery', 'server-died'];

/**
 * Tortures a server: writers and subscribers around it, one fault after another, and checks of what was promised.
 * Ends at the first check that fails.
 *
 * @param interrupted ends the run early, but in order
 * @throws if the run could not be made at all
 */
export async function runTorture(
  options: TortureOptions,
  print: (line: string) => void,
  interrupted: AbortSignal = new AbortController().signal,
): Promise<Summary> {
  print(
    `seed ${options.seed} (replays contents, faults and their moments; not how the system schedules processes)`,
  );
  const findings: Finding[] = [];
  const stand = await prepareStand(options, (finding) => findings.push(finding));
  let keep = true;
  try {
    const run = openRun(options, stand, findings, print);
    await runRounds(run, interrupted);
    const summary = summarize({ ...run, ...stand });
    keep = options.keep || findings.length > 0;
    return { ...summary, ...(keep && { kept: stand.directory }) };
  } finally {
    await stand.close(keep);
  }
}

function openRun(
  options: TortureOptions,
  stand: Stand,
  findings: Finding[],
  print: (line: string) => void,
): Run {
  const random = new Random(options.seed);
  const { port, report } = stand;
  const subscribers = ['steady', 'restless'].map(
    (name) =>
      new Subscriber({
        name,
        ports: [port],
        random: random.fork(name),
        restless: name === 'restless',
        report,
      }),
  );
  const client = new TurnClient(port);
  const epochs = [newEpoch(1)];
  return {
    options,
    stand,
    random,
    findings,
    client,
    gate: new Gate(),
    subscribers,
    epochs,
    print,
    startedAt: Date.now(),
    rounds: 0,
    kills: 0,
    refusedAfterAll: 0,
    judged: false,
  };
}

async function runRounds(run: Run, interrupted: AbortSignal): Promise<void> {
  const { options, stand, random, client, gate, subscribers, epochs } = run;
  const patient = new WaitingClient(client, stand.port);
  const abandon = new AbortController();
  const listening = subscribers.map((subscriber) => subscriber.run());
  let writing: Promise<void>[] = [];
  try {
    await untilListening(run);
    writing = Array.from({ length: options.writers }, (_, index) => {
      const epoch = () => epochs.at(-1) ?? newEpoch(0);
      const number = index + 1;
      return runWriter({
        number,
        random: random.fork(`writer ${number}`),
        client: patient,
        gate,
        traffic: stand.traffic,
        epoch,
        report: stand.report,
        abandoned: abandon.signal,
      });
    });
    const endsAt = options.minutes === null ? Infinity : Date.now() + options.minutes * 60_000;
    const goesOn = () => run.kills < options.kills && Date.now() < endsAt && !interrupted.aborted;
    while (goesOn() && isAlive(run) && !run.judged) {
      await runRound(run);
      if (isAlive(run) && run.rounds % options.checkEvery === 0) await check(run);
    }
    if (!run.judged && isAlive(run)) await checkAll(run);
  } finally {
    abandon.abort();
    gate.stop();
    for (const subscriber of subscribers) subscriber.stop();
    await Promise.all([...writing, ...listening]);
    client.close();
  }
}

function isAlive({ findings }: Run): boolean {
  return findings.every(({ check: what }) => !FATAL.includes(what));
}

async function runRound(run: Run): Promise<void> {
  const { stand, random, print } = run;
  const decisions = random.fork(`round ${++run.rounds}`);
  const fault = decisions.weighted(stand.faults);
  run.kills += await fault.strike(stand, decisions);
  if (run.rounds % PROGRESS_ROUNDS === 0) print(progressLine({ ...run, ...stand }));
}

/** Sends turns until every subscriber has a cursor: from there on it must not miss anything. */
async function untilListening({ subscribers, client, stand }: Run): Promise<void> {
  for (let count = 0; count < 200; count++) {
    if (subscribers.every(({ hasCursor }) => hasCursor)) return;
    const input = { conversationId: BEACON, turns: [{ query: `beacon ${count}` }] };
    await client.attempt(wireOf('recordTurns', input));
    await delay(100);
  }
  throw new Error(`no event arrives at the subscribers; see ${stand.directory}/server.log`);
}

/** Holds the writers, compares this epoch with the database, and lets them write the next one. */
async function check(run: Run): Promise<void> {
  const { gate, epochs, stand, findings } = run;
  const epoch = epochs.at(-1);
  if (!epoch) return;
  await gate.close();
  const stored = await drainedTurns(stand.database, epoch);
  await untilSeen(run, stored);
  findings.push(...checkEvidence({ epoch, stored, subscribers: run.subscribers }));
  // What writers reported meanwhile ends the run here, with the evidence of this check beside it.
  run.judged = findings.length > 0;
  if (!run.judged) compact(epoch);
  epochs.push(newEpoch(epoch.number + 1));
  gate.open();
}

/** Everything once more, at the end: also what was found well before, for it could have been lost since. */
async function checkAll(run: Run): Promise<void> {
  const { gate, epochs, stand, findings, subscribers } = run;
  await gate.close();
  gate.stop();
  const known = new Set<string>();
  const rest = await storedTurns(stand.database, { prefix: BEACON });
  for (const row of rest) known.add(row.turnId);
  let total = rest.length;
  for (const epoch of epochs) {
    const stored = await drainedTurns(stand.database, epoch);
    await untilSeen(run, stored);
    findings.push(...checkEvidence({ epoch, stored, subscribers }));
    total += stored.length;
    run.refusedAfterAll += countRefusedAfterAll({ epoch, stored });
    for (const row of stored) known.add(row.turnId);
  }
  const count = await countTurns(stand.database, '');
  if (count.total !== total)
    findings.push({
      check: 'unknown-stored',
      conversationId: null,
      detail: `${count.total} turns are stored, ${total} in the conversations of this run`,
    });
  for (const { name, counts } of subscribers) {
    for (const turnId of counts.keys())
      if (!known.has(turnId))
        findings.push({
          check: 'event-unknown',
          conversationId: null,
          detail: `${name} saw turn ${turnId}, which is not stored`,
        });
  }
  await checkVectors(run);
  await stand.server.stop();
}

async function untilSeen({ subscribers }: Run, stored: readonly InteractionRow[]): Promise<void> {
  for (const subscriber of subscribers) {
    const start = performance.now();
    const waits = () => stored.some(({ turnId }) => !subscriber.counts.has(turnId));
    while (waits() && Math.min(subscriber.silentForMs, performance.now() - start) < EVENTS_LIMIT_MS)
      await delay(25);
  }
}

async function checkVectors({ client, stand, findings, print }: Run): Promise<void> {
  if (stand.vectorsDown) return print('vectors: not checked, the vector store was away for the whole run');
  // The server tells the coverage of vectors as soon as it makes any.
  const built = (await client.fieldsOf('PersistenceStatus')).some((name) => /vector|coverage/i.test(name));
  if (!built) return print('vectors: not built yet');
  for (const start = performance.now(); ; await delay(500)) {
    const { total, withoutVector } = await countTurns(stand.database, '');
    if (withoutVector === 0)
      return print(
        `vectors: all ${total} turns have theirs, ${Math.round(performance.now() - start)} ms after the last one`,
      );
    if (performance.now() - start < VECTORS_LIMIT_MS) continue;
    const detail = `${withoutVector} of ${total} turns have no vector after ${VECTORS_LIMIT_MS} ms`;
    findings.push({ check: 'vector-missing', conversationId: null, detail });
    return;
  }
}

function newEpoch(number: number): Epoch {
  return { number, prefix: `e${number}-`, batches: [], refused: [], rekeyed: [] };
}
