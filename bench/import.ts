import { parseArgs } from 'node:util';
import { runScript } from '../scripts/run-script.ts';
import { EXIT, runCommand } from '../src/ground/command.ts';

const USAGE = `usage: npm run bench:import -- [--megabytes 300] [--kills 5] [--server-kills 1] [--seed 1] [--port 4330]
Writes an export of ChatGPT, imports it through a server that npm start runs, kills the import and the server meanwhile, and
imports it again: how fast that is, what it takes of memory, and whether every turn is there once.`;

/** Measures an import of a large export that is killed on its way. */
await runScript((args, print) =>
  runCommand(USAGE, args, print, async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        megabytes: { type: 'string', default: '300' },
        kills: { type: 'string', default: '5' },
        'server-kills': { type: 'string', default: '1' },
        seed: { type: 'string', default: '1' },
        port: { type: 'string', default: '4330' },
      },
    });
    const { benchImport } = await import('./import/run.ts');
    await benchImport(values, print);
    return EXIT.done;
  }),
);
