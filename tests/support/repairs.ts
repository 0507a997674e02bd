import { appendFile, chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestApp } from './harness.ts';
import { runTask, type SeenTask } from './tasks.ts';

/** A unit that runs, as systemctl shows it. */
export const unitOf = (id: string, more: Record<string, string> = {}) =>
  Object.entries({
    ...{ MainPID: '4000', Result: 'success', NRestarts: '0', Id: id, LoadState: 'loaded' },
    ...{ ActiveState: 'active', SubState: 'running', InvocationID: 'f'.repeat(32), ...more },
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

/** A program that answers as systemctl does, in a folder of its own. */
export async function systemctlDouble(folder: string) {
  await mkdir(join(folder, 'units'), { recursive: true });
  const path = join(folder, 'systemctl');
  await copyFile(fileURLToPath(new URL('./systemctl-double.sh', import.meta.url)), path);
  await chmod(path, 0o755);
  const lines = async (name: string) =>
    (await readFile(join(folder, name), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return {
    path,
    /** What it was asked to restart. */
    restarts: () => lines('restarts'),
    /** The arguments of each call, as it got them. */
    calls: async () =>
      (await readFile(join(folder, 'calls'), 'utf8').catch(() => ''))
        .split('--\n')
        .join('\n')
        .split('\n')
        .filter((line) => line !== ''),
    environment: () => lines('environment'),
    unit: (name: string, text: string) => writeFile(join(folder, 'units', name), text),
    /** Switches a behaviour on: `hangs`, `fails`, `ends-at-once`, `no-bus`. */
    behave: (name: string) => appendFile(join(folder, name), ''),
  };
}

/** Makes a task that repairs, in earnest. */
export const repair = (
  app: TestApp,
  type: string,
  target: string,
  more: Record<string, unknown> = {},
): Promise<SeenTask> => runTask(app, { type: `repair_${type}`, payload: { target, dryRun: false }, ...more });

/** Makes a task that only looks. */
export const tryRepair = (app: TestApp, type: string, target: string): Promise<SeenTask> =>
  runTask(app, { type: `repair_${type}`, payload: { target } });

export const ACTIONS = `{ repairActions(first: 50) { edges { node {
  type target dryRun outcome success problem before after requestedBy host startedAt endedAt task { taskId status } } } } }`;

// biome-ignore lint/suspicious/noExplicitAny: results have the shape that each test asks for
export async function actions(app: TestApp): Promise<any[]> {
  const { data, errors } = await app.graphql(ACTIONS);
  if (errors) throw new Error(JSON.stringify(errors));
  return data.repairActions.edges.map(({ node }: { node: unknown }) => node);
}

/** As if so much time had passed since the targets were repaired. */
export const passCooldown = (app: TestApp) =>
  app.sql("update restart_cooldowns set last_restart = last_restart - interval '301 s'");
