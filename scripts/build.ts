import { resolve } from 'node:path';

/**
 * Makes the bundle that `npm start` runs, and the dashboard that it serves; see `npm run build`. Told `server` or `dashboard`, only
 * that, and nothing of the other is loaded: who starts a server needs no Vite. The last line of its output is where the latest is.
 */
const root = resolve(import.meta.dirname, '..');
const [only] = process.argv.slice(2);
if (only !== 'dashboard') {
  const { makeBundle } = await import('../bundle/bundle.ts');
  process.stdout.write(`${await makeBundle(root)}\n`);
}
if (only !== 'server') {
  const { makeDashboard } = await import('../bundle/dashboard.ts');
  process.stdout.write(`${await makeDashboard(root)}\n`);
}
