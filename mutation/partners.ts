import { type Mutation, one } from './mutation.ts';

/** Clients, partners, and what partners get. Tests of these files build on those before them. */
export const PARTNERS: readonly Mutation[] = [
  one(
    'referrals-count-by-one-rule',
    'domains/partners/referrals.ts',
    ["rule === 'FIRST' ? 'asc' : 'desc'", "rule === 'FIRST' ? 'desc' : 'desc'"],
    ['partners'],
  ),
  one(
    'referrals-count-for-ever',
    'domains/partners/referrals.ts',
    ['r.at >= $3 and r.at <= $4', '$3::timestamptz is not null and r.at <= $4'],
    ['partners'],
  ),
  one(
    'partners-bring-themselves',
    'domains/partners/referrals.ts',
    ['and coalesce(w.user_id <> $5, true)', 'and coalesce($5::text, $2) is not null'],
    ['partners'],
  ),
  one(
    'suspended-partners-bring-clients',
    'domains/partners/referrals.ts',
    ['p.tenant_id = $1 and p.suspended_at is null', 'p.tenant_id = $1'],
    ['partners'],
  ),
  one(
    'clients-change-who-brought-them',
    'domains/partners/parties.ts',
    ['known.name !== asked.name || known.email !== email ||', 'known.name !== asked.name ||'],
    ['partners'],
  ),
  one(
    'keys-of-suspended-clients-open',
    'domains/partners/keys.ts',
    [' and p.suspended_at is null as usable', ' as usable'],
    ['partners'],
  ),
  one(
    'keys-that-were-rotated-open',
    'domains/partners/keys.ts',
    ['set revoked_at = coalesce(revoked_at, now())', 'set revoked_at = revoked_at'],
    ['partners'],
  ),
  one(
    'keys-open-in-other-tenants',
    'domains/partners/keys.ts',
    ['where k.key_id = $1 and k.tenant_id = $2', 'where k.key_id = $1 and $2::text is not null'],
    ['partners'],
  ),
  one(
    'who-was-forgotten-stays',
    'domains/partners/parties.ts',
    ["'delete from business_people where party = $1 and tenant_id = $2'", "'select $1::int, $2::text'"],
    ['partners'],
  ),
  one(
    'payouts-miss-what-went-back-since',
    'domains/payouts/deciding.ts',
    ["if (shown.state === 'DRAFT') await makeDrafts", "if (shown.state !== 'DRAFT') await makeDrafts"],
    ['payouts'],
  ),
  one(
    'payouts-are-made-anew-when-they-are-final',
    'domains/payouts/payouts.ts',
    [
      "['DRAFT', 'REJECTED'].includes(before.state)",
      "['DRAFT', 'REJECTED', 'APPROVED'].includes(before.state)",
    ],
    ['payouts'],
  ),
  one(
    'payouts-are-approved-twice-by-one',
    'domains/payouts/deciding.ts',
    ['report.confirmedBy === userId || ', ''],
    ['payouts'],
  ),
  one(
    'payouts-are-approved-after-an-erasure-by-one',
    'domains/payouts/deciding.ts',
    [' || report.confirmedBy === NOBODY', ''],
    ['payouts'],
  ),
  one(
    'payouts-hold-nothing',
    'domains/payouts/payouts.ts',
    ['l.occurred_at < $4 and l.occurred_at < $5)', 'l.occurred_at < $4 and $5::timestamptz is not null)'],
    ['payouts'],
  ),
  one(
    'payouts-share-what-was-paid-before',
    'domains/payouts/payouts.ts',
    ['l.occurred_at >= c.referred_at', 'c.referred_at is not null'],
    ['payouts'],
  ),
  one(
    'payouts-take-back-what-was-never-shared',
    'domains/payouts/payouts.ts',
    ['l.invoice in (select invoice from paid) or exists (', 'l.invoice is not null or exists ('],
    ['payouts'],
  ),
  one(
    'shares-are-rounded-each-for-itself',
    'domains/payouts/shares.ts',
    ['const share = whole - given;', 'const share = (BigInt(amount) * BigInt(rate)) / WHOLE;'],
    ['payouts'],
  ),
];
