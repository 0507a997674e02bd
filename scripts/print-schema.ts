import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT, runPlainCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE =
  'usage: npm run schema    writes schema.graphql, which is committed so that reviews see changes of the surface';

/** Writes schema.graphql; see `npm run schema`. */
await runScript((args, print) =>
  runPlainCommand(USAGE, args, print, async () => {
    const { lexicographicSortSchema, printSchema } = await import('graphql');
    const { wholeSchema } = await import('../src/lists/schema.ts');
    const file = resolve(import.meta.dirname, '..', 'schema.graphql');
    writeFileSync(file, `${printSchema(lexicographicSortSchema(wholeSchema()))}\n`);
    print(`wrote ${file}`);
    return EXIT.done;
  }),
);
