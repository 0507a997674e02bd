import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { documentedSettings, envExample } from '../bundle/env-example.ts';

/** Writes `.env.example`; see `npm run settings`. */
const root = resolve(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');
writeFileSync(join(root, '.env.example'), envExample(documentedSettings(page)));
