import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFixtures } from '../tests/support/upgrades/make.ts';
import { VERSIONS } from '../tests/support/upgrades/versions.ts';

/** Makes what earlier versions left (`tests/upgrades.test.ts`): of the commits that are named, else of all. */
const commits = process.argv.slice(2);
await makeFixtures(
  commits.length > 0 ? commits : VERSIONS.map((version) => version.split('-')[1] ?? ''),
  join(tmpdir(), 'echo-earlier-versions'),
  (line) => process.stdout.write(`${line}\n`),
);
