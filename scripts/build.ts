import { resolve } from 'node:path';
import { makeBundle } from '../bundle/bundle.ts';
import { makeDashboard } from '../bundle/dashboard.ts';

/**
 * Makes the bundle that `npm start` runs, and the dashboard that it serves; see `npm run build`. Told `server` or `dashboard`, only
 * that. The last line of its output is where the latest is.
 */
const root = resolve(import.meta.dirname, '..');
const [only] = process.argv.slice(2);
if (only !== 'dashboard') process.stdout.write(`${await makeBundle(root)}\n`);
if (only !== 'server') process.stdout.write(`${await makeDashboard(root)}\n`);
