import { runBench } from './compare/command.ts';

/** `npm run bench`. */
process.exitCode = (await runBench(process.argv.slice(2), console.log)) ? 0 : 2;
