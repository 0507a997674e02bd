import { userExportCommand } from '../src/import/user-export.ts';
import { runScript } from './run-script.ts';
import { connectHere } from './with-services.ts';

/** `npm run export`, `npm run restore`: a user's whole memory as a file, and back. */
await runScript(([kind, ...args], print) =>
  userExportCommand(kind === 'restore' ? 'restore' : 'export', args, { connect: connectHere, print }),
);
