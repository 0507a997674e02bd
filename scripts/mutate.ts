import { mutateCommand } from '../mutation/run.ts';
import { printHere } from '../src/ground/command.ts';

/** Breaks the sources in many small ways and looks whether the tests notice; see mutation/run.ts for the options. */
process.exitCode = await mutateCommand(process.argv.slice(2), printHere);
