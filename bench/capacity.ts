import { printHere } from '../src/ground/command.ts';
import { capacity } from './capacity/command.ts';

/** Says what breaks first as a memory grows, and what it costs; see `--help`. */
process.exitCode = await capacity(process.argv.slice(2), printHere);
