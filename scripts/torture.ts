import { printHere } from '../src/ground/command.ts';
import { tortureCommand } from '../torture/command.ts';

/** Kills, freezes and cuts a server under load and checks what it promised; see torture/options.ts for the options. */
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort()).once('SIGTERM', () => interrupted.abort());
process.exitCode = await tortureCommand(process.argv.slice(2), printHere, interrupted.signal);
