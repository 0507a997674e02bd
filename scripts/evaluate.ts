import { evaluateCommand } from '../bench/evaluate/command.ts';

/** Measures how much of what was said memory finds again; see bench/evaluate. */
process.exitCode = await evaluateCommand(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
