import { chmod, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createDatabase } from '../../src/db/client.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { runMigrations } from '../../src/db/migrate.ts';
import { createLogger } from '../../src/log.ts';
import { isAlive } from './child-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A URL of the test server's database `name`: replace NAME. */
    databaseUrl: string;
  }
}

/** One real PostgreSQL for all tests; each test app gets a database of its own, copied from a migrated template. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Whoever runs the tests again and again has one already.
  const given = process.env.TEST_DATABASE_URL;
  const { url, stop } = given ? { url: given, stop: async () => undefined } : await startTestDatabase();
  project.provide('databaseUrl', url);
  const endFolders = await openFolders();
  return async () => {
    await stop();
    await endFolders();
  };
}

/** Everything temporary of this run lies in one folder. @returns removes it, and fails if tests left something there */
async function openFolders(): Promise<() => Promise<void>> {
  const parent = tmpdir();
  await removeLeftovers(parent);
  const folder = await mkdtemp(join(parent, `echo-run-${process.pid}-`));
  // Servers that do not run as root have theirs in there.
  await chmod(folder, 0o755);
  process.env.TMPDIR = folder;
  return async () => {
    const left = (await readdir(folder)).filter((name) => name.startsWith('echo-'));
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    if (left.length > 0)
      throw new Error(
        `tests left ${left.join(', ')} in the temporary folder; temporaryFolder() of tests/support/folders.ts removes its own`,
      );
  };
}

/** @returns a URL with NAME in place of the database's name; `echo_template` is the one that is migrated */
export async function startTestDatabase(): Promise<{ url: string; stop: () => Promise<void> }> {
  const parent = await parentDirectory();
  await removeLeftovers(parent);
  const directory = await mkdtemp(join(parent, `echo-test-${process.pid}-`));
  const log = createLogger('warn', 2);
  const postgres = await startEmbeddedPostgres({
    directory: join(directory, 'postgres'),
    log,
    // Some servers at once, of several workers; a dozen where tests wait beside each other.
    maxConnections: 400,
  });
  const { host, port, user } = postgres.connection;
  const urlOf = (name: string) =>
    `postgresql://${user}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`;
  const options = { log, slowQueryMs: 60_000, echo: false, maxConnections: 2 };
  const admin = createDatabase({ ...options, connection: postgres.connection });
  await admin.pool.query('create database echo_template');
  await admin.close();
  const template = createDatabase({ ...options, connection: { connectionString: urlOf('echo_template') } });
  await runMigrations(template);
  await template.close();
  return {
    url: urlOf('NAME'),
    stop: async () => {
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const SHARED_MEMORY = '/dev/shm';
const ENOUGH_BYTES = 4 * 2 ** 30;

/** Nothing of this outlives the run: memory will do where there is plenty, and has no disk to wait for. */
async function parentDirectory(): Promise<string> {
  const found = await statfs(SHARED_MEMORY).catch(() => null);
  return found && found.bavail * found.bsize > ENOUGH_BYTES ? SHARED_MEMORY : tmpdir();
}

/** What a run left that was killed. Its PostgreSQL ends by itself once its directory is gone. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = /^echo-(?:test|run)-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    // It may be somebody else's.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
