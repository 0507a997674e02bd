import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where a Chromium of this machine is; null where there is none, and what needs one is left out. */
export const CHROMIUM = [process.env.CHROMIUM, ...PLACES].find((path) => path && existsSync(path)) ?? null;

/** Starts it without a window. */
export function startBrowser(): Promise<Browser> {
  if (!CHROMIUM) throw new Error('no Chromium is installed; CHROMIUM may name one');
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
