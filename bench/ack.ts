import { runScript } from '../scripts/run-script.ts';
import { EXIT, runPlainCommand } from '../src/ground/command.ts';

const USAGE =
  'usage: npm run bench:ack    measures what the journal costs an acknowledgement: the same turn stored in four ways';

/** Measures what the journal costs an acknowledgement. */
await runScript((args, print) =>
  runPlainCommand(USAGE, args, print, async () => {
    await import('./ack/run.ts');
    return EXIT.done;
  }),
);
