import { parseArgs } from 'node:util';
import { runScript } from '../scripts/run-script.ts';
import { EXIT, runCommand } from '../src/ground/command.ts';

const USAGE = `usage: npm run bench:memory -- [--sizes 1000,11245,100000] [--users 1] [--queries 300] [--seed 1]
Fills the memory of users in a server of its own up to each size (turns of one user), and measures at each: what
indexing costs, what a search costs through the API, and whether any statement of a search scans a table.`;

/** Measures memory search and its index as they grow. */
await runScript((args, print) =>
  runCommand(USAGE, args, print, async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        sizes: { type: 'string', default: '1000,11245,100000' },
        users: { type: 'string', default: '1' },
        queries: { type: 'string', default: '300' },
        seed: { type: 'string', default: '1' },
      },
    });
    const { benchMemory } = await import('./memory/run.ts');
    await benchMemory(values, print);
    return EXIT.done;
  }),
);
