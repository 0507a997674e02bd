import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPair, urlOf } from '../tests/support/replicated.ts';
import { install } from '../tests/support/upgrades/make.ts';
import { TurnClient } from './client.ts';
import type { Finding } from './findings.ts';
import type { TortureOptions } from './options.ts';
import type { Random } from './random.ts';
import { patchesOf } from './sabotage.ts';
import { ServerUnderTest } from './server.ts';
import { SERVER_LEASE_MS } from './servers-blows.ts';
import { slotPatches } from './slots.ts';
import { copySources } from './source-copy.ts';
import { freePort } from './stand.ts';
import { EFFECTS_TABLE } from './task-effects.ts';
import { Traffic } from './traffic.ts';
import { Truth } from './truth.ts';

/** One of several servers. */
export interface Member {
  readonly name: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly server: ServerUnderTest;
}

/** Three servers on a primary with its standby; `close` leaves nothing running. */
export interface ServersStand {
  readonly directory: string;
  readonly servers: readonly Member[];
  readonly clients: readonly TurnClient[];
  readonly pair: Awaited<ReturnType<typeof startPair>>;
  /** Today's version, and what it is given. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly truth: Truth;
  readonly traffic: Traffic;
  readonly report: (finding: Finding) => void;
  readonly print: (line: string) => void;
  close(keep: boolean): Promise<void>;
}

const NAMES = ['one', 'two', 'three'];
/** A client that hears nothing for so long asks another server. */
const PATIENCE_MS = 8_000;
const ROOM = { TASK_WORKERS: '4', SERVER_LEASE_MS: String(SERVER_LEASE_MS) };

/**
 * @param settings of all servers, beside those of the harness
 * @throws UsageError, PatchError, or whatever kept a server from its first start
 */
export async function prepareServers(
  options: TortureOptions,
  random: Random,
  report: (finding: Finding) => void,
  print: (line: string) => void,
  settings: Readonly<Record<string, string>> = {},
): Promise<ServersStand> {
  const directory = await mkdtemp(join(tmpdir(), 'echo-torture-servers-'));
  const releases: (() => unknown)[] = [];
  const close = async (keep: boolean) => {
    for (const release of releases.splice(0).reverse()) await release();
    if (!keep) await rm(directory, { recursive: true, force: true });
  };
  try {
    const patches = [...slotPatches(), ...patchesOf(options.sabotage)];
    const program = await copySources(join(directory, 'source'), patches);
    const earlier = options.earlier && (await earlierProgram(options.earlier));
    // Synchronous: what is acknowledged as committed, the standby has.
    const pair = await startPair({ synchronous: true });
    releases.push(() => pair.close());
    const environment = {
      ...ROOM,
      ...settings,
      DATABASE_URL: urlOf(pair.standby, pair.primary),
      NODE_COMPILE_CACHE: join(directory, 'code-cache'),
    };
    const servers: Member[] = [];
    // The one that will be upgraded begins alone: the others bring its database to their schema beside it.
    for (const name of NAMES.toReversed()) {
      const [port, dataDirectory] = [await freePort(random.fork(`port ${name}`)), join(directory, name)];
      await mkdir(dataDirectory, { recursive: true });
      const begins = servers.length === 0 ? earlier : null;
      const server = new ServerUnderTest({
        program: begins ?? program,
        // Versions before that of the failover know one address.
        environment: begins ? { ...environment, DATABASE_URL: urlOf(pair.primary) } : environment,
        ...{ dataDirectory, port, report, logFile: join(directory, `${name}.log`) },
      });
      releases.push(() => server.kill());
      if (!(await server.untilReady()))
        throw new Error(`${name} did not start; see ${directory}/${name}.log`);
      servers.push({ name, port, dataDirectory, server });
      if (servers.length === 1) await makeEffectsTable(pair.primary.connection);
    }
    const clients = servers.map(({ port }) => new TurnClient(port, PATIENCE_MS));
    releases.push(() => {
      for (const client of clients) client.close();
    });
    const probe = () => (truth.isPromoted ? pair.standby : pair.primary).sql('select 1');
    const truth: Truth = new Truth(servers, probe, report);
    return {
      directory,
      servers,
      clients,
      pair,
      program,
      environment,
      truth,
      traffic: new Traffic(),
      report,
      print,
      close,
    };
  } catch (error) {
    await close(true);
    throw error;
  }
}

async function earlierProgram(commit: string): Promise<string> {
  const root = await install(commit, join(tmpdir(), 'echo-earlier-versions', commit));
  return join(root, 'src/main.ts');
}

async function makeEffectsTable(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client({ ...connection, ssl: false });
  await client.connect();
  await client.query(EFFECTS_TABLE);
  await client.end();
}
