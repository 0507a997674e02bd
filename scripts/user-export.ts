import { userExportCommand } from '../src/import/user-export.ts';
import { runScript } from './run-script.ts';
import { reachHere } from './with-services.ts';

/** `npm run export`, `npm run restore`: a user's whole memory as a file, and back. */
await runScript(async ([kind, ...args], print) => {
  const { connect } = await reachHere();
  return userExportCommand(kind === 'restore' ? 'restore' : 'export', args, { connect, print });
});
