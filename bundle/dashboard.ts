import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import settings from '../dashboard/vite.config.ts';
import { removeOld } from './bundle.ts';
import { dashboardStampOf, dashboardsOf, PAGE } from './stamp.ts';

/** Below it, the headers of an answer weigh more than what is saved. */
const COMPRESSED_FROM_BYTES = 512;

/**
 * Makes the static files of the dashboard, each beside itself as brotli and gzip, unless they are there. They are there as a whole or
 * not at all, also where two are at it; older ones go, but for those of the last day, which pages that are open may still ask for.
 *
 * @returns their folder
 * @throws where the sources do not compile, Vite is not installed, or nothing can be written
 */
export async function makeDashboard(root: string): Promise<string> {
  const stamp = dashboardStampOf(root);
  const target = join(dashboardsOf(root), stamp);
  if (existsSync(join(target, PAGE))) return target;
  const begun = join(dashboardsOf(root), `${stamp}-${process.pid}`);
  await mkdir(begun, { recursive: true });
  try {
    await writeFiles(root, begun);
    await rename(begun, target).catch((error: NodeJS.ErrnoException) => {
      // Somebody else made the same.
      if (!existsSync(join(target, PAGE))) throw error;
    });
  } finally {
    await rm(begun, { recursive: true, force: true });
  }
  await removeOld(dashboardsOf(root), stamp);
  return target;
}

async function writeFiles(root: string, directory: string): Promise<void> {
  const { build } = await import('vite');
  await build({
    ...settings,
    root: join(root, 'dashboard'),
    configFile: false,
    logLevel: 'silent',
    build: { ...settings.build, outDir: directory, emptyOutDir: true },
  });
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) await compress(join(entry.parentPath, entry.name));
}

async function compress(path: string): Promise<void> {
  const bytes = readFileSync(path);
  if (bytes.length < COMPRESSED_FROM_BYTES) return;
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params }));
  // Browsers take brotli over TLS and from their own machine only.
  await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
}
