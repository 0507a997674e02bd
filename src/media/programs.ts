import { execFile, spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders in which programs are looked for that the configuration doesn't name. */
export const PROGRAM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/opt/homebrew/bin'];
const MAX_OUTPUT_BYTES = 32 * 2 ** 20;
/** The end of what a program complains about. */
const MAX_COMPLAINTS = 4_000;
const ENVIRONMENT = { PATH: PROGRAM_FOLDERS.join(':'), LC_ALL: 'C', TZ: 'UTC' };

/** Where a program is: as configured, else in the usual folders; null: nowhere. */
export async function findProgram(configured: string | null, name: string): Promise<string | null> {
  const candidates = configured ? [configured] : PROGRAM_FOLDERS.map((folder) => join(folder, name));
  for (const candidate of candidates) {
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  return null;
}

/**
 * What a program writes, run without a shell and without the server's environment.
 *
 * @throws Error with the last line of what it complained about
 */
export function runProgram(path: string, args: readonly string[], timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    execFile(
      path,
      args,
      {
        encoding: 'buffer',
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT_BYTES,
        windowsHide: true,
        env: ENVIRONMENT,
      },
      (error, output, complaints) => {
        if (!error) resolve(output);
        else reject(new Error(error.killed ? `took more than ${timeoutMs} ms` : lastLine(complaints)));
      },
    );
  });
}

/** How a program ended by itself. */
export interface ProgramEnd {
  readonly code: number | null;
  /** The signal that ended it; null: none did. */
  readonly killedBy: string | null;
  readonly complaints: string;
}

/**
 * Runs a program that takes long, without a shell and without the server's environment.
 *
 * @param signal whose abortion kills it
 * @param onOutput gets what it writes as it comes
 * @throws the reason of the signal; Error where it cannot be started
 */
export function watchProgram(
  path: string,
  args: readonly string[],
  { signal, onOutput }: { readonly signal: AbortSignal; readonly onOutput: (text: string) => void },
): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(path, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: ENVIRONMENT,
      windowsHide: true,
    });
    const kill = () => void child.kill('SIGKILL');
    signal.addEventListener('abort', kill, { once: true });
    let complaints = '';
    child.stdout.setEncoding('utf8').on('data', onOutput);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-MAX_COMPLAINTS);
    });
    child.once('error', (error) => {
      signal.removeEventListener('abort', kill);
      reject(error);
    });
    child.once('close', (code, killedBy) => {
      signal.removeEventListener('abort', kill);
      if (signal.aborted) reject(signal.reason);
      else resolve({ code, killedBy, complaints });
    });
  });
}

/** Without the names of files, which begin its lines. */
function lastLine(complaints: Buffer): string {
  const line = complaints.toString().trim().split('\n').at(-1) ?? '';
  return line.replace(/^.*\/proc\/\d+\/fd\/\d+:\s*/, '').slice(0, 300) || 'ended without an answer';
}
