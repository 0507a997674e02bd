import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

/** Pictures of the dashboard of a running server: `npm run screenshots [URL]`; CHROMIUM names the browser. */
const [url = 'http://127.0.0.1:4000'] = process.argv.slice(2);
const directory = resolve(import.meta.dirname, '..', 'docs', 'images');
const wide = { width: 1280, height: 860 };
const pictures = [
  { name: 'now-light', path: 'now', viewport: wide, colorScheme: 'light' },
  { name: 'now-dark', path: 'now', viewport: wide, colorScheme: 'dark' },
  { name: 'now-mobile', path: 'now', viewport: { width: 360, height: 760 }, colorScheme: 'dark' },
] as const;
/** So long figures are gathered for the charts. */
const GATHERING_MS = 40_000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
await mkdir(directory, { recursive: true });
await Promise.all(
  pictures.map(async ({ name, path, ...look }) => {
    const page = await browser.newPage(look);
    await page.goto(`${url}/dashboard/${path}`);
    await page.waitForTimeout(GATHERING_MS);
    await page.screenshot({ path: join(directory, `dashboard-${name}.png`) });
  }),
);
await browser.close();
