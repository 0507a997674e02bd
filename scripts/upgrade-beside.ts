import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, runCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE = `usage: npm run upgrade-beside [-- COMMIT]    a server of an earlier commit (HEAD~1) goes on beside one of today, on one database`;

/** Sees two versions on one database; see `npm run upgrade-beside`. */
await runScript((args, print) =>
  runCommand(USAGE, args, print, async () => {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
    const [commit = 'HEAD~1', ...more] = positionals;
    if (more.length > 0) return null;
    const { upgradeBeside } = await import('../tests/support/upgrades/beside.ts');
    await upgradeBeside(commit, join(tmpdir(), 'echo-earlier-versions'), print);
    return EXIT.done;
  }),
);
