import type { Patch } from './source-copy.ts';

/** The variable that arms one failpoint of the patched copy: `name:hits`. */
export const FAILPOINT_VARIABLE = 'TORTURE_FAILPOINT';

/**
 * Places on the path of a turn where the copy of the server kills itself when it comes by for the n-th time. The
 * product knows nothing of them; a line that is not found any more ends the run with exit code 2.
 */
const PLACES = [
  {
    name: 'journal-before-commit',
    file: 'src/journal/worker.ts',
    before: /^ *const \{[^}]*\} = journal\.commit\(\w+\);$/m,
  },
  {
    name: 'journal-after-commit',
    file: 'src/journal/worker.ts',
    after: /^ *const \{[^}]*\} = journal\.commit\(\w+\);$/m,
  },
  {
    name: 'query-before-answer',
    file: 'src/domains/query/query.ts',
    before: /^ *const gathered = await gathering;$/m,
  },
  {
    name: 'query-before-save',
    file: 'src/domains/query/query.ts',
    before: /^ *const saved = await store\.save\(.*$/m,
  },
  {
    name: 'apply-before-commit',
    file: 'src/db/transaction.ts',
    before: /^ *committed \?\?= requireCommitted\(.*$/m,
  },
  {
    name: 'apply-commit-sent',
    file: 'src/db/transaction.ts',
    after: /^ *committed \?\?= requireCommitted\(.*$/m,
  },
  { name: 'apply-after-commit', file: 'src/db/transaction.ts', after: /^ *await commit\(\);$/m },
  {
    name: 'drain-before-removal',
    file: 'src/journal/removals.ts',
    before: /^ *this\.#writing = this\.#journal\.write\(.*$/m,
  },
] as const satisfies readonly Place[];

interface Place {
  readonly name: string;
  readonly file: string;
  readonly before?: RegExp;
  readonly after?: RegExp;
}

export const FAILPOINTS = PLACES.map(({ name }) => name);

/** The changes that put the failpoints into a copy of the sources. */
export function failpointPatches(): Patch[] {
  return PLACES.map((place: Place) => {
    const code = killAt(place.name);
    if (place.before) return { file: place.file, find: place.before, replace: `${code}\n$&` };
    return { file: place.file, find: place.after ?? /$^/, replace: `$&\n${code}` };
  });
}

function killAt(name: string): string {
  return `{
    const [failpoint, hits] = (process.env.${FAILPOINT_VARIABLE} ?? '').split(':');
    const seen = globalThis as unknown as { failpointHits?: number };
    if (failpoint === '${name}' && (seen.failpointHits = (seen.failpointHits ?? 0) + 1) >= Number(hits))
      process.kill(process.pid, 'SIGKILL');
  }`;
}
