import { printHere } from '../src/ground/command.ts';
import { runBench } from './compare/command.ts';

/** `npm run bench`. */
process.exitCode = (await runBench(process.argv.slice(2), printHere)) ? 0 : 2;
