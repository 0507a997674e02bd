import { type Mutation, one } from './mutation.ts';

/** Briefs, feature flags, and whatever else teams do with the server. */
export const BUSINESS: readonly Mutation[] = [
  one(
    'flags-outlast-their-time',
    'domains/flags/evaluate.ts',
    ['if (now >= flag.expiresAt) return OUTCOMES.EXPIRED;', ''],
    ['flags'],
    'ends at its time',
  ),
  one(
    'flags-fall-alike',
    'domains/flags/evaluate.ts',
    ['seed: hashed(0x811c9dc5, row.key),', 'seed: 0x811c9dc5,'],
    ['flags'],
    'falls otherwise for another flag',
  ),
  one(
    'flags-are-not-audited',
    'domains/flags/flags.ts',
    [
      "select echo_audit($2, null, 'flag.delete', key, 'OK', '{}', echo_audit_teller()) from gone",
      'select $2::text, key from gone',
    ],
    ['flags'],
    'by admins only',
  ),
  one(
    'briefs-pass-with-a-low-criterion',
    'domains/briefs/working.ts',
    ['meanOf(scores) >= PASSES_FROM && Math.min(...scores) >= NONE_BELOW', 'meanOf(scores) >= PASSES_FROM'],
    ['briefs'],
    'exactly 80 on the mean',
  ),
  one(
    'briefs-have-no-quota',
    'domains/briefs/budget.ts',
    ['if (count >= most)', 'if (count > most + 1_000)'],
    ['briefs'],
    'a day has room for so many',
  ),
  one(
    'briefs-of-a-moment-are-not-counted-together',
    'domains/briefs/budget.ts',
    [
      "text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',",
      "text: 'select hashtextextended($1, 0)',",
    ],
    ['briefs'],
    'a day has room for so many',
  ),
  one(
    'briefs-cost-what-they-like',
    'domains/briefs/budget.ts',
    [
      'select coalesce(sum(coalesce(writing_cost, 0) + coalesce(judging_cost, 0)), 0)::float8 as cost',
      'select 0::float8 as cost',
    ],
    ['briefs'],
    'what a day may cost',
  ),
  one(
    'briefs-with-a-verdict-of-prose-pass',
    'domains/briefs/working.ts',
    [
      "if (verdictOf(attempt) === null) return end('NEEDS_REVIEW', 'NOT_JUDGED');",
      "if (verdictOf(attempt) === null) return end('PASSED');",
    ],
    ['briefs'],
    'prose',
  ),
  one(
    'briefs-are-written-anew-after-a-kill',
    'domains/briefs/working.ts',
    [
      'let attempt = attempts[number - 1];',
      'let attempt = task.attempt > 1 && number > attempts.length - 1 ? undefined : attempts[number - 1];',
    ],
    ['brief-kills'],
  ),
  one(
    'briefs-without-a-text-are-approved',
    'domains/briefs/reviewing.ts',
    ['  OPEN: [],', "  OPEN: ['APPROVED'],"],
    ['briefs'],
    'people approve, reject and edit',
  ),
  one(
    'replicas-are-read-however-far-they-are',
    'db/replica-position.ts',
    ['progress.timeline === timeline && progress.lsn >= lsn', 'progress.timeline === timeline'],
    ['replica'],
    'lags hides nothing',
  ),
  one(
    'replicas-of-another-timeline-are-read',
    'db/replica-position.ts',
    ['progress.timeline === timeline && progress.lsn >= lsn', 'progress.lsn >= lsn'],
    ['replica'],
    'received more than the one that was promoted',
  ),
  one(
    'what-a-replica-refuses-is-an-error',
    'db/replica.ts',
    ['      // What the data are refused for, the primary says.\n      return here();', '      throw error;'],
    ['replica'],
    'that the replica cancels',
  ),
  one(
    'segments-without-pictures-are-assembled',
    'domains/projects/assemblies.ts',
    ['if (without.length > 0) {', 'if (without.length > 1_000) {'],
    ['projects'],
    'bad input is named',
  ),
  one(
    'half-files-are-taken-for-whole-ones',
    'domains/projects/assembling.ts',
    ['task.attempt}.half`);', 'task.attempt}.half`) && path;'],
    ['assembly-kills'],
  ),
];
