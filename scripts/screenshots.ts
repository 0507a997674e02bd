import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, runCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE = `usage: npm run screenshots [-- URL]    takes pictures of the dashboard of a running server; CHROMIUM names the browser`;
const DIRECTORY = resolve(import.meta.dirname, '..', 'docs', 'images');
const WIDE = { width: 1280, height: 860 };
const PICTURES = [
  { name: 'now-light', path: 'now', viewport: WIDE, colorScheme: 'light' },
  { name: 'now-dark', path: 'now', viewport: WIDE, colorScheme: 'dark' },
  { name: 'now-mobile', path: 'now', viewport: { width: 360, height: 760 }, colorScheme: 'dark' },
] as const;
/** So long figures are gathered for the charts. */
const GATHERING_MS = 40_000;

/** Pictures of the dashboard; see `npm run screenshots`. */
await runScript((args, print) =>
  runCommand(USAGE, args, print, async () => {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
    const [url = 'http://127.0.0.1:4000', ...more] = positionals;
    if (more.length > 0) return null;
    const { chromium } = await import('playwright-core');
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    await mkdir(DIRECTORY, { recursive: true });
    await Promise.all(
      PICTURES.map(async ({ name, path, ...look }) => {
        const page = await browser.newPage(look);
        await page.goto(`${url}/dashboard/${path}`);
        await page.waitForTimeout(GATHERING_MS);
        const file = join(DIRECTORY, `dashboard-${name}.png`);
        await page.screenshot({ path: file });
        print(`wrote ${file}`);
      }),
    );
    await browser.close();
    return EXIT.done;
  }),
);
