import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { appendFile, chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { chooseAccount, launchAs } from '../../src/db/embedded/account.ts';
import { locateBinaries } from '../../src/db/embedded/binaries.ts';
import { prepareCluster, SUPERUSER } from '../../src/db/embedded/cluster.ts';
import { createLogger } from '../../src/log.ts';
import { startDatabaseProxy } from './database-proxy.ts';

/** One PostgreSQL of a pair, reached through a proxy. */
export type Member = Awaited<ReturnType<typeof openMember>>;

const NAME = 'echo_brain';
const SETTINGS = {
  listen_addresses: '',
  unix_socket_directories: '.',
  wal_level: 'replica',
  max_wal_senders: 10,
  wal_keep_size: '256MB',
  hot_standby_feedback: 'on',
  wal_retrieve_retry_interval: '100ms',
  shared_buffers: '32MB',
  // Not fewer than those that initdb noted: a standby would refuse them.
  max_connections: 100,
};

/**
 * A primary and a standby that streams from it, both real. The standby is a copy of the fresh cluster, which has been
 * started nowhere yet.
 *
 * @param options.synchronous true: a commit waits until the standby has it on disk
 * @param options.others further standbys of the primary
 * @param options.isQuick true: nothing waits for a disk, since only processes are lost
 */
export async function startPair({
  synchronous,
  others = 0,
  isQuick = false,
}: {
  synchronous: boolean;
  others?: number;
  isQuick?: boolean;
}) {
  const speed: Record<string, string> = isQuick ? { fsync: 'off' } : {};
  const directory = await mkdtemp(join(tmpdir(), 'echo-pair-'));
  // The standby, which is no root, comes to the primary's socket through it.
  await chmod(directory, 0o711);
  const log = createLogger('error', 2);
  const first = join(directory, 'first');
  const followers = ['second', ...Array.from({ length: others }, (_, at) => `other${at}`)];
  const account = await chooseAccount(first);
  const binaries = await locateBinaries(account, log);
  await prepareCluster({ directory: first, account, binaries, log, maxConnections: 60 });
  for (const name of followers) {
    const copy = join(directory, name);
    await cp(first, copy, { recursive: true });
    await follow(copy, first);
    await prepareCluster({ directory: copy, account, binaries, log, maxConnections: 60 });
  }
  const primary = await openMember(first, {
    ...speed,
    synchronous_standby_names: synchronous ? 'standby' : '',
  });
  await primary.start();
  // Commits wait for a standby that is not there yet, this one among them.
  const made = primary.sql(`create database ${NAME}`, [], 'postgres');
  const members = await Promise.all(followers.map((name) => openMember(join(directory, name), { ...speed })));
  await Promise.all(members.map((member) => member.start()));
  await made;
  await Promise.all(members.map((member) => untilItAnswers(() => member.sql('select 1'))));
  const [standby, ...rest] = members as [Member, ...Member[]];
  return {
    primary,
    standby,
    others: rest,
    close: async () => {
      await Promise.all([primary, ...members].map((member) => member.close()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A recovery on a busy machine takes more than half a minute. */
async function untilItAnswers(look: () => Promise<unknown>): Promise<void> {
  for (let left = 2_400; ; left--) {
    try {
      await look();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await delay(50);
    }
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

/** Makes a cluster that is stopped a standby of another. */
async function follow(directory: string, primary: string): Promise<void> {
  await appendFile(
    join(directory, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=${primary} user=${SUPERUSER} application_name=standby'\n`,
  );
  await writeFile(join(directory, 'standby.signal'), '');
}

async function openMember(directory: string, settings: Record<string, string>) {
  const account = await chooseAccount(directory);
  const { postgres } = await locateBinaries(account, createLogger('warn', 2));
  const proxy = await startDatabaseProxy();
  const url = `postgresql://${SUPERUSER}@localhost:5432/${NAME}?host=${encodeURIComponent(directory)}`;
  const reached = await proxy.route(url);
  let child: ChildProcess | null = null;
  const sql = async <T extends pg.QueryResultRow>(text: string, values: unknown[] = [], database = NAME) => {
    const client = new pg.Client({ host: directory, port: 5432, user: SUPERUSER, database });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<T>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  const end = async (signal: 'SIGKILL' | 'SIGINT') => {
    if (!child || hasEnded(child)) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  return {
    proxy,
    sql,
    /** Past the proxy. */
    connection: { host: directory, port: 5432, user: SUPERUSER, database: NAME },
    /** Where the server reaches it: host and port. */
    place: new URL(reached).host,
    start: async () => {
      const { dataArgument, options } = launchAs(account, directory);
      const given = Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => [
        '-c',
        `${name}=${value}`,
      ]);
      await untilItAnswers(() => {
        // As whoever runs it would: one that ended by itself is started again, and its log tells why it did.
        if (!child || hasEnded(child)) {
          const said = openSync(`${directory}.log`, 'a');
          child = spawn(postgres, ['-D', dataArgument, ...given], {
            ...options,
            stdio: ['ignore', 'ignore', said],
          });
          closeSync(said);
        }
        return sql('select 1', [], 'postgres');
      });
    },
    set: (name: string, value: string) => {
      settings[name] = value;
    },
    /** Of all its processes that run. */
    cpuSeconds: () => cpuSecondsBelow(child?.pid ?? 0),
    /** As when its machine is lost. */
    kill: () => end('SIGKILL'),
    promote: () => sql('select pg_promote()'),
    close: async () => {
      await proxy.close();
      await end('SIGINT');
    },
  };
}

/** Seconds of the processor that the children of a process used, those that have ended left out. */
function cpuSecondsBelow(parent: number): number {
  const pids = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ');
  const ticks = pids.flatMap((pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      return Number(fields[11]) + Number(fields[12]);
    } catch {
      return [];
    }
  });
  return ticks.reduce((sum, each) => sum + each, 0) / 100;
}

/** A URL that names both. */
export const urlOf = (...members: readonly Pick<Member, 'place'>[]) =>
  `postgresql://${SUPERUSER}@${members.map(({ place }) => place).join(',')}/${NAME}`;
