import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { dependenciesPage } from '../bundle/dependencies.ts';
import { EXIT, runPlainCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE =
  'usage: npm run docs:dependencies    writes docs/dependencies.md: what each is for, and what it costs';

/** Writes the page of what the server is made with; see `npm run docs:dependencies`. */
await runScript((args, print) =>
  runPlainCommand(USAGE, args, print, async () => {
    const root = resolve(import.meta.dirname, '..');
    writeFileSync(resolve(root, 'docs/dependencies.md'), dependenciesPage(root));
    print('wrote docs/dependencies.md');
    return EXIT.done;
  }),
);
