import { benchDashboards } from './dashboards/run.ts';

/** Measures what open dashboards cost a server; see `--help`. */
await benchDashboards(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
