import { runScript } from '../scripts/run-script.ts';
import { EXIT } from '../src/ground/command.ts';
import { runBench } from './compare/command.ts';

/** `npm run bench`. */
await runScript(async (args, print) => ((await runBench(args, print)) ? EXIT.done : EXIT.usage));
