import { z } from 'zod';
import { type Principal, ROLES } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireOperator } from '../../ground/ownership.ts';
import { evaluateFlag, type FlagEvaluation, type FlagSubject } from './evaluate.ts';
import { allFlags, type ShownFlag } from './reads.ts';
import type { FlagSnapshot } from './snapshot.ts';
import { WHOLE } from './tables.ts';

export interface FlagServices {
  readonly db: Database;
  readonly flags: FlagSnapshot;
}

export const MAX_FLAGS = 200;
export const MAX_TENANTS = 100;
export const MAX_USERS = 1_000;
export const MAX_DESCRIPTION = 500;
const PER_CENT = WHOLE / 100;

const flagKey = z.string().regex(/^[a-z][a-z0-9._-]{0,99}$/, {
  error: 'must be 1 to 100 small letters, digits, ., _ or -, and begin with a letter',
});
const NewState = z.object({
  key: flagKey,
  description: input.text(MAX_DESCRIPTION, 0).nullish(),
  enabled: z.boolean().nullish(),
  percentage: z
    .number()
    .min(0, { error: 'must be 0 to 100' })
    .max(100, { error: 'must be 0 to 100' })
    .refine((value) => Math.abs(value * PER_CENT - Math.round(value * PER_CENT)) < 1e-6, {
      error: 'must have at most three decimals',
    })
    .nullish(),
  tenants: z
    .array(input.text(100))
    .max(MAX_TENANTS, { error: `must be at most ${MAX_TENANTS}` })
    .nullish(),
  roles: z.array(z.enum(ROLES)).nullish(),
  users: z
    .array(z.object({ tenantId: input.text(100), userId: input.userId }))
    .max(MAX_USERS, { error: `must be at most ${MAX_USERS}` })
    .nullish(),
  expiresAt: input.instant.nullish(),
});
const Subject = z.object({
  tenantId: input.text(100),
  userId: input.userId,
  roles: z.array(z.enum(ROLES)),
});

/** All flags, by key. @throws Forbidden */
export async function listFlags({ db }: FlagServices, principal: Principal): Promise<ShownFlag[]> {
  requireOperator(principal);
  return allFlags(db);
}

/**
 * Makes a flag, or changes it; what is absent stays as it is, and is off, for everybody and for ever in a new one.
 *
 * @throws Forbidden, InvalidInput
 */
export async function setFlag(
  { db, flags }: FlagServices,
  principal: Principal,
  given: z.input<typeof NewState>,
): Promise<ShownFlag> {
  requireOperator(principal);
  const wanted = input.parseInput(NewState, given);
  const { key, expiresAt } = wanted;
  if (expiresAt && expiresAt.getTime() <= Date.now()) throw new InvalidInput('expiresAt', 'must lie ahead');
  await db.transaction(async (client) => {
    // Those who make flags take turns, so that there are no more than there may be.
    await client.query("select pg_advisory_xact_lock(hashtext('feature_flags'))");
    const { rows } = await client.query<{ flags: number; known: boolean }>({
      name: 'count_flags',
      text: `select count(*)::int as flags, coalesce(bool_or(key = $1), false) as known from feature_flags`,
      values: [key],
    });
    if (!rows[0]?.known && (rows[0]?.flags ?? 0) >= MAX_FLAGS)
      throw new InvalidInput('key', `there are ${MAX_FLAGS} flags, and may be no more`);
    await client.query({
      name: 'set_flag',
      text: `insert into feature_flags as f (key, description, enabled, share, tenants, roles, expires_at)
             values ($1, coalesce($2, ''), coalesce($3, false), coalesce($4, ${WHOLE}), coalesce($5::text[], '{}'),
               coalesce($6::text[], '{}'), $7)
             on conflict (key) do update set description = coalesce($2, f.description), enabled = coalesce($3, f.enabled),
               share = coalesce($4, f.share), tenants = coalesce($5::text[], f.tenants),
               roles = coalesce($6::text[], f.roles),
               expires_at = case when $8::boolean then $7::timestamptz else f.expires_at end, updated_at = now()`,
      values: [
        key,
        wanted.description ?? null,
        wanted.enabled ?? null,
        wanted.percentage == null ? null : Math.round(wanted.percentage * PER_CENT),
        wanted.tenants ?? null,
        wanted.roles ?? null,
        expiresAt ?? null,
        expiresAt !== undefined,
      ],
    });
    if (wanted.users) {
      await client.query({
        name: 'clear_flag_users',
        text: 'delete from feature_flag_users where flag = $1',
        values: [key],
      });
      await client.query({
        name: 'set_flag_users',
        text: `insert into feature_flag_users (flag, tenant_id, user_id)
               select distinct $1, tenant_id, user_id from unnest($2::text[], $3::text[]) as u(tenant_id, user_id)`,
        values: [key, wanted.users.map(({ tenantId }) => tenantId), wanted.users.map(({ userId }) => userId)],
      });
    }
    await client.query({
      name: 'audit_flag',
      text: `select echo_audit($2, null, 'flag.set', f.key, 'OK', jsonb_build_object('enabled', f.enabled,
               'percentage', f.share / ${PER_CENT}::numeric, 'tenants', f.tenants, 'roles', f.roles, 'expiresAt', f.expires_at,
               'users', (select count(*) from feature_flag_users u where u.flag = f.key)), echo_audit_teller())
             from feature_flags f where f.key = $1`,
      values: [key, principal.tenantId],
    });
  });
  flags.forget();
  const shown = (await allFlags(db)).find((flag) => flag.key === key);
  if (!shown) throw new NotFound('key', `somebody deleted the flag "${key}" meanwhile`);
  return shown;
}

/** Deletes a flag: it is off for everybody. @throws Forbidden, NotFound */
export async function deleteFlag(
  { db, flags }: FlagServices,
  principal: Principal,
  given: string,
): Promise<string> {
  requireOperator(principal);
  const key = input.parseInput(flagKey, given, 'key');
  const { rows } = await db.transaction((client) =>
    client.query<object>({
      name: 'delete_flag',
      text: `with gone as (delete from feature_flags where key = $1 returning key)
             select echo_audit($2, null, 'flag.delete', key, 'OK', '{}', echo_audit_teller()) from gone`,
      values: [key, principal.tenantId],
    }),
  );
  if (rows.length === 0) throw new NotFound('key', `there is no flag "${key}"`);
  flags.forget();
  return key;
}

/**
 * How a flag is for the caller, or for somebody else where an admin asks. One that does not exist is off.
 *
 * @throws Forbidden, InvalidInput
 */
export async function evaluate(
  { flags }: Pick<FlagServices, 'flags'>,
  principal: Principal,
  given: { readonly key: string; readonly as?: z.input<typeof Subject> | null | undefined },
): Promise<FlagEvaluation> {
  const key = input.parseInput(flagKey, given.key, 'key');
  if (given.as) requireOperator(principal);
  const subject: FlagSubject = given.as ? input.parseInput(Subject, given.as, 'as') : principal;
  return evaluateFlag((await flags.current()).get(key), subject, Date.now());
}

/** Keys of what is on for the caller, in their order. */
export async function enabledFor({ flags }: FlagServices, principal: Principal): Promise<string[]> {
  const now = Date.now();
  return [...(await flags.current())]
    .filter(([, flag]) => evaluateFlag(flag, principal, now).enabled)
    .map(([key]) => key)
    .sort();
}
