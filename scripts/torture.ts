import { tortureCommand } from '../torture/command.ts';
import { runScript } from './run-script.ts';

/** Kills, freezes and cuts a server under load and checks what it promised; see torture/options.ts for the options. */
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort()).once('SIGTERM', () => interrupted.abort());
await runScript((args, print) => tortureCommand(args, print, interrupted.signal));
