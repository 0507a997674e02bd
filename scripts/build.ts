import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, runCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE = `usage: npm run build [-- server|dashboard]    makes the bundle that npm start runs, and the dashboard that it serves

Told one of them, only that, and nothing of the other is loaded: who starts a server needs no Vite. The last line of what each prints is
where the latest is.`;

/** Makes the bundle and the dashboard; see `npm run build`. */
await runScript((args, print) =>
  runCommand(USAGE, args, print, async () => {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
    const [only, ...more] = positionals;
    if (more.length > 0 || !['server', 'dashboard', undefined].includes(only)) return null;
    const root = resolve(import.meta.dirname, '..');
    if (only !== 'dashboard') {
      const { makeBundle } = await import('../bundle/bundle.ts');
      print(await makeBundle(root));
    }
    if (only !== 'server') {
      const { makeDashboard } = await import('../bundle/dashboard.ts');
      print(await makeDashboard(root));
    }
    return EXIT.done;
  }),
);
