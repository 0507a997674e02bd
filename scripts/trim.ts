import { resolve } from 'node:path';
import { shortenManifests } from '../bundle/manifests.ts';
import { trim } from '../bundle/trim.ts';

/** Runs after `npm ci`: shortens manifests; and takes files away only where it was told `--omit=dev`. */
const root = resolve(import.meta.dirname, '..');
shortenManifests(root);
const { files, bytes } = trim(root);
if (files > 0)
  process.stdout.write(
    `${files} files that nothing runs were taken away: ${Math.round(bytes / 2 ** 20)} MB\n`,
  );
