import { readFileSync } from 'node:fs';

/** Of the server, as clients are told it. */
export const { version: VERSION } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };
