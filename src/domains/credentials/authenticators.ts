import { and, eq, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { Secret, TOTP } from 'otpauth';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput, NotConfigured, RateLimited } from '../../errors.ts';
import { CannotOpen, type Sealer } from '../../secrets/sealing.ts';
import { type AuthenticatorRow, authenticators as a } from './tables.ts';

/** What became of a code. */
export type CodeOutcome =
  | { readonly kind: 'TAKEN' | 'WRONG_CODE' | 'NOT_ENROLLED' }
  | { readonly kind: 'UNREADABLE'; readonly reason: string }
  | { readonly kind: 'LOCKED'; readonly forMs: number };

/** What authenticator apps know: RFC 6238 with SHA-1, 6 digits, 30 seconds. */
const FORM = { issuer: 'Echo Brain', algorithm: 'SHA1', digits: 6, period: 30 } as const;
const SECRET_BYTES = 20;
/** Time steps that clocks may differ, either way. */
const WINDOW = 1;
/** So many wrong codes, and none is looked at until so long after the last of them. */
const MAX_WRONG = 5;
const LOCK_MS = 900_000;

/**
 * Gives a user a new authenticator in place of one they may have.
 *
 * @returns what an authenticator app takes, an `otpauth://` address (its `secret` can be typed in, too)
 */
export async function enrol(db: Database, sealer: Sealer, owner: Owner): Promise<string> {
  const secret = new Secret({ size: SECRET_BYTES });
  const sealed = sealer.seal(secret.base32, placeOf(owner));
  const kept = { secret: sealed.bytes, keyId: sealed.keyId };
  await db.ormTransaction((orm) =>
    orm
      .insert(a)
      .values({ ...owner, ...kept })
      .onConflictDoUpdate({
        target: [a.tenantId, a.userId],
        // Codes of the earlier one say nothing of this one; wrong codes still count.
        set: { ...kept, enrolledAt: sql`now()`, lastStep: 0 },
      }),
  );
  return new TOTP({ ...FORM, label: owner.userId, secret }).toString();
}

/** Looks at a code and notes that it was shown, within the caller's transaction. */
export async function tryCode(
  orm: NodePgDatabase,
  sealer: Sealer,
  { tenantId, userId }: Owner,
  code: string,
): Promise<CodeOutcome> {
  const own = and(eq(a.tenantId, tenantId), eq(a.userId, userId));
  const [row] = await orm.select().from(a).where(own).for('update');
  if (!row) return { kind: 'NOT_ENROLLED' };
  const now = Date.now();
  const lockedFor = (row.wrongAt?.getTime() ?? 0) + LOCK_MS - now;
  const wrong = lockedFor > 0 ? row.wrong : 0;
  if (wrong >= MAX_WRONG) return { kind: 'LOCKED', forMs: lockedFor };
  const opened = openSecret(sealer, row);
  if (opened instanceof CannotOpen) return { kind: 'UNREADABLE', reason: opened.message };
  const totp = new TOTP({ ...FORM, secret: opened });
  const delta = totp.validate({ token: code, timestamp: now, window: WINDOW });
  const step = delta === null ? null : TOTP.counter({ period: FORM.period, timestamp: now }) + delta;
  // Shown twice at once: taken once, and no guess.
  if (step !== null && step === row.lastStep) return { kind: 'WRONG_CODE' };
  const isTaken = step !== null && step > row.lastStep;
  await orm
    .update(a)
    .set(isTaken ? { lastStep: step, wrong: 0, wrongAt: null } : { wrong: wrong + 1, wrongAt: new Date(now) })
    .where(own);
  return { kind: isTaken ? 'TAKEN' : 'WRONG_CODE' };
}

/** @throws InvalidInput, NotConfigured, RateLimited, as the outcome is */
export function throwUnlessTaken(outcome: CodeOutcome, { userId }: Owner): void {
  switch (outcome.kind) {
    case 'TAKEN':
      return;
    case 'LOCKED':
      throw new RateLimited(`${MAX_WRONG} wrong codes were shown`, outcome.forMs);
    case 'WRONG_CODE':
      throw new InvalidInput('code', 'is not the code of this moment, or was used already');
    case 'UNREADABLE':
      throw new NotConfigured('MASTER_KEY', `the authenticator cannot be opened: ${outcome.reason}`);
    case 'NOT_ENROLLED':
      throw new NotConfigured(
        'authenticator',
        `"${userId}" has none; the operator makes one with: npm run secrets -- enrol --user "${userId}"`,
      );
  }
}

/** Where a shared secret is kept, which its encryption is bound to. */
export function placeOf({ tenantId, userId }: Owner): string[] {
  return ['authenticator', tenantId, userId];
}

function openSecret(sealer: Sealer, row: AuthenticatorRow): Secret | CannotOpen {
  try {
    return Secret.fromBase32(sealer.open({ keyId: row.keyId, bytes: row.secret }, placeOf(row)));
  } catch (error) {
    if (error instanceof CannotOpen) return error;
    throw error;
  }
}
