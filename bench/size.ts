import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runScript } from '../scripts/run-script.ts';
import { EXIT, runCommand } from '../src/ground/command.ts';

const USAGE = `usage: npm run bench:size -- [--rounds 5] [--queries 1000] [--trees .,../other] [--databases external,embedded]
Starts the server as npm start does, in rounds that take turns, on a database that is there already: seconds until it listens,
memory then, after five idle seconds and after so many queries; and what is installed. Other trees (checkouts with node_modules, or what
npm run pack made) are measured beside this one. Prints medians, then every figure as a line of JSON.`;

/** Measures what a server takes of time, memory and disk. */
await runScript((args, print) =>
  runCommand(USAGE, args, print, async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '5' },
        queries: { type: 'string', default: '1000' },
        trees: { type: 'string', default: resolve(import.meta.dirname, '..') },
        databases: { type: 'string', default: 'external,embedded' },
      },
    });
    const { benchSize } = await import('./size/run.ts');
    await benchSize(values, print);
    return EXIT.done;
  }),
);
