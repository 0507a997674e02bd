import { type Mutation, one } from './mutation.ts';

/** What is repaired, and how often. */
export const REPAIRS: readonly Mutation[] = [
  one(
    'repairs-need-no-dry-run',
    'domains/repairs/ledger.ts',
    ['if (dryRuns === 0)', 'if (dryRuns === null)'],
    ['repairs'],
    'needs a dry run',
  ),
  one(
    'repairs-need-no-pause',
    'domains/repairs/ledger.ts',
    ['if (taken === 0)', 'if (taken === null)'],
    ['repairs'],
    'needs a dry run',
  ),
  one(
    'everything-is-on-the-list',
    'domains/repairs/service-restart.ts',
    [
      'services.find((unit) => unit === target) ?? null',
      'services.find((unit) => unit === target) ?? target',
    ],
    ['repairs'],
    'however it is written',
  ),
  one(
    'killed-repairs-are-repeated',
    'domains/repairs/perform.ts',
    ['if (earlier) return', 'if (earlier && earlier.outcome === null) return'],
    ['repairs'],
    'is killed',
  ),
  one(
    'restarts-get-the-environment',
    'domains/repairs/service-restart.ts',
    ['env: { PATH:', 'env: { ...globalThis.process.env, PATH:'],
    ['repairs'],
    'fixed arguments',
  ),
  one(
    'folders-behind-links-are-cleaned',
    'domains/repairs/folder.ts',
    ['place !== path', 'place === null'],
    ['repair-files'],
    'is a link',
  ),
  one(
    'linked-folders-are-cleaned',
    'domains/repairs/folder.ts',
    ['constants.O_DIRECTORY | constants.O_NOFOLLOW', 'constants.O_DIRECTORY'],
    ['repair-files'],
  ),
  one(
    'young-files-are-cleaned',
    'domains/repairs/disk-cleanup.ts',
    ['stats.mtimeMs <= look.before && ', ''],
    ['repair-files'],
    'what is old',
  ),
  one(
    'processes-of-all-users-are-ended',
    'domains/repairs/process-kill.ts',
    ['each.uids.every((uid) => uid === owner.uid)', 'owner !== null'],
    ['repair-processes'],
    'another user',
  ),
  one(
    'own-processes-are-ended',
    'domains/repairs/process-kill.ts',
    ['!own.has(pid) && ', 'own.size > 0 && '],
    ['repair-processes'],
    'is spared',
  ),
];
