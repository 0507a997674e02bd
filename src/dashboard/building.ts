import { execFile } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Logger } from '../log.ts';

/** A busy machine takes long for it. */
const BUILD_MS = 120_000;
/** What failed is not tried again with each request. */
const AGAIN_MS = 15_000;

/**
 * Where the files of the dashboard are, which are made when they are first asked for and their sources have changed: in a process of its
 * own, since what makes them would stay in the memory of the server.
 *
 * @throws where they are not there and cannot be made
 */
export function createBuilding(log: Logger): () => Promise<string> {
  let building: Promise<string> | null = null;
  return () => {
    building ??= build().catch((error: Error & { stderr?: string }) => {
      const reason = /^.*Error.*: .*$/m.exec(error.stderr ?? '')?.[0] ?? error.message.split('\n', 1)[0];
      log.warn(
        { reason },
        'the dashboard could not be made; npm run build makes it where the development packages are',
      );
      setTimeout(() => {
        building = null;
      }, AGAIN_MS).unref();
      throw error;
    });
    return building;
  };
}

async function build(): Promise<string> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const script = join(root, 'scripts', 'build.ts');
  if (!existsSync(script)) return packedIn(root);
  const { stdout } = await promisify(execFile)(process.execPath, [script, 'dashboard'], {
    timeout: BUILD_MS,
  });
  return stdout.trim().split('\n').at(-1) ?? '';
}

/** A package has no sources: its dashboard was made with it. */
function packedIn(root: string): string {
  const [page] = globSync('dist/dashboard/*/index.html', { cwd: root });
  if (!page) throw new Error(`there is no dashboard in ${root}`);
  return dirname(join(root, page));
}
