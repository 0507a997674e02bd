import { evaluateCommand } from '../bench/evaluate/command.ts';

/** Measures how much of what was said memory finds again; see bench/evaluate. */
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
const print = (line: string) => process.stdout.write(`${line}\n`);
process.exitCode = await evaluateCommand(process.argv.slice(2), print, ending.signal);
