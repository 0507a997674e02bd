import { join, resolve } from 'node:path';
import { startArguments } from '../size/server.ts';
import { installPeers } from './peers.ts';
import { type RunningServer, startServer } from './processes.ts';
import type { Bench } from './work.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Starts the server as `npm start` of its tree does: the bundle of its sources, with access control off. */
export function startEchoBrain(
  bench: Bench,
  options: {
    readonly databaseUrl: string | null;
    readonly directory: string;
    readonly root?: string;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<RunningServer> {
  const { databaseUrl, directory, root = ROOT, env } = options;
  return startServer({
    name: 'echo-brain',
    args: startArguments(root),
    cwd: root,
    cores: bench.cores,
    env: {
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: directory,
      LOG_LEVEL: 'info',
      CANARY_INTERVAL_MS: '0',
      SEED: 'off',
      ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }),
      ...env,
    },
  });
}

/** Starts one of the peers, which are installed first where they are not. */
export async function startPeer(
  bench: Bench,
  name: 'hand-written' | 'postgraphile' | 'mercurius',
  databaseUrl: string,
): Promise<RunningServer> {
  const peers = await installPeers(bench.print);
  return startServer({
    name,
    args: [join(import.meta.dirname, 'candidates', `${name}.ts`)],
    cwd: peers,
    cores: bench.cores,
    env: { DATABASE_URL: databaseUrl, PEERS: peers, GRAPHILE_ENV: 'production' },
  });
}
