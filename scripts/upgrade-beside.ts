import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { upgradeBeside } from '../tests/support/upgrades/beside.ts';

/** A server of an earlier commit goes on beside one of today, on one database. */
const [commit = 'HEAD~1'] = process.argv.slice(2);
await upgradeBeside(commit, join(tmpdir(), 'echo-earlier-versions'), (line) =>
  process.stdout.write(`${line}\n`),
);
