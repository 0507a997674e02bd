import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatabaseUnderTest, embeddedDatabase, externalDatabase } from './database.ts';
import { failpointPatches } from './failpoints.ts';
import { chooseFaults, type Fault, type Stage } from './faults.ts';
import type { Finding } from './findings.ts';
import type { TortureOptions } from './options.ts';
import { PowerDisk, SmallDisk } from './power.ts';
import { postgresProcesses, signalAll } from './processes.ts';
import { Random } from './random.ts';
import { patchesOf } from './sabotage.ts';
import { ServerUnderTest } from './server.ts';
import { copySources } from './source-copy.ts';
import { Traffic } from './traffic.ts';

/** Everything that a run stands on; `close` leaves nothing running and nothing mounted. */
export interface Stand extends Stage {
  readonly directory: string;
  readonly port: number;
  readonly faults: readonly (Fault & { weight: number })[];
  readonly vectorsDown: boolean;
  close(keep: boolean): Promise<void>;
}

/** A port at which nobody listens: no vector store will answer there. */
const CLOSED_PORT = 1;

/**
 * Prepares a run: sources (sabotaged or not), disk, database, server; the server is started once and stopped in
 * order, so that the empty database and the code cache exist.
 *
 * @throws UsageError, PatchError, or whatever kept the server from its first start
 */
export async function prepareStand(
  options: TortureOptions,
  report: (finding: Finding) => void,
): Promise<Stand> {
  const faults = chooseFaults(options.faults, options.database);
  const wants = (name: string) => options.faults?.includes(name) ?? false;
  const directory = await mkdtemp(join(tmpdir(), 'echo-torture-'));
  const releases: (() => unknown)[] = [];
  const close = async (keep: boolean) => {
    for (const release of releases.splice(0).reverse()) await release();
    if (!keep) await rm(directory, { recursive: true, force: true });
  };
  try {
    const patches = [...patchesOf(options.sabotage), ...failpointPatches()];
    const program = await copySources(join(directory, 'source'), patches);
    const power = wants('power') ? new PowerDisk(directory) : null;
    const small = wants('disk-full') && !power ? new SmallDisk(directory) : null;
    const disk = power ?? small;
    if (disk) {
      releases.push(() => disk.close());
      await disk.create();
    }
    const dataDirectory = join(disk?.mountPoint ?? directory, 'data');
    const database = await openDatabase(options, directory, dataDirectory, power);
    releases.push(() => database.close());
    const port = await freePort(new Random(`${options.seed}/port`));
    const vectorsDown = wants('vectors-down');
    const server = new ServerUnderTest({
      program,
      dataDirectory,
      port,
      logFile: join(directory, 'server.log'),
      environment: {
        ...database.environment,
        NODE_COMPILE_CACHE: join(directory, 'code-cache'),
        ...(vectorsDown && { QDRANT_URL: `http://127.0.0.1:${CLOSED_PORT}` }),
      },
      report,
    });
    releases.push(() => endServer(server, database));
    if (!(await server.untilReady()))
      throw new Error(`the server did not start; see ${directory}/server.log`);
    await server.stop();
    if (!(await server.untilReady()))
      throw new Error(`the server did not start again; see ${directory}/server.log`);
    const traffic = new Traffic();
    return { server, database, traffic, power, small, report, directory, port, faults, vectorsDown, close };
  } catch (error) {
    await close(true);
    throw error;
  }
}

function openDatabase(
  { database }: TortureOptions,
  directory: string,
  dataDirectory: string,
  power: PowerDisk | null,
): Promise<DatabaseUnderTest> | DatabaseUnderTest {
  if (database === 'embedded') return embeddedDatabase(dataDirectory);
  const place = power ? power.mountPoint : directory;
  return externalDatabase(join(place, 'external-postgres'), join(directory, 'postgres.log'));
}

/** A server that is killed leaves its own database running: that goes, too. */
async function endServer(server: ServerUnderTest, database: DatabaseUnderTest): Promise<void> {
  await server.kill();
  if (database.proxy === null) signalAll(await postgresProcesses(database.directory), 'SIGKILL');
}

/** Below the range from which outgoing connections take theirs, so that it stays free between two starts. */
export async function freePort(random: Random): Promise<number> {
  for (;;) {
    const port = random.integer(20_000, 32_000);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
