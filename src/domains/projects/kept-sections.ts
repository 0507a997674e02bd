import type { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import { parseInput } from '../../ground/input.ts';
import { checkLineOwner, type ExportedLine, type Place, type Section } from '../../ground/section.ts';
import { indexKept, isKeptIndexed } from '../media-insights/kept-indexing.ts';
import { KeptFileLine, keptParts, takePart } from '../media-insights/kept-parts.ts';
import type { TaskServices } from '../tasks/tasks.ts';

type Parts = TaskServices & { readonly db: Database; readonly config: Pick<Config, 'dataDirectory'> };

/** Files of a user's pictures and videos, in parts. What is there already stays as it is. */
export const keptFiles: Section<Parts> = {
  kinds: ['kept_file'],
  lines: keptLines,
  restoration: (owner, erased) => {
    const taken: z.output<typeof KeptFileLine>[] = [];
    const whole = new Set<string>();
    let stored = 0;
    return {
      take: (value, number) => {
        const line = parseInput(KeptFileLine, value, `lines.${number}`);
        checkLineOwner(owner, line, number);
        erased.check(owner, line.keptAt, `lines.${number}.keptAt`, false);
        taken.push(line);
      },
      prepare: async ({ config }) => {
        for (const line of taken) {
          const became = await takePart(config.dataDirectory, owner, line);
          if (became !== 'there') stored++;
          if (became !== 'part') whole.add(line.name);
        }
      },
      store: async () => ({ kept_file: stored }),
      stored: async (parts) => {
        for (const name of whole)
          if (!(await isKeptIndexed(parts.db, owner, name))) await indexKept(parts, owner, name);
      },
    };
  },
};

/** Those that are on this server, by the hash of their content, and of each the part behind the place. */
async function* keptLines(
  { db, config }: Parts,
  owner: Owner,
  after: Place,
  limit: number,
): AsyncGenerator<ExportedLine> {
  let left = limit;
  let { key, number } = after;
  while (left > 0) {
    const [next] = await namedFrom(db, owner, key);
    if (!next) return;
    const skipped = next.hash === key ? number : 0;
    for await (const { line, part, parts } of keptParts(config.dataDirectory, owner, next, skipped)) {
      const isLast = part === parts;
      yield { line, after: isLast ? { key: `${next.hash}~`, number: 0 } : { key: next.hash, number: part } };
      if (--left === 0) return;
    }
    [key, number] = [`${next.hash}~`, 0];
  }
}

/** The next file that a picture or video of the history names, and since when it is kept. @param key its hash, or what is behind one */
async function namedFrom({ pool }: Database, owner: Owner, key: string) {
  const { rows } = await pool.query<{ hash: string; keptAt: Date }>({
    name: 'kept_file_from',
    text: `select hash, min(at) as "keptAt" from (
             select f.hash, g.completed_at as at from anime_generation_history g, jsonb_array_elements_text(g.files) as f(hash)
             where g.tenant_id = $1 and g.user_id = $2 and g.completed_at is not null
             union all
             select file_hash, completed_at from anime_echo_orchestrations
             where tenant_id = $1 and user_id = $2 and file_hash is not null and completed_at is not null) named
           where hash collate "C" >= $3 group by hash order by hash collate "C" limit 1`,
    values: [owner.tenantId, owner.userId, key],
  });
  return rows;
}
