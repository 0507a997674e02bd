import { figuresCommand } from '../bench/figures/command.ts';
import { printHere } from '../src/ground/command.ts';

/** Measures the project and writes docs/figures.md; see bench/figures. */
process.exitCode = await figuresCommand(process.argv.slice(2), printHere);
