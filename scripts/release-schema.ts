import { copyFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT, runPlainCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE = `usage: npm run schema:release    takes schema.graphql for what clients have, with a release: later changes are checked against it`;

/** Takes the schema as it is for that of a release; see `npm run schema:release`. */
await runScript((args, print) =>
  runPlainCommand(USAGE, args, print, async () => {
    const root = resolve(import.meta.dirname, '..');
    const released = resolve(root, 'schema', 'released.graphql');
    copyFileSync(resolve(root, 'schema.graphql'), released);
    writeFileSync(resolve(root, 'schema', 'accepted.json'), '[]\n');
    print(`wrote ${released}; no break of it is accepted`);
    return EXIT.done;
  }),
);
