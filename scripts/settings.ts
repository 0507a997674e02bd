import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { documentedSettings, envExample } from '../bundle/env-example.ts';
import { EXIT, runPlainCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE = 'usage: npm run settings    writes .env.example, by docs/configuration.md';

/** Writes `.env.example`; see `npm run settings`. */
await runScript((args, print) =>
  runPlainCommand(USAGE, args, print, async () => {
    const root = resolve(import.meta.dirname, '..');
    const page = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');
    const file = join(root, '.env.example');
    writeFileSync(file, envExample(documentedSettings(page)));
    print(`wrote ${file}`);
    return EXIT.done;
  }),
);
