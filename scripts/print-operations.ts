import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { operationsModule } from '../bundle/operations.ts';

/** Writes dashboard/operations.ts; see `npm run operations`. */
const root = resolve(import.meta.dirname, '..');
writeFileSync(resolve(root, 'dashboard', 'operations.ts'), operationsModule(root));
