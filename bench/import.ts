import { benchImport } from './import/run.ts';

/** Measures an import of a large export that is killed on its way; see `--help`. */
await benchImport(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
