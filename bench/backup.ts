import { benchBackup } from './backup/run.ts';

/** Measures backups and restores of many turns, with kills in each phase; see `--help`. */
await benchBackup(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
