import { auditCommand } from '../src/domains/audit/command.ts';
import { runScript } from '../src/ground/command.ts';
import { withServices } from './with-services.ts';

/** Prints or checks the audit log; see `npm run audit`. */
await runScript((args, print) => auditCommand(args, withServices, print));
