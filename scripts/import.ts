import { join } from 'node:path';
import { runScript, writerOf } from './run-script.ts';
import { reachHere } from './with-services.ts';

/** On a busy machine the rest takes long to load, and silence looks like a program that hangs. */
const isSlow = setTimeout(() => process.stderr.write('starting\n'), 1_000);

/** Imports a file through the server named by --url, else through that of this configuration, running or not. */
await runScript(async (args, print) => {
  const { importCommand } = await import('../src/import/command.ts');
  const open = async () => {
    const { config, log, connect } = await reachHere();
    clearTimeout(isSlow);
    return { ownUrl: config.url, log, connect, checkpointDirectory: join(config.dataDirectory, 'import') };
  };
  return importCommand(args, { open, stdout: writerOf(print), stderr: process.stderr });
});
clearTimeout(isSlow);
