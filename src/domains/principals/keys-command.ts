import { parseArgs } from 'node:util';
import { LOCAL_PRINCIPAL } from '../../access/principals.ts';
import type { ApiKeyRow } from '../../access/tables.ts';
import { EXIT, runCommand, type WithServices } from '../../ground/command.ts';
import { createApiKey, type PrincipalServices, revokeApiKey } from './principals.ts';

const USAGE = `usage: npm run keys -- COMMAND
  create --name NAME [--user ID] [--role USER|ANALYST|SERVICE|ADMIN] [--permission READ|WRITE|METRICS|INTROSPECT|ADMIN]
         [--days NUMBER] [--tenant ID]
                   makes a key and shows it this once; --role and --permission may be repeated
  list [--tenant ID]    shows what is kept of keys
  revoke KEYID [--tenant ID]
Works beside a server that runs on the same DATA_DIR, too.`;
const DAY_MS = 86_400_000;

/**
 * `npm run keys`: keys for an operator, without any key to show.
 *
 * @returns the exit code
 */
export function keysCommand(
  args: readonly string[],
  withServices: WithServices<PrincipalServices>,
  print: (line: string) => void,
): Promise<number> {
  return runCommand(USAGE, args, print, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        user: { type: 'string' },
        role: { type: 'string', multiple: true },
        permission: { type: 'string', multiple: true },
        days: { type: 'string' },
        tenant: { type: 'string', default: LOCAL_PRINCIPAL.tenantId },
      },
    });
    const [command, keyId = ''] = positionals;
    const operator = { ...LOCAL_PRINCIPAL, tenantId: values.tenant };
    if (command === 'create')
      await withServices(async (services) => {
        const { key, row } = await createApiKey(services, operator, {
          name: values.name ?? '',
          userId: values.user,
          roles: values.role as ApiKeyRow['roles'] | undefined,
          permissions: values.permission as ApiKeyRow['permissions'] | undefined,
          expiresAt: values.days === undefined ? null : new Date(Date.now() + Number(values.days) * DAY_MS),
        });
        print(describe(row));
        print(`the key, which is not shown again: ${key}`);
      });
    else if (command === 'list')
      await withServices(async ({ access }) => {
        for (const row of await access.apiKeys.list(values.tenant)) print(describe(row));
      });
    else if (command === 'revoke') {
      // As list shows it, or its public part alone.
      const [, publicPart = keyId] = /^echo_([^_]*)/.exec(keyId) ?? [];
      await withServices(async (services) =>
        print(describe(await revokeApiKey(services, operator, publicPart))),
      );
    } else return null;
    return EXIT.done;
  });
}

function describe(row: ApiKeyRow): string {
  const state = row.revokedAt
    ? `revoked ${row.revokedAt.toISOString()}`
    : row.expiresAt
      ? `until ${row.expiresAt.toISOString()}`
      : 'valid';
  const rights = `${row.roles.join('+')}: ${row.permissions.join(', ')}`;
  return `echo_${row.keyId}_…${row.lastFour}  ${row.userId}  ${rights}  ${state}  ${row.name}`;
}
