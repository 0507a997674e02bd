import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What the product is compared with. None of it is a dependency of the product. */
export const PEERS = {
  postgraphile: '5.1.5',
  mercurius: '16.10.1',
  fastify: '5.12.8',
  graphql: '16.15.0',
  pg: '8.23.1',
} as const;

const INSTALL_MS = 300_000;

/**
 * Installs the peers into a folder of their own, once for each list of versions.
 *
 * @returns the folder
 * @throws if npm fails
 */
export async function installPeers(print: (line: string) => void): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const directory = join(cache, 'echo-brain-bench');
  const manifest = join(directory, 'package.json');
  const wanted = JSON.stringify({ private: true, type: 'commonjs', dependencies: PEERS }, null, 2);
  const done = join(directory, 'node_modules', '.installed');
  if (existsSync(done) && readFileSync(done, 'utf8') === wanted) return directory;
  print(`installing the peers into ${directory}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(manifest, wanted);
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: directory,
    timeout: INSTALL_MS,
  });
  writeFileSync(done, wanted);
  return directory;
}
