import { runScript } from '../scripts/run-script.ts';
import { EXIT, runPlainCommand } from '../src/ground/command.ts';

const USAGE =
  'usage: npm run bench:openai    measures what memory costs a program that speaks the OpenAI protocol: a model alone, and through /v1';

/** Measures what memory costs a program that speaks the OpenAI protocol. */
await runScript((args, print) =>
  runPlainCommand(USAGE, args, print, async () => {
    await import('./openai/run.ts');
    return EXIT.done;
  }),
);
