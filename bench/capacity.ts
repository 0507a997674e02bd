import { runScript } from '../scripts/run-script.ts';
import { capacity } from './capacity/command.ts';

/** Says what breaks first as a memory grows, and what it costs; see `--help`. */
await runScript(capacity);
