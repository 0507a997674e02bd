import { runStandalone } from '../src/app.ts';
import { auditCommand } from '../src/domains/principals/audit-command.ts';

/** Prints or checks the audit log; see `npm run audit`. */
await runStandalone(async ({ access }) => {
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  process.exitCode = await auditCommand(process.argv.slice(2), access.audit, print);
});
