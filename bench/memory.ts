import { benchMemory } from './memory/run.ts';

/** Measures memory search and its index as they grow; see `--help`. */
await benchMemory(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
