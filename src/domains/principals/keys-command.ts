import { parseArgs } from 'node:util';
import { LOCAL_PRINCIPAL } from '../../access/principals.ts';
import type { ApiKeyRow } from '../../access/tables.ts';
import { InvalidInput } from '../../errors.ts';
import { EXIT, JSON_OPTION, printList, runCommand, type WithServices } from '../../ground/command.ts';
import { createApiKey, type PrincipalServices, revokeApiKey } from './principals.ts';

const USAGE = `usage: npm run keys -- COMMAND
  create --name NAME [--user ID] [--role USER|ANALYST|SERVICE|ADMIN] [--permission READ|WRITE|METRICS|INTROSPECT|ADMIN]
         [--days NUMBER] [--tenant ID]
                   makes a key and shows it this once; --role and --permission may be repeated
  list [--tenant ID] [--json]    shows what is kept of keys; --json: a line of JSON each
  revoke KEYID [--tenant ID]
Works beside a server that runs on the same DATA_DIR, too.`;
const DAY_MS = 86_400_000;
/** Ten years. */
const MAX_DAYS = 3_650;

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
        ...JSON_OPTION,
        name: { type: 'string' },
        user: { type: 'string' },
        role: { type: 'string', multiple: true },
        permission: { type: 'string', multiple: true },
        days: { type: 'string' },
        tenant: { type: 'string', default: LOCAL_PRINCIPAL.tenantId },
      },
    });
    const [command, keyId = '', ...more] = positionals;
    if (more.length > 0 || (keyId !== '') !== (command === 'revoke')) return null;
    const operator = { ...LOCAL_PRINCIPAL, tenantId: values.tenant };
    if (command === 'create') {
      const { name, days } = values;
      if (name === undefined) throw new InvalidInput('--name', 'is missing');
      const expiresAt = days === undefined ? null : new Date(Date.now() + daysOf(days) * DAY_MS);
      await withServices(async (services) => {
        const { key, row } = await createApiKey(services, operator, {
          ...{ name, userId: values.user, expiresAt },
          roles: values.role as ApiKeyRow['roles'] | undefined,
          permissions: values.permission as ApiKeyRow['permissions'] | undefined,
        }).catch(inWordsOfOptions);
        print(describe(row));
        print(`the key, which is not shown again: ${key}`);
      });
    } else if (command === 'list')
      await withServices(async ({ access }) => {
        const rows = await access.apiKeys.list(values.tenant);
        const none = `the tenant "${values.tenant}" has no keys`;
        printList(rows, { json: values.json, none, line: describe, shown }, print);
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

function daysOf(given: string): number {
  const days = Number(given);
  if (Number.isInteger(days) && days >= 1 && days <= MAX_DAYS) return days;
  throw new InvalidInput('--days', `must be a whole number from 1 to ${MAX_DAYS}`);
}

const OPTIONS = {
  ...{ name: '--name', userId: '--user', roles: '--role', permissions: '--permission' },
} as const;

/** What was typed is an option, not a field. */
function inWordsOfOptions(error: unknown): never {
  const [, field = '', problem = ''] = /^(\w+)[^:]*: ([\s\S]*)$/.exec((error as Error).message) ?? [];
  if (!(error instanceof InvalidInput) || !(field in OPTIONS)) throw error;
  throw new InvalidInput(OPTIONS[field as keyof typeof OPTIONS], problem);
}

/** Without the hash. */
function shown(row: ApiKeyRow) {
  const { keyId, lastFour, name, userId, roles, permissions } = row;
  const { createdAt, createdBy, expiresAt, revokedAt, lastUsedAt } = row;
  const times = { createdAt, createdBy, expiresAt, revokedAt, lastUsedAt };
  return { keyId, lastFour, name, userId, roles, permissions, ...times };
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
