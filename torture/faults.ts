import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseUnderTest } from './database.ts';
import { FAILPOINT_VARIABLE, FAILPOINTS } from './failpoints.ts';
import type { Finding } from './findings.ts';
import { type DatabaseKind, UsageError } from './options.ts';
import type { PowerDisk, SmallDisk } from './power.ts';
import { postgresProcesses, signalAll, untilGone } from './processes.ts';
import type { Random } from './random.ts';
import type { ServerUnderTest } from './server.ts';
import type { Traffic } from './traffic.ts';

/** What a fault can reach. */
export interface Stage {
  readonly server: ServerUnderTest;
  readonly database: DatabaseUnderTest;
  readonly traffic: Traffic;
  readonly power: PowerDisk | null;
  readonly small: SmallDisk | null;
  readonly report: (finding: Finding) => void;
}

/** One thing that goes wrong. When `strike` has returned, the server answers again, or that was reported. */
export interface Fault {
  readonly name: string;
  /** How often it is chosen, by the kind of database; 0: only when it is named. */
  readonly weights: Readonly<Record<DatabaseKind, number>>;
  /** @returns how often the server was killed */
  strike(stage: Stage, random: Random): Promise<number>;
}

const NO_TRAFFIC_MS = 45_000;
const FAILPOINT_LIMIT_MS = 3_000;

export const FAULTS: readonly Fault[] = [
  { name: 'kill', weights: { embedded: 72, external: 50 }, strike: killServer },
  { name: 'kill-starting', weights: { embedded: 6, external: 6 }, strike: killStarting },
  { name: 'kill-all', weights: { embedded: 12, external: 6 }, strike: killServerAndDatabase },
  { name: 'failpoint', weights: { embedded: 15, external: 12 }, strike: killAtFailpoint },
  { name: 'stop', weights: { embedded: 3, external: 3 }, strike: stopServer },
  { name: 'pg-kill', weights: { embedded: 7, external: 10 }, strike: killDatabase },
  { name: 'pg-freeze', weights: { embedded: 1, external: 6 }, strike: freezeDatabase },
  { name: 'pg-restart', weights: { embedded: 0, external: 7 }, strike: restartDatabase },
  { name: 'commit-cut', weights: { embedded: 0, external: 12 }, strike: cutCommit },
  { name: 'power', weights: { embedded: 0, external: 0 }, strike: cutPower },
  { name: 'disk-full', weights: { embedded: 0, external: 0 }, strike: fillDisk },
];
/** These last for the whole run and are set up in the beginning. */
const LASTING = ['vectors-down'];

/** The faults of a run with their weights. @throws UsageError for a name that is none */
export function chooseFaults(
  names: readonly string[] | null,
  database: DatabaseKind,
): (Fault & { weight: number })[] {
  const unknown = names?.find(
    (name) => !LASTING.includes(name) && FAULTS.every((fault) => fault.name !== name),
  );
  if (unknown !== undefined)
    throw new UsageError(
      `--faults: "${unknown}" is none of ${[...FAULTS.map(({ name }) => name), ...LASTING].join(', ')}`,
    );
  const named = FAULTS.filter(({ name }) => names?.includes(name));
  const chosen = named.length > 0 ? named : FAULTS;
  return chosen.map((fault) => ({
    ...fault,
    weight: named.length > 0 ? Math.max(fault.weights[database], 10) : fault.weights[database],
  }));
}

/** Waits for a moment of the traffic, mostly just around an acknowledgement, and acts in it. */
async function atSomeMoment({ traffic, report }: Stage, random: Random, act: () => void): Promise<void> {
  const { moment } = random.weighted([
    { moment: 'acked', weight: 50 } as const,
    { moment: 'sent', weight: 25 } as const,
    { moment: null, weight: 25 } as const,
  ]);
  const pause = random.chance(0.4) ? 0 : random.next() * 8;
  if (!moment) {
    await delay(random.integer(0, 800));
    return act();
  }
  let later: Promise<void> | null = null;
  const happened = await traffic.at(moment, random.integer(1, 40), NO_TRAFFIC_MS, () => {
    if (pause === 0) act();
    else later = delay(pause).then(act);
  });
  if (!happened) {
    report({
      check: 'no-recovery',
      conversationId: null,
      detail: `nothing was ${moment} for ${NO_TRAFFIC_MS} ms although the server says that it is ready`,
    });
    act();
  }
  await later;
}

async function killServer(stage: Stage, random: Random): Promise<number> {
  let gone = Promise.resolve();
  let since = 0;
  await atSomeMoment(stage, random, () => {
    gone = stage.server.kill();
    since = performance.now();
  });
  await gone;
  await stage.server.untilReady(since);
  return 1;
}

async function killStarting(stage: Stage, random: Random): Promise<number> {
  await stage.server.kill();
  stage.server.start();
  await delay(random.integer(0, 1_500));
  await stage.server.kill();
  await stage.server.untilReady();
  return 2;
}

/** Kills it at one place on the path of a turn, where the chance of hitting it from outside is small. */
async function killAtFailpoint(stage: Stage, random: Random): Promise<number> {
  const { server } = stage;
  await server.kill();
  server.start({ [FAILPOINT_VARIABLE]: `${random.pick(FAILPOINTS)}:${random.integer(1, 60)}` });
  // Not every place is passed as often as was drawn; then it dies here.
  if (!(await server.untilDead(FAILPOINT_LIMIT_MS))) await server.kill();
  await server.untilReady();
  return 2;
}

/** As when the machine's memory runs out, or somebody ends everything at once. */
async function killServerAndDatabase(stage: Stage, random: Random): Promise<number> {
  const pids = await postgresProcesses(stage.database.directory);
  let gone = Promise.resolve();
  let since = 0;
  await atSomeMoment(stage, random, () => {
    gone = stage.server.kill();
    signalAll(pids, 'SIGKILL');
    since = performance.now();
  });
  await gone;
  await whileAway(stage, () => stage.server.untilReady(since));
  return 1;
}

async function stopServer(stage: Stage, random: Random): Promise<number> {
  let stopping = Promise.resolve();
  await atSomeMoment(stage, random, () => {
    stopping = stage.server.stop();
  });
  await stopping;
  await stage.server.untilReady();
  return 0;
}

async function killDatabase(stage: Stage, random: Random): Promise<number> {
  let killing = Promise.resolve();
  await whileAway(stage, async () => {
    await atSomeMoment(stage, random, () => {
      killing = stage.database.kill();
    });
    await killing;
    return acknowledgesAgain(stage);
  });
  return 0;
}

async function freezeDatabase(stage: Stage, random: Random): Promise<number> {
  const milliseconds = random.chance(0.8) ? random.integer(200, 2_000) : random.integer(2_000, 8_000);
  const withKill = random.chance(0.3);
  await whileAway(stage, async () => {
    const freezing = stage.database.freeze(milliseconds);
    if (withKill) {
      await delay(random.integer(0, milliseconds));
      await stage.server.kill();
    }
    await freezing;
    return acknowledgesAgain(stage);
  });
  return withKill ? 1 : 0;
}

async function restartDatabase(stage: Stage, random: Random): Promise<number> {
  const { restart } = stage.database;
  if (!restart) throw new UsageError('--faults: pg-restart needs --database external');
  const milliseconds = random.integer(0, 3_000);
  const withKill = random.chance(0.3);
  await whileAway(stage, async () => {
    const restarting = restart(milliseconds);
    if (withKill) await delay(random.integer(0, milliseconds)).then(() => stage.server.kill());
    await restarting;
    return acknowledgesAgain(stage);
  });
  return withKill ? 1 : 0;
}

async function cutCommit(stage: Stage, random: Random): Promise<number> {
  const { proxy } = stage.database;
  if (!proxy) throw new UsageError('--faults: commit-cut needs --database external');
  for (let cuts = random.integer(1, 5); cuts > 0; cuts--) {
    const cut = await Promise.race([
      proxy.cutNextCommit(random.pick(['before', 'after', 'after'])).then(() => true),
      delay(NO_TRAFFIC_MS, false, { ref: false }),
    ]);
    if (!cut) break;
    await delay(random.integer(0, 50));
  }
  await acknowledgesAgain(stage);
  return 0;
}

/** Server and database lose at once what was not on the disk. Both are frozen while the image is copied. */
async function cutPower(stage: Stage, random: Random): Promise<number> {
  const { power, server, database } = stage;
  if (!power) throw new UsageError('--faults: power needs root and loop devices');
  await power.sync();
  await delay(random.integer(500, 3_000));
  await atSomeMoment(stage, random, () => server.freeze());
  const pids = await postgresProcesses(database.directory);
  signalAll(pids, 'SIGSTOP');
  await power.snapshot();
  const gone = server.kill();
  signalAll(pids, 'SIGKILL');
  await gone;
  await untilGone(database.directory);
  await power.restore();
  await server.untilReady();
  return 1;
}

/** While it lasts nothing has to be acknowledged; what was must stay. */
async function fillDisk(stage: Stage, random: Random): Promise<number> {
  const { small, server } = stage;
  if (!small) throw new UsageError('--faults: disk-full needs root');
  const withKill = random.chance(0.3);
  await whileAway(stage, async () => {
    await small.fill();
    await delay(random.integer(500, 4_000));
    if (withKill) await server.kill();
    await small.free();
    return acknowledgesAgain(stage);
  });
  return withKill ? 1 : 0;
}

/** A server that does not start meanwhile is no finding. */
async function whileAway(stage: Stage, work: () => Promise<unknown>): Promise<void> {
  stage.server.databaseAway = true;
  try {
    await work();
  } finally {
    stage.server.databaseAway = false;
  }
}

async function acknowledgesAgain({ server, traffic, report }: Stage): Promise<void> {
  if (!(await server.untilReady())) return;
  if (await traffic.at('acked', 3, NO_TRAFFIC_MS, () => undefined)) return;
  report({
    check: 'no-recovery',
    conversationId: null,
    detail: `nothing was acknowledged within ${NO_TRAFFIC_MS} ms of the end of the fault`,
  });
}
