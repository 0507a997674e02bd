import type { Config } from '../../src/config.ts';
import { restoreCommand } from '../../src/domains/backups/restore-command.ts';
import { ClosingStack } from '../../src/jobs/ending.ts';
import { DUTIES } from '../../src/lists/duties.ts';
import { createLogger } from '../../src/log.ts';
import { openRestorePorts } from '../../src/ports.ts';

const log = createLogger('silent');

/** Runs the command that restores a backup. @returns its exit code and what it printed */
export async function restore(config: Config, ...args: string[]) {
  const lines: string[] = [];
  const withParts: Parameters<typeof restoreCommand>[1] = async (work) => {
    const closing = new ClosingStack(log);
    try {
      return await work({ ...(await openRestorePorts(config, log, closing)), duties: DUTIES });
    } finally {
      await closing.close();
    }
  };
  const code = await restoreCommand(args, withParts, (line) => lines.push(line));
  return { code, said: lines.join('\n') };
}
