import { and, asc, eq, ne, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { prepareOnce } from '../../db/statements.ts';
import { EchoError, InvalidInput, NotConfigured, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { CannotOpen, type Sealer } from '../../secrets/sealing.ts';
import { throwUnlessTaken, tryCode } from './authenticators.ts';
import { type CredentialRow, credentials as c } from './tables.ts';

export interface CredentialServices {
  readonly db: Database;
  /** Null: there is no master key. */
  readonly sealer: Sealer | null;
  /** Told that a stored credential may have changed. */
  readonly providerKeys: { refresh(): Promise<void> };
}

/** What is shown of a credential. */
export interface Credential
  extends Pick<CredentialRow, 'name' | 'lastFour' | 'version' | 'updatedAt' | 'updatedBy'> {
  /** Whether the master key of this server opens it. */
  readonly isReadable: boolean;
}

const MAX_VALUE = 8_192;
/** The end of shorter ones would tell too much. */
const LONG_ENOUGH = 16;
/** Credentials of one tenant. */
const MAX_CREDENTIALS = 1_000;

const credentialName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, {
  error: 'must be 1 to 100 letters, digits, _, . or -, and begin with a letter or digit',
});
const NewCredential = z.object({ name: credentialName, value: input.text(MAX_VALUE) });
const Reading = z.object({
  name: credentialName,
  code: z.string().regex(/^\d{6}$/, { error: 'must be the 6 digits that the authenticator shows' }),
});

const statements = prepareOnce((orm) => ({
  ofTenant: orm
    .select()
    .from(c)
    .where(eq(c.tenantId, sql.placeholder('tenantId')))
    .orderBy(asc(c.name))
    .prepare('credentials_of_tenant'),
}));

/** Credentials of the caller's tenant by name, without their values. @throws Forbidden */
export async function listCredentials(
  { db, sealer }: CredentialServices,
  principal: Principal,
): Promise<Credential[]> {
  requireAdmin(principal);
  const rows = await statements(db).ofTenant.execute({ tenantId: principal.tenantId });
  return rows.map((row) => shown(row, sealer));
}

/**
 * Encrypts a credential and keeps it; a value that was there before is gone.
 *
 * @throws Forbidden, InvalidInput, NotConfigured
 */
export async function storeCredential(
  { db, sealer, providerKeys }: CredentialServices,
  principal: Principal,
  given: z.input<typeof NewCredential>,
): Promise<Credential> {
  requireAdmin(principal);
  const { name, value } = input.parseInput(NewCredential, given);
  const { tenantId, userId: updatedBy } = principal;
  const sealed = requireSealer(sealer).seal(value, placeOf({ tenantId, name }));
  const kept = {
    value: sealed.bytes,
    keyId: sealed.keyId,
    lastFour: value.length >= LONG_ENOUGH ? [...value].slice(-4).join('') : null,
    updatedBy,
  };
  const [row] = await db.ormTransaction(async (orm) => {
    const others = await orm.$count(c, and(eq(c.tenantId, tenantId), ne(c.name, name)));
    if (others >= MAX_CREDENTIALS)
      throw new InvalidInput('name', `there are ${others} credentials already, which is the most`);
    return orm
      .insert(c)
      .values({ tenantId, name, ...kept })
      .onConflictDoUpdate({
        target: [c.tenantId, c.name],
        set: { ...kept, updatedAt: sql`now()`, version: sql`${c.version} + 1` },
      })
      .returning();
  });
  if (!row) throw new Error('the database returned no row for a credential');
  await providerKeys.refresh();
  return shown(row, sealer);
}

/** @throws Forbidden, InvalidInput, NotFound */
export async function deleteCredential(
  { db, sealer, providerKeys }: CredentialServices,
  principal: Principal,
  name: string,
): Promise<Credential> {
  requireAdmin(principal);
  input.parseInput(credentialName, name, 'name');
  const [row] = await db.ormTransaction((orm) =>
    orm
      .delete(c)
      .where(and(eq(c.tenantId, principal.tenantId), eq(c.name, name)))
      .returning(),
  );
  if (!row) throw new NotFound('name', 'there is no such credential');
  await providerKeys.refresh();
  return shown(row, sealer);
}

/**
 * Reads a credential in clear, for an admin who shows a code of their authenticator. Each try is told in the audit log,
 * in the transaction that looks at the code.
 *
 * @throws Forbidden, InvalidInput (a wrong code, or one that was used), NotConfigured, NotFound, RateLimited
 */
export async function revealCredential(
  { db, sealer }: CredentialServices,
  principal: Principal,
  given: z.input<typeof Reading>,
): Promise<{ credential: Credential; value: string }> {
  requireAdmin(principal);
  const { tenantId } = principal;
  // What is refused is counted, and told, so the transaction ends well either way.
  const outcome = await db.ormTransaction(async (orm) => {
    const found = await read(orm, sealer, principal, given).catch((error: unknown) => {
      if (error instanceof EchoError) return error;
      throw error;
    });
    const result = found instanceof EchoError ? found.code : 'OK';
    // Names that can be none are not kept.
    const target = credentialName.safeParse(given.name).data ?? null;
    await orm.execute(
      sql`select echo_audit(${tenantId}, null, 'credential.reveal', ${target}, ${result}, null, echo_audit_teller())`,
    );
    return found;
  });
  if (outcome instanceof EchoError) throw outcome;
  return outcome;
}

async function read(
  orm: NodePgDatabase,
  sealer: Sealer | null,
  principal: Principal,
  given: z.input<typeof Reading>,
): Promise<{ credential: Credential; value: string }> {
  const { name, code } = input.parseInput(Reading, given);
  const opener = requireSealer(sealer);
  throwUnlessTaken(await tryCode(orm, opener, principal, code), principal);
  const [row] = await orm
    .select()
    .from(c)
    .where(and(eq(c.tenantId, principal.tenantId), eq(c.name, name)));
  if (!row) throw new NotFound('name', 'there is no such credential');
  try {
    return { credential: shown(row, sealer), value: opener.open(sealedOf(row), placeOf(row)) };
  } catch (error) {
    if (!(error instanceof CannotOpen)) throw error;
    throw new NotConfigured('MASTER_KEY', `this credential cannot be opened: ${error.message}`);
  }
}

/** Where a credential is kept, which its encryption is bound to. */
export function placeOf({ tenantId, name }: Pick<CredentialRow, 'tenantId' | 'name'>): string[] {
  return ['credential', tenantId, name];
}

export function sealedOf({ keyId, value }: Pick<CredentialRow, 'keyId' | 'value'>) {
  return { keyId, bytes: value };
}

/** @throws NotConfigured */
export function requireSealer(sealer: Sealer | null): Sealer {
  if (sealer) return sealer;
  throw new NotConfigured(
    'MASTER_KEY',
    'secrets are stored under a master key, and the server has none; set it to 64 hex digits (openssl rand -hex 32) and start again',
  );
}

function shown(row: CredentialRow, sealer: Sealer | null): Credential {
  return { ...row, isReadable: sealer?.canOpen(row.keyId) ?? false };
}
