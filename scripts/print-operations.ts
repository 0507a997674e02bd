import { resolve } from 'node:path';
import { EXIT, runPlainCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE = `usage: npm run operations    writes dashboard/operations.ts, the typed operations of the dashboard`;

/** Writes dashboard/operations.ts; see `npm run operations`. */
await runScript((args, print) =>
  runPlainCommand(USAGE, args, print, async () => {
    const root = resolve(import.meta.dirname, '..');
    const { writeOperations } = await import('../bundle/operations.ts');
    print(`wrote ${writeOperations(root)}`);
    return EXIT.done;
  }),
);
