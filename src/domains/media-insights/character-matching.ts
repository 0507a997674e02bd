import { isDeepStrictEqual } from 'node:util';
import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { createRest, type Pressure } from '../../ground/pressure.ts';
import type { RunningTask, TaskOwner } from '../../jobs/job.ts';
import {
  charactersShown,
  comparedOf,
  type ReferencePicture,
  referencePictures,
} from './character-references.ts';
import type { Sender } from './files.ts';
import { neighboursOf } from './neighbours.ts';
import { ownersOf } from './orphans.ts';
import { lockMedia } from './owners.ts';
import { USUAL_DISTANCE } from './reads.ts';
import { mediaInsights } from './tables.ts';
import { TERMS_VERSION, termsOf } from './terms.ts';

/** Pictures that are looked at in one transaction. */
const AT_ONCE = 200;
/** Near copies of one reference picture that are found. */
const MOST_COPIES = 1_000;

/** What came of it, over all users. */
export interface MatchedCharacters {
  readonly users: number;
  readonly references: number;
  /** Insights that show somebody else than they did. */
  readonly changed: number;
}

/**
 * Looks again which pictures show which characters: those that were said to, and all that are near copies of a reference picture.
 * Again it changes nothing.
 *
 * @param whose without a user: everybody's of the tenant; null: everybody's
 */
export async function matchCharacters(
  { db, pressure }: { readonly db: Database; readonly pressure: Pick<Pressure, 'pauseMs'> },
  whose: TaskOwner | null,
  task: RunningTask,
): Promise<MatchedCharacters> {
  const rest = createRest(pressure);
  task.signal.addEventListener('abort', rest.end, { once: true });
  const sum = { users: 0, references: 0, changed: 0 };
  for (const owner of await ownersAmong(db, whose)) {
    // Before the others are looked for: a picture that comes meanwhile is compared when it is stored.
    const said = await picturesSaid(db, owner);
    const references = await referencePictures(db.pool, owner);
    const ids = [...new Set([...said, ...(await picturesLike(db.pool, owner, references))])];
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      task.signal.throwIfAborted();
      await rest.take();
      const some = ids.slice(from, from + AT_ONCE);
      sum.changed += await task.write(async (client) => {
        await lockMedia(client, owner);
        return matchPictures(client, owner, some, await referencePictures(client, owner));
      });
    }
    sum.users++;
    sum.references += references.length;
  }
  return sum;
}

async function ownersAmong(db: Database, whose: TaskOwner | null): Promise<Owner[]> {
  if (whose?.userId != null) return [{ tenantId: whose.tenantId, userId: whose.userId }];
  const all = await ownersOf(db);
  return whose === null ? all : all.filter(({ tenantId }) => tenantId === whose.tenantId);
}

/** Insights that are said to show a character because of a reference picture. */
async function picturesSaid({ pool }: Database, { tenantId, userId }: Owner): Promise<number[]> {
  const { rows } = await pool.query<{ id: number }>({
    name: 'media_said_to_show',
    text: `select id from echo_media_insights where user_id = $1 and tenant_id = $2
             and character_references @> '[{"method":"REFERENCE"}]' order by id`,
    values: [userId, tenantId],
  });
  return rows.map(({ id }) => id);
}

/** Insights that are one of the pictures, or a near copy of one. */
async function picturesLike(
  sender: Sender,
  owner: Owner,
  references: readonly ReferencePicture[],
): Promise<number[]> {
  const hashes = references.flatMap(({ fileHash }) => fileHash ?? []);
  const { rows } = await sender.query<{ id: number }>({
    name: 'media_ids_of_contents',
    text: `select id from echo_media_insights where file_hash = any($3) and tenant_id = $1 and user_id = $2 order by id`,
    values: [owner.tenantId, owner.userId, hashes],
  });
  // No row has such a number, so none is left out as the picture itself.
  const pictures = [...new Set(references.flatMap(({ bits }) => bits ?? []))].map((bits, at) => ({
    id: -1 - at,
    bits,
  }));
  const near =
    pictures.length === 0
      ? []
      : await neighboursOf(sender, owner, pictures, {
          maxDistance: USUAL_DISTANCE,
          limit: MOST_COPIES,
          presentOnly: false,
        });
  return [...rows, ...near.flat()].map(({ id }) => id);
}

/** Compares some insights, under `lockMedia`. @returns how many show somebody else now */
async function matchPictures(
  client: PoolClient,
  { tenantId, userId }: Owner,
  ids: readonly number[],
  references: readonly ReferencePicture[],
): Promise<number> {
  const { rows } = await client.query<RawRow>({
    name: 'media_to_match',
    text: 'select * from echo_media_insights where id = any($1) and user_id = $2 and tenant_id = $3 order by id for update',
    values: [ids, userId, tenantId],
  });
  let changed = 0;
  for (const row of rows.map((raw) => mapRow(mediaInsights, raw))) {
    const characterReferences = charactersShown(comparedOf(row), references);
    if (isDeepStrictEqual(characterReferences, row.characterReferences ?? null)) continue;
    await client.query({
      name: 'media_shows',
      text: `update echo_media_insights set character_references = $4, search_terms = $5, terms_version = $6, updated_at = now()
             where id = $1 and user_id = $2 and tenant_id = $3`,
      values: [
        ...[row.id, userId, tenantId, characterReferences && JSON.stringify(characterReferences)],
        ...[termsOf({ ...row, characterReferences }), TERMS_VERSION],
      ],
    });
    changed++;
  }
  return changed;
}

/** Under `lockMedia`, when a content that is itself a reference picture was stored: others may be near copies of it. */
export async function matchCopiesOf(
  client: PoolClient,
  owner: Owner,
  stored: { readonly id: number; readonly fileHash: string },
  references: readonly ReferencePicture[],
): Promise<void> {
  const own = references.filter(({ fileHash }) => fileHash === stored.fileHash);
  if (own.length === 0) return;
  const others = (await picturesLike(client, owner, own)).filter((id) => id !== stored.id);
  await matchPictures(client, owner, others, references);
}
