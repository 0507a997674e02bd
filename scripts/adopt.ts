import { adoptCommand } from '../src/adoption/command.ts';
import { runScript, writerOf } from './run-script.ts';
import { connectHere } from './with-services.ts';

/** `npm run adopt`: copies an older database into the server named by --url, else into that of this configuration. */
await runScript((args, print) =>
  adoptCommand(args, { connect: connectHere, stdout: writerOf(print), stderr: process.stderr }),
);
