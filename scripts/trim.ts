import { resolve } from 'node:path';
import { trim } from '../bundle/trim.ts';

/** Runs after `npm ci`; does something only where it was told `--omit=dev`. */
const { files, bytes } = trim(resolve(import.meta.dirname, '..'));
if (files > 0)
  process.stdout.write(
    `${files} files that nothing runs were taken away: ${Math.round(bytes / 2 ** 20)} MB\n`,
  );
