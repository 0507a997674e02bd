import { setTimeout as delay } from 'node:timers/promises';
import { postgresProcesses, signalAll } from '../processes.ts';
import type { Random } from '../random.ts';
import { freeze, kill, type Struck, upgrade } from '../servers-blows.ts';
import type { Member } from '../servers-stand.ts';
import type { FaultSpan } from './judge-health.ts';
import type { SoakStand } from './stand.ts';

/** What a fault can reach, and where it is noted. */
export interface Striking {
  readonly stand: SoakStand;
  readonly spans: FaultSpan[];
  readonly struck: Struck;
  readonly now: () => number;
  readonly ended: AbortSignal;
}

interface Fault {
  readonly kind: string;
  strike(striking: Striking, random: Random): Promise<void>;
}

/** How long what is away stays away: beyond what health has for seeing it. */
const AWAY_MS = [35_000, 45_000] as const;

/** The first server keeps its process for the whole run, so that its memory can be told from that of new ones. */
const FAULTS: readonly Fault[] = [
  serverFault('server killed', ['two', 'three'], kill),
  serverFault('server stopped for longer than its leases', ['one', 'two', 'three'], freeze),
  serverFault('server replaced', ['two', 'three'], upgrade),
  { kind: 'database killed', strike: killDatabase },
  { kind: 'database frozen', strike: freezeDatabase },
  outsideFault('models away', 'models', ({ model }) => model),
  outsideFault('vector store away', 'vectors', ({ vectorStore }) => vectorStore),
];

const FAILOVER: Fault = {
  kind: 'primary lost, standby promoted',
  strike: async (striking, random) => {
    const { truth, pair } = striking.stand.servers;
    await databaseFault(striking, FAILOVER.kind, async () => {
      truth.leaves('database');
      await pair.primary.kill();
      await delay(random.integer(...AWAY_MS));
      await pair.standby.promote();
      striking.struck.failovers++;
      truth.returns('database');
    });
  },
};

/**
 * One fault after another, each kind in turn in an order that the seed decides, with a rest of all being well between them; when half
 * of the time is over, the primary is lost for good.
 *
 * @param restMs between the end of one and the begin of the next
 */
export async function strikeOn(
  striking: Striking,
  random: Random,
  { restMs, untilMs }: { restMs: number; untilMs: number },
): Promise<void> {
  const { stand, now, ended, spans } = striking;
  let left: Fault[] = [];
  for (let number = 1; ; number++) {
    await delay(restMs, null, { signal: ended }).catch(() => null);
    // One that begins late would leave nothing to see of its end.
    if (ended.aborted || now() > untilMs - restMs) return;
    const decisions = random.fork(`fault ${number}`);
    if (left.length === 0) left = shuffled(decisions, FAULTS);
    const isHalf = now() > untilMs / 2 && spans.every(({ kind }) => kind !== FAILOVER.kind);
    const fault = isHalf ? FAILOVER : left.pop();
    if (!fault) return;
    stand.servers.print(`${Math.round(now() / 1_000)} s: ${fault.kind}`);
    await fault.strike(striking, decisions);
  }
}

function serverFault(
  kind: string,
  names: readonly string[],
  blow: (stand: SoakStand['servers'], victim: Member, random: Random, struck: Struck) => Promise<void>,
): Fault {
  return {
    kind,
    strike: async (striking, random) => {
      const name = random.pick(names);
      const { servers } = striking.stand;
      const victim = servers.servers.find((one) => one.name === name);
      if (!victim) return;
      const from = striking.now();
      await blow(servers, victim, random, striking.struck);
      striking.spans.push({
        ...{ kind, from, until: striking.now(), server: name, check: null, isUnready: false },
      });
    },
  };
}

function outsideFault(
  kind: string,
  check: string,
  doorOf: (stand: SoakStand) => { shut(): Promise<void>; open(): Promise<void> },
): Fault {
  return {
    kind,
    strike: async ({ stand, spans, now }, random) => {
      const from = now();
      await doorOf(stand).shut();
      await delay(random.integer(...AWAY_MS));
      const until = now();
      await doorOf(stand).open();
      spans.push({ kind, from, until, server: null, check, isUnready: false });
    },
  };
}

/** As when its process is killed, and whoever runs it needs a while. */
async function killDatabase(striking: Striking, random: Random): Promise<void> {
  const { servers } = striking.stand;
  await databaseFault(striking, 'database killed', async () => {
    const database = databaseOf(striking);
    servers.truth.leaves('database');
    await database.kill();
    await delay(random.integer(...AWAY_MS));
    await database.start();
    servers.truth.returns('database');
  });
}

async function freezeDatabase(striking: Striking, random: Random): Promise<void> {
  const { servers } = striking.stand;
  await databaseFault(striking, 'database frozen', async () => {
    const pids = await postgresProcesses(databaseOf(striking).connection.host);
    servers.truth.leaves('database');
    signalAll(pids, 'SIGSTOP');
    try {
      await delay(random.integer(...AWAY_MS));
    } finally {
      signalAll(pids, 'SIGCONT');
    }
    servers.truth.returns('database');
  });
}

async function databaseFault({ spans, now }: Striking, kind: string, work: () => Promise<void>) {
  const from = now();
  await work();
  spans.push({ kind, from, until: now(), server: null, check: 'database', isUnready: true });
}

/** The one that is the primary now. */
export function databaseOf({ stand, struck }: Pick<Striking, 'stand' | 'struck'>) {
  const { pair } = stand.servers;
  return struck.failovers > 0 ? pair.standby : pair.primary;
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
