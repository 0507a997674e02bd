import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { createRest, type Pressure } from '../../ground/pressure.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { newAct } from '../facts/changes.ts';
import { factsShownByMedia, followMedia, type PicturedFact } from '../facts/from-media.ts';
import { chosenTimeZone } from '../settings/settings.ts';
import { ownersOf } from './orphans.ts';
import { digestOf, lockMedia } from './owners.ts';
import { Preferences } from './preferences.ts';
import { USUAL_DISTANCE } from './reads.ts';
import { mediaInsights } from './tables.ts';

interface LearningParts {
  readonly db: Database;
  readonly pressure: Pick<Pressure, 'pauseMs' | 'workers'>;
}

/** What came of it, over all users. */
export interface LearnedFromMedia {
  readonly users: number;
  readonly pictures: number;
  readonly added: number;
  readonly changed: number;
  readonly dropped: number;
  readonly refused: number;
}

/** Who changes facts. */
const LEARNER = 'media';
const PAGE = 1_000;

/**
 * Makes facts of what the pictures of a user have in common, each with pictures as its sources, and lets go of those that
 * they do not show any more. Again over the same pictures it changes nothing.
 *
 * @param owner whose; null: everybody's
 */
export async function learnFromMedia(
  { db, pressure }: LearningParts,
  owner: Owner | null,
  task: RunningTask,
): Promise<LearnedFromMedia> {
  const rest = createRest(pressure);
  task.signal.addEventListener('abort', rest.end, { once: true });
  const owners = owner ? [owner] : await ownersOf(db);
  const sum = { users: 0, pictures: 0, added: 0, changed: 0, dropped: 0, refused: 0 };
  for (const each of owners) {
    const preferences = new Preferences(await chosenTimeZone(db, each));
    let pictures = 0;
    for (let after = 0, count = PAGE; count === PAGE; ) {
      task.signal.throwIfAborted();
      await rest.take();
      const page = await picturesBehind(db, each, after);
      count = page.length;
      for (const picture of page) preferences.add(picture);
      pictures += count;
      after = page.at(-1)?.id ?? after;
    }
    const came = await task.once(`user ${digestOf(each)}`, (client) =>
      follow(client, each, preferences, task.taskId),
    );
    sum.users++;
    sum.pictures += pictures;
    sum.added += came.added;
    sum.changed += came.changed;
    sum.dropped += came.dropped;
    sum.refused += came.refused;
    task.progress(sum.users, owners.length, null);
  }
  return sum;
}

/** Of pictures that look alike one, so that a burst is one picture; no screenshots. */
async function picturesBehind({ pool }: Database, owner: Owner, after: number) {
  const { rows } = await pool.query<RawRow>({
    name: 'media_to_learn_from',
    text: `select i.* from echo_media_insights i
           where i.user_id = $1 and i.tenant_id = $2 and i.id > $3 and i.state = 'PRESENT' and i.media_type like 'image/%'
             and not i.rule_tags && '{screenshot}' and not i.categories && '{screenshot,document}'
             and not exists (select from echo_media_pairs p join echo_media_insights c on c.id = p.centre
               where p.member = i.id and p.user_id = $1 and p.tenant_id = $2
                 and p.partitions & (1 << ${USUAL_DISTANCE}) <> 0 and c.state = 'PRESENT')
           order by i.id limit ${PAGE}`,
    values: [owner.userId, owner.tenantId, after],
  });
  return rows.map((row) => mapRow(mediaInsights, row));
}

async function follow(client: PoolClient, owner: Owner, preferences: Preferences, runId: string) {
  await lockMedia(client, owner);
  const shown = await factsShownByMedia(client, owner);
  const known = new Set(shown.map(({ identityKey }) => identityKey.toString('hex')));
  const facts = await withPresent(client, owner, preferences.facts(known));
  const { learnedFrom, ...counts } = await followMedia(client, owner, newAct(LEARNER, runId), facts);
  await client.query({
    name: 'media_learned_from',
    text: `update echo_media_insights set learned_by_echo = true, updated_at = now()
           where file_hash = any($1) and user_id = $2 and tenant_id = $3 and not learned_by_echo`,
    values: [learnedFrom, owner.userId, owner.tenantId],
  });
  return counts;
}

/** Without pictures that were forgotten, or are gone, since they were looked at. */
async function withPresent(
  client: PoolClient,
  owner: Owner,
  facts: readonly PicturedFact[],
): Promise<PicturedFact[]> {
  const { rows } = await client.query<{ hash: string }>({
    name: 'media_still_present',
    text: `select file_hash as hash from echo_media_insights
           where file_hash = any($1) and user_id = $2 and tenant_id = $3 and state = 'PRESENT'`,
    values: [
      [...new Set(facts.flatMap(({ sources }) => sources.map(({ fileHash }) => fileHash)))],
      ...[owner.userId, owner.tenantId],
    ],
  });
  const present = new Set(rows.map(({ hash }) => hash));
  return facts
    .map((fact) => ({ ...fact, sources: fact.sources.filter(({ fileHash }) => present.has(fileHash)) }))
    .filter(({ sources }) => sources.length > 0);
}
