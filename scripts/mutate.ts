import { mutateCommand } from '../mutation/run.ts';
import { runScript } from './run-script.ts';

/** Breaks the sources in many small ways and looks whether the tests notice; see mutation/run.ts for the options. */
await runScript(mutateCommand);
