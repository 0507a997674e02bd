import { benchSize } from './size/run.ts';

/** Measures what a server takes of time, memory and disk; see `--help`. */
await benchSize(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
