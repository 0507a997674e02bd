import { adoptCommand } from '../src/adoption/command.ts';
import { runScript, writerOf } from './run-script.ts';
import { reachHere } from './with-services.ts';

/** `npm run adopt`: copies an older database into the server named by --url, else into that of this configuration. */
await runScript(async (args, print) => {
  const { connect } = await reachHere();
  return adoptCommand(args, { connect, stdout: writerOf(print), stderr: process.stderr });
});
