import { resolve } from 'node:path';
import { EXIT, runPlainCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE = `usage: npm run pack    puts together what a machine needs that only runs the server; the last line is where it is`;

/** What a machine needs that only runs the server; see `npm run pack`. */
await runScript((args, print) =>
  runPlainCommand(USAGE, args, print, async () => {
    const { pack } = await import('../bundle/pack.ts');
    print(await pack(resolve(import.meta.dirname, '..')));
    return EXIT.done;
  }),
);
