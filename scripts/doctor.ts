import { doctorCommand } from '../src/doctor/doctor.ts';
import { runScript } from './run-script.ts';

/** Says what is wrong with this installation; see `npm run doctor`. */
await runScript(doctorCommand);
