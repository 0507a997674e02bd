import { parseArgs } from 'node:util';
import { LOCAL_PRINCIPAL } from '../../access/principals.ts';
import { EXIT, JSON_OPTION, printList, runCommand, type WithServices } from '../../ground/command.ts';
import { parseInput, userId } from '../../ground/input.ts';
import { enrol } from './authenticators.ts';
import {
  type Credential,
  type CredentialServices,
  deleteCredential,
  listCredentials,
  requireSealer,
  storeCredential,
} from './credentials.ts';

const USAGE = `usage: npm run secrets -- COMMAND
  enrol [--user ID] [--tenant ID]    gives an admin an authenticator (TOTP), which reading secrets needs
  store NAME [--tenant ID]           keeps what stands on standard input, encrypted
  list [--tenant ID] [--json]        shows what is kept, without values; --json: a line of JSON each
  delete NAME [--tenant ID]
Works beside a server that runs on the same DATA_DIR, too.`;

/**
 * `npm run secrets`: stored credentials, and the authenticators of those who may read them.
 *
 * @param input what `store` keeps; a line break at its end is left out
 * @returns the exit code
 */
export function secretsCommand(
  args: readonly string[],
  withServices: WithServices<CredentialServices>,
  input: () => Promise<string>,
  print: (line: string) => void,
): Promise<number> {
  return runCommand(USAGE, args, print, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...JSON_OPTION,
        user: { type: 'string', default: LOCAL_PRINCIPAL.userId },
        tenant: { type: 'string', default: LOCAL_PRINCIPAL.tenantId },
      },
    });
    const [command, name = '', ...more] = positionals;
    if (more.length > 0 || (name !== '') !== (command === 'store' || command === 'delete')) return null;
    const operator = { ...LOCAL_PRINCIPAL, tenantId: values.tenant };
    if (command === 'enrol')
      await withServices(async ({ db, sealer }) => {
        const owner = { tenantId: values.tenant, userId: parseInput(userId, values.user, '--user') };
        const address = await enrol(db, requireSealer(sealer), owner);
        print(`give this to the authenticator app of "${values.user}"; it is not shown again: ${address}`);
      });
    else if (command === 'store')
      await withServices(async (services) => {
        const value = (await input()).replace(/\r?\n$/, '');
        print(describe(await storeCredential(services, operator, { name, value })));
      });
    else if (command === 'list')
      await withServices(async (services) => {
        const { json } = values;
        const none = `no credentials are kept for the tenant "${values.tenant}"`;
        printList(await listCredentials(services, operator), { json, none, line: describe }, print);
      });
    else if (command === 'delete')
      await withServices(async (services) =>
        print(describe(await deleteCredential(services, operator, name))),
      );
    else return null;
    return EXIT.done;
  });
}

function describe({ name, version, lastFour, updatedAt, updatedBy, isReadable }: Credential): string {
  const state = isReadable ? '' : '  (another master key)';
  return `${name}  version ${version}  …${lastFour ?? ''}  ${updatedAt.toISOString()} by ${updatedBy}${state}`;
}
