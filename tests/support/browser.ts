import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

/** What `faultsOf` asks; a page loads it as an init script. */
export const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where a Chromium of this machine is; null where there is none, and what needs one is left out. */
export const CHROMIUM = [process.env.CHROMIUM, ...PLACES].find((path) => path && existsSync(path)) ?? null;

/** Starts it without a window. */
export function startBrowser(): Promise<Browser> {
  if (!CHROMIUM) throw new Error('no Chromium is installed; CHROMIUM may name one');
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** What axe finds, and whether the page is wider than the window; with all tables beside charts opened. */
export function faultsOf(seen: Page, rules: 'all' | 'colours'): Promise<string[]> {
  return seen.evaluate(async (rules) => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    for (const details of document.querySelectorAll('details')) details.open = true;
    const { violations } = await axe.run(
      rules === 'all'
        ? { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }
        : { runOnly: { type: 'rule', values: ['color-contrast'] } },
    );
    const isWide = document.documentElement.scrollWidth > innerWidth;
    return [
      ...violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
      ...(isWide ? ['the page is wider than the window'] : []),
    ];
  }, rules);
}
