import { parseArgs } from 'node:util';
import { runScript } from '../scripts/run-script.ts';
import { EXIT, runCommand } from '../src/ground/command.ts';

const USAGE = `usage: npm run bench:backup -- [--turns 200000] [--kills] [--seed 1]
Records turns in a server of its own, backs it up, verifies and restores the backup, and says what each took, and what it cost those
who recorded turns meanwhile. With --kills the server is killed in each phase of a backup, and the command in the middle of a
restore; what is left is looked at, and both go on.`;

/** Measures backups and restores of many turns, with kills in each phase. */
await runScript((args, print) =>
  runCommand(USAGE, args, print, async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        turns: { type: 'string', default: '200000' },
        seed: { type: 'string', default: '1' },
        kills: { type: 'boolean', default: false },
      },
    });
    const { benchBackup } = await import('./backup/run.ts');
    await benchBackup(values, print);
    return EXIT.done;
  }),
);
