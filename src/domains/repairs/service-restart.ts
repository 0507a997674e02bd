import { execFile } from 'node:child_process';
import type { RepairList } from '../../config/repairs.ts';
import { RepairRefused } from './errors.ts';
import type { Repair, Repaired } from './repair.ts';
import type { Figures } from './tables.ts';

/** What is asked of a unit. `InvocationID` is another one after each start. */
const PROPERTIES = [
  'Id',
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'MainPID',
  'NRestarts',
  'InvocationID',
];
/** A start may take 90 seconds as systemd comes, and the stop before it as long. */
const RESTART_MS = 200_000;
const SHOW_MS = 10_000;
/** A service that ends right after its start was started, as far as systemd is concerned. */
const SETTLE_MS = 2_000;
const MAX_OUTPUT_BYTES = 65_536;
const MAX_WORDS = 500;

/** Restarts units of systemd. */
export function serviceRestart({
  services,
  systemctl,
}: Pick<RepairList, 'services' | 'systemctl'>): Repair<string> {
  return {
    type: 'service_restart',
    description: 'Restarts a unit of systemd.',
    timeoutSeconds: 240,
    entryOf: (target) => services.find((unit) => unit === target) ?? null,
    look: async (unit, signal) => {
      const seen = await lookAt(systemctl, unit, signal);
      if (seen.loadState !== 'loaded')
        throw new RepairRefused(`the unit cannot be restarted: it is ${seen.loadState ?? 'not there'}`);
      // One unit under two names would have two cooldowns.
      if (seen.id !== unit) throw new RepairRefused(`it is another name of the unit ${seen.id}`);
      return seen;
    },
    act: (unit, before, signal) => restart(systemctl, unit, before, signal),
  };
}

async function restart(
  systemctl: string,
  unit: string,
  before: Figures,
  signal: AbortSignal,
): Promise<Repaired> {
  const ran = await run(systemctl, ['--no-ask-password', 'restart', '--', unit], RESTART_MS, signal);
  if (ran.code === 0) await settle(signal);
  // The unit goes its way without us, so it is looked at even by one who was told to stop.
  const after = await lookAt(systemctl, unit).catch(() => null);
  if (ran.code === null) {
    const isNew = after !== null && after.invocationId !== before.invocationId;
    const seen =
      after === null
        ? 'it cannot be seen now'
        : isNew
          ? 'it was started anew since'
          : 'it was not started anew so far';
    return {
      outcome: 'UNKNOWN',
      problem: `systemctl was ended before it had answered (${ran.words}); ${seen}`,
      after,
    };
  }
  if (ran.code !== 0)
    return { outcome: 'FAILED', problem: `systemctl ended with ${ran.code}: ${ran.words}`, after };
  if (after === null)
    return { outcome: 'UNKNOWN', problem: 'the restart was taken, but the unit cannot be seen now', after };
  if (after.activeState === 'failed' || after.result !== 'success')
    return {
      outcome: 'FAILED',
      problem: `the unit was restarted and is ${after.activeState} (${after.result})`,
      after,
    };
  return { outcome: 'SUCCEEDED', problem: null, after };
}

function settle(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, SETTLE_MS);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

async function lookAt(systemctl: string, unit: string, signal?: AbortSignal): Promise<Figures> {
  const ran = await run(
    systemctl,
    ['show', `--property=${PROPERTIES.join(',')}`, '--', unit],
    SHOW_MS,
    signal,
  );
  if (ran.code !== 0) throw new RepairRefused(`the unit cannot be seen: ${ran.words}`);
  const values = new Map(
    ran.output.split('\n').map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)] as const;
    }),
  );
  const text = (name: string) => values.get(name) || null;
  const count = (name: string) =>
    /^\d{1,15}$/.test(values.get(name) ?? '') ? Number(values.get(name)) : null;
  return {
    id: text('Id'),
    loadState: text('LoadState'),
    activeState: text('ActiveState'),
    subState: text('SubState'),
    result: text('Result'),
    mainPid: count('MainPID') || null,
    restarts: count('NRestarts'),
    invocationId: text('InvocationID'),
  };
}

interface Ran {
  /** Null: it was ended, or never began. */
  readonly code: number | null;
  readonly output: string;
  readonly words: string;
}

/** Runs a program of the list, with nothing of this process's environment. Never rejects. */
function run(program: string, args: readonly string[], timeout: number, signal?: AbortSignal): Promise<Ran> {
  const options = {
    ...{ cwd: '/', timeout, maxBuffer: MAX_OUTPUT_BYTES, shell: false, killSignal: 'SIGKILL' as const },
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' },
    ...(signal && { signal }),
  };
  return new Promise((resolve) => {
    execFile(program, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      const said =
        stderr.trim() || (error && code === null ? String(error.code ?? error.signal ?? error.message) : '');
      resolve({ code, output: stdout, words: wordsIn(said) });
    });
  });
}

function wordsIn(text: string): string {
  return (
    text
      .replaceAll(/\p{Cc}+/gu, ' ')
      .toWellFormed()
      .slice(0, MAX_WORDS)
      .toWellFormed() || 'without a word'
  );
}
