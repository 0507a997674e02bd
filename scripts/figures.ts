import { figuresCommand } from '../bench/figures/command.ts';
import { runScript } from './run-script.ts';

/** Measures the project and writes docs/figures.md; see bench/figures. */
await runScript(figuresCommand);
