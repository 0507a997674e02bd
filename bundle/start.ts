import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { bundlesOf, ENTRY, stampOf } from './stamp.ts';

/** A busy machine takes long for it. */
const BUILD_MS = 120_000;

/** Threads that allocate at once share so many arenas of the C library; each keeps what it was once given. */
const ARENAS = '2';

/**
 * Starts the server of this tree in this process: from the bundle of the sources as they are, which is made first where there is none;
 * from the sources where none can be made, with the reason in the log. (A bundle starts in a third of the time.)
 *
 * @param isOwn whether the process was started for nothing else. What another program did before it loaded this would be lost with it,
 *   and what `--eval` has would run again, for ever.
 */
export async function startServer(root: string, isOwn: boolean): Promise<void> {
  // npm may end while a bundle is made, and nobody would ever stop the server: it reads this (`npmAbove`), as what it becomes.
  if (isOwn) process.env.ECHO_STARTED_BY = `${process.pid}:${process.ppid}`;
  const bundle = asksOnly() ? null : await bundleOf(root);
  if (bundle && isOwn) becomes(bundle);
  await import(pathToFileURL(bundle ?? join(root, 'src', 'main.ts')).href);
}

/**
 * Goes on as that program, with the same process id, options and streams: what it took to get here (a compiler of WebAssembly that takes
 * the types out of this file) would stay in the memory of the server. Returns where the system cannot do that.
 */
function becomes(program: string): void {
  // A parent that talks to this process over a channel would lose it; threads, and who may start no processes, cannot.
  const mayNot = process.channel || !isMainThread || process.permission?.has('child') === false;
  if (!process.execve || mayNot) return;
  process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, program, ...process.argv.slice(2)],
    {
      MALLOC_ARENA_MAX: ARENAS,
      ...process.env,
    },
  );
}

/** Whoever asks how it is used, or mistypes an option, waits for nothing. */
const asksOnly = () => process.argv.slice(2).some((argument) => argument !== '--no-migrate');

async function bundleOf(root: string): Promise<string | null> {
  const entry = join(bundlesOf(root), stampOf(root), ENTRY);
  if (existsSync(entry)) return entry;
  tell(30, 'the program is put together; this takes some seconds, once');
  try {
    // In a process of its own: what makes it would stay in the memory of the server.
    await promisify(execFile)(process.execPath, [join(root, 'scripts', 'build.ts'), 'server'], {
      timeout: BUILD_MS,
    });
    return entry;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const reason = /^.*Error: .*$/m.exec(stderr)?.[0] ?? message.split('\n', 1)[0];
    tell(40, `no bundle could be made, so the sources are run as they are: ${reason}`);
    return null;
  }
}

/** A line of the log, whose library is part of what is started. */
function tell(level: number, msg: string): void {
  const time = new Date().toISOString();
  process.stdout.write(`${JSON.stringify({ level, time, service: 'echo-brain', msg })}\n`);
}
