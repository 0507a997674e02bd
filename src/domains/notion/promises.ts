import type { Availability } from '../../db/availability.ts';
import { type Asker, type Bound, defineAlert, definePromise, type Standing } from '../../ground/promise.ts';
import type { KindStanding, MirrorStanding, NotionDesk } from './desk.ts';

interface Parts {
  readonly availability: Availability;
  readonly notion: NotionDesk;
}

const BEHIND: Bound = {
  of: 'time for which Notion has not had all that is mirrored',
  limit: 900,
  unit: 'seconds',
};

const notionBehind = defineAlert<string>({
  name: 'notion_behind',
  severity: 'WARNING',
  words:
    'Notion does not show what it should: it cannot be written to, or a database there is not as it was set up.',
  message: (detail) => detail,
});

export const notion = definePromise<Parts>({
  name: 'notion',
  words: 'The databases in Notion show what the server does, minutes later at the most.',
  bounds: [BEHIND],
  check: checkMirror,
  alert: notionBehind,
  figures: [
    {
      name: 'echo_notion_behind_seconds',
      words: 'For how long Notion has not had all that is mirrored; 0 if it has',
      read: async ({ availability, notion }) => {
        const standing = await availability.tolerate(() => notion.standing('watch'), null);
        return standing && Math.max(0, ...standing.kinds.map(({ behindSeconds }) => behindSeconds ?? 0));
      },
    },
  ],
});

async function checkMirror({ availability, notion }: Parts, asker: Asker): Promise<Standing | null> {
  const standing = await availability.tolerate<MirrorStanding | null | 'UNKNOWN'>(
    () => notion.standing(asker),
    'UNKNOWN',
  );
  if (standing === null) return null;
  if (standing === 'UNKNOWN')
    return { status: 'UNKNOWN', latencyMs: null, detail: 'what Notion has is unknown without the database' };
  const { kinds, removalsDead, isDryRun } = standing;
  if (isDryRun)
    return { status: 'HEALTHY', latencyMs: null, detail: 'a dry run: nothing is written to Notion' };
  const problems = [
    ...kinds.flatMap(problemsOf),
    ...(removalsDead > 0 ? [`${removalsDead} pages that are to leave Notion are still there`] : []),
  ];
  return {
    status: problems.length > 0 ? 'DEGRADED' : 'HEALTHY',
    latencyMs: null,
    detail: problems.join('; ') || 'Notion has all that is mirrored',
    // The words name databases and properties of the operator's.
    ...(problems.length > 0 && { plainDetail: 'Notion does not show all that it should' }),
  };
}

function problemsOf({ kind, state, problem, dead, behindSeconds, lastError }: KindStanding): string[] {
  const isLate = behindSeconds !== null && behindSeconds > BEHIND.limit;
  return [
    ...(problem !== null ? [`${kind} (${state.toLowerCase()}): ${problem}`] : []),
    ...(dead > 0 ? [`${kind}: ${dead} pages were given up`] : []),
    ...(isLate
      ? [`${kind}: behind for ${Math.round(behindSeconds)} s${lastError ? ` (${lastError})` : ''}`]
      : []),
  ];
}
