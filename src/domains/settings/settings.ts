import { and, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import { isTimeZone } from '../../config/values.ts';
import type { Tolerance } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { prepareOnce } from '../../db/statements.ts';
import * as input from '../../ground/input.ts';
import { userSettings as s } from './tables.ts';

export interface SettingsServices {
  readonly db: Database;
  readonly availability: Tolerance;
  readonly config: { readonly defaultTimeZone: string };
}

/** What holds for a user: what they chose, else the server's defaults. */
export interface Settings {
  readonly userId: string;
  /** IANA name. */
  readonly timeZone: string;
  /** Null: they never chose anything. */
  readonly updatedAt: Date | null;
}

/** A time zone that is named in an input. */
export const timeZone = z
  .string({ error: 'must be text' })
  .refine(isTimeZone, { error: 'must be the IANA name of a time zone, such as Europe/Berlin' });

const Changes = z.object({ timeZone: timeZone.nullish() });

const statements = prepareOnce((orm) => ({
  ofUser: orm
    .select()
    .from(s)
    .where(and(eq(s.userId, sql.placeholder('userId')), eq(s.tenantId, sql.placeholder('tenantId'))))
    .prepare('settings_of_user'),
}));

/** The time zone that a user chose; null: none, and the server's default says nothing of where they are. */
export async function chosenTimeZone(db: Database, owner: Owner): Promise<string | null> {
  const [row] = await statements(db).ofUser.execute({ ...owner });
  return row?.timeZone ?? null;
}

/** What holds for a user. */
export async function settingsOf({ db, config }: SettingsServices, owner: Owner): Promise<Settings> {
  const [row] = await statements(db).ofUser.execute({ ...owner });
  return {
    userId: owner.userId,
    timeZone: row?.timeZone ?? config.defaultTimeZone,
    updatedAt: row?.updatedAt ?? null,
  };
}

/**
 * The time zone that days are counted in: the one that a request names, else the user's. While the database is away
 * nobody knows what they chose, and the server's default holds.
 */
export async function timeZoneFor(
  services: SettingsServices,
  owner: Owner,
  named: string | null | undefined,
): Promise<string> {
  if (named != null) return named;
  const known = await services.availability.tolerate(() => settingsOf(services, owner), null);
  return known?.timeZone ?? services.config.defaultTimeZone;
}

/**
 * Changes what a user chose; what is absent stays as it is, null goes back to the server's default.
 *
 * @throws InvalidInput
 */
export async function updateSettings(
  services: SettingsServices,
  owner: Owner,
  given: z.input<typeof Changes>,
): Promise<Settings> {
  const changes = input.parseInput(Changes, given);
  if (changes.timeZone !== undefined) {
    const kept = { timeZone: changes.timeZone, updatedAt: new Date() };
    await services.db.ormTransaction((orm) =>
      orm
        .insert(s)
        .values({ ...owner, ...kept })
        .onConflictDoUpdate({ target: [s.userId, s.tenantId], set: kept }),
    );
  }
  return settingsOf(services, owner);
}
