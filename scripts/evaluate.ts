import { parseArgs } from 'node:util';
import { runCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE = `usage: npm run evaluate -- --data FILE [--learn] [--out FILE] [--history FILE]
Records the dialogues of FILE in a server of its own (a fresh directory, deleted afterwards; the configuration is
otherwise that of the environment), asks their questions through memorySearch, and prints how much of the evidence
was found, and what has changed since the last run of the same questions. --learn lets it learn facts first. --out
writes one line of JSON for each question: question_id, ranked, ms. Runs are kept as lines of DATA_DIR/evaluations.jsonl,
or of the file that --history names.`;

/** Measures how much of what was said memory finds again; see bench/evaluate. */
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
await runScript((args, print) =>
  runCommand(USAGE, args, print, async () => {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      args: [...args],
      options: { data: text, out: text, history: text, learn: { type: 'boolean', default: false } },
    });
    const { data } = values;
    if (data === undefined) return null;
    const { evaluateCommand } = await import('../bench/evaluate/command.ts');
    return evaluateCommand({ ...values, data }, print, ending.signal);
  }),
);
