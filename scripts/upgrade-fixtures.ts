import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, runCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE = `usage: npm run upgrade-fixtures [-- COMMIT...]    makes what earlier versions left (tests/upgrades.test.ts): of these, or of all`;

/** Makes what earlier versions left; see `npm run upgrade-fixtures`. */
await runScript((args, print) =>
  runCommand(USAGE, args, print, async () => {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
    const { makeFixtures } = await import('../tests/support/upgrades/make.ts');
    const { VERSIONS } = await import('../tests/support/upgrades/versions.ts');
    const all = VERSIONS.map((version) => version.split('-')[1] ?? '');
    const commits = positionals.length > 0 ? positionals : all;
    await makeFixtures(commits, join(tmpdir(), 'echo-earlier-versions'), print);
    return EXIT.done;
  }),
);
