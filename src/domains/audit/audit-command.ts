import { parseArgs } from 'node:util';
import { LOCAL_PRINCIPAL } from '../../access/principals.ts';
import { EXIT, runCommand, type WithServices } from '../../ground/command.ts';
import type { AuditLog } from './audit.ts';

const USAGE = `usage: npm run audit -- export [--tenant ID]    prints the audit log as JSON Lines
       npm run audit -- verify                   compares it with its hash chain; exit code 1 if it does not fit
Works beside a server that runs on the same DATA_DIR, too.`;
const PAGE = 1_000;

/** `npm run audit`. @returns the exit code */
export function auditCommand(
  args: readonly string[],
  withServices: WithServices<{ readonly audit: AuditLog }>,
  print: (line: string) => void,
): Promise<number> {
  return runCommand(USAGE, args, print, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { tenant: { type: 'string', default: LOCAL_PRINCIPAL.tenantId } },
    });
    const [command, ...more] = positionals;
    if (more.length > 0) return null;
    if (command === 'verify') return withServices(({ audit }) => verify(audit, print));
    if (command !== 'export') return null;
    return withServices(({ audit }) => printAll(audit, values.tenant, print));
  });
}

async function verify(audit: AuditLog, print: (line: string) => void): Promise<number> {
  await audit.flush();
  const found = await audit.verify();
  print(JSON.stringify(found));
  return found.broken.length > 0 || found.wrongNames > 0 ? EXIT.failed : EXIT.done;
}

async function printAll(audit: AuditLog, tenantId: string, print: (line: string) => void): Promise<number> {
  for (let after = 0n; ; ) {
    const entries = await audit.entries(tenantId, after, PAGE);
    for (const entry of entries) print(JSON.stringify(entry));
    const last = entries.at(-1);
    if (!last || entries.length < PAGE) return EXIT.done;
    after = BigInt(last.id);
  }
}
