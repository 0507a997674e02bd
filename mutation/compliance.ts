import { type Mutation, one } from './mutation.ts';

/** What the law and its reports ask for. Tests of these files build on those before them. */
export const COMPLIANCE: readonly Mutation[] = [
  one(
    'damaged-chains-are-looked-at-once',
    'domains/compliance/chains.ts',
    ['await conversationsOf(db, last?.damaged ?? [])', 'await conversationsOf(db, [])'],
    ['compliance'],
  ),
  one(
    'chains-begin-anew-each-time',
    'domains/compliance/chains.ts',
    ['let place = last?.goesOnAfter ?? 0;', 'let place = 0 * (last?.goesOnAfter ?? 0);'],
    ['compliance'],
  ),
  one(
    'expired-keys-may-be-used',
    'domains/compliance/compliance.ts',
    ["expires_at + interval '2 minutes'", "expires_at + interval '200 years'"],
    ['compliance'],
  ),
  one(
    'erasures-that-were-cut-off-go-unseen',
    'domains/compliance/compliance.ts',
    ['where completed_at is null and erased_at <', 'where completed_at is not null and erased_at <'],
    ['compliance'],
  ),
  one(
    'months-end-in-the-next-one',
    'domains/compliance/regions.ts',
    ['Math.min(askedAt.getUTCDate(), lastDay)', 'Math.max(1, lastDay * 0 + askedAt.getUTCDate())'],
    ['compliance-report'],
  ),
  one(
    'requests-are-closed-twice',
    'domains/compliance/requests.ts',
    ['if (known.outcome)', 'if (known.outcome === undefined)'],
    ['compliance-report'],
  ),
  one(
    'requests-of-other-tenants-are-closed',
    'domains/compliance/requests.ts',
    [
      'where request_id = $1 and tenant_id = $2 for update',
      'where request_id = $1 and $2::text is not null for update',
    ],
    ['compliance-report'],
  ),
  one(
    'requests-are-never-late',
    'domains/compliance/report-requests.ts',
    ['const isLate = end > request.dueAt;', 'const isLate = end < request.askedAt;'],
    ['compliance-report'],
  ),
  one(
    'erasures-answer-no-request',
    'domains/compliance/report-requests.ts',
    ["kind === 'ERASURE' ? request.erasedAt : null", "kind === 'ACCESS' ? request.erasedAt : null"],
    ['compliance-report'],
  ),
  one(
    'reports-have-requests-of-all-tenants',
    'domains/compliance/report-requests.ts',
    [
      'where r.tenant_id = $1 and (r.closed_at is null or',
      'where $1::text is not null and (r.closed_at is null or',
    ],
    ['compliance-report'],
  ),
  one(
    'keys-of-other-tenants-are-reviewed',
    'domains/compliance/reviews.ts',
    ['where tenant_id = $1 and key_id = any($2)', 'where $1::text is not null and key_id = any($2)'],
    ['compliance-report'],
  ),
  one(
    'one-unknown-key-lets-the-others-be-reviewed',
    'domains/compliance/reviews.ts',
    ['if (missing >= 0)', 'if (missing >= 0 && rows.length === 0)'],
    ['compliance-report'],
  ),
  one(
    'citations-are-of-other-rows',
    'domains/compliance/citing.ts',
    ['return { source, where, ids: rows', "return { source, where: 'false', ids: rows"],
    ['compliance-report'],
  ),
];
