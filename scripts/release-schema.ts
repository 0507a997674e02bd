import { copyFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Takes the schema as it is for what clients have, with a release: later changes are checked against it. */
const root = resolve(import.meta.dirname, '..');
copyFileSync(resolve(root, 'schema.graphql'), resolve(root, 'schema', 'released.graphql'));
writeFileSync(resolve(root, 'schema', 'accepted.json'), '[]\n');
