import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import {
  byOwner,
  type Forgotten,
  type ForgottenKind,
  type RepairableDatabase,
  walkOver,
} from '../../db/forgotten.ts';
import { lockFacts } from './changes.ts';
import { forgetFactsOfMedia, forgetFactsOfTurns, withoutSources } from './forget.ts';

const OWN = 'tenant_id = t.tenant_id and user_id = t.user_id';
const SOURCES = {
  key: 'id',
  type: 'int',
  columns: 'id, turn_id, file_hash, source_id, tenant_id, user_id',
} as const;
const OWNER = 't.tenant_id as "tenantId", t.user_id as "userId"';

/** What facts quote of turns that are gone. */
export const sourcesOfNoTurn: ForgottenKind = {
  name: 'facts-of-no-turn',
  words: 'sources of facts that quote a turn which is gone',
  walk: walkOver('echo_fact_sources', { ...SOURCES, where: 'turn_id is not null' }),
  shown: `t.source_id::text as id, ${OWNER}`,
  forgotten: `not exists (select from echo_unified_interactions i where i.turn_id = t.turn_id and ${OWN} offset 0)`,
  repair: (db, rows) =>
    eachOwner(db, rows, async (client, owner, keys) =>
      forgetFactsOfTurns(client, owner, await goneAmong(client, owner, keys, GONE_TURNS)),
    ),
};

/** The same of pictures. */
export const sourcesOfNoPicture: ForgottenKind = {
  name: 'facts-of-no-picture',
  words: 'sources of facts that name a picture which was forgotten',
  walk: walkOver('echo_fact_sources', { ...SOURCES, where: 'file_hash is not null' }),
  shown: `t.source_id::text as id, ${OWNER}`,
  forgotten: `not exists (select from echo_media_insights m where m.file_hash = t.file_hash and ${OWN} offset 0)`,
  repair: (db, rows) =>
    eachOwner(db, rows, async (client, owner, keys) =>
      forgetFactsOfMedia(client, owner, await goneAmong(client, owner, keys, GONE_PICTURES)),
    ),
};

/** Facts that say something which nobody said. */
export const factsOfNoSource: ForgottenKind = {
  name: 'facts-of-no-source',
  words: 'facts that still say what was said in nothing that is left',
  walk: walkOver('echo_learned_facts', {
    key: 'id',
    type: 'int',
    columns: 'id, fact_id, statement, tenant_id, user_id',
  }),
  shown: `t.fact_id::text as id, ${OWNER}`,
  forgotten: `t.statement <> '' and not exists (select from echo_fact_sources s where s.fact = t.id offset 0)`,
  repair: (db, rows) =>
    eachOwner(db, rows, (client, owner, keys) => withoutSources(client, owner, keys.map(Number))),
};

async function eachOwner(
  db: RepairableDatabase,
  found: readonly Forgotten[],
  work: (client: PoolClient, owner: Owner, keys: readonly string[]) => Promise<void>,
): Promise<void> {
  for (const { owner, rows } of byOwner(found))
    await db.transaction(async (client) => {
      await lockFacts(client, owner);
      await work(
        client,
        owner,
        rows.map(({ key }) => key),
      );
    });
}

const GONE_TURNS = {
  name: 'gone_turns_of_sources',
  text: `select distinct t.turn_id::text as id from echo_fact_sources t
         where t.id = any($3::int[]) and t.tenant_id = $1 and t.user_id = $2
           and not exists (select from echo_unified_interactions where turn_id = t.turn_id and ${OWN})`,
};
const GONE_PICTURES = {
  name: 'gone_pictures_of_sources',
  text: `select distinct t.file_hash as id from echo_fact_sources t
         where t.id = any($3::int[]) and t.tenant_id = $1 and t.user_id = $2
           and not exists (select from echo_media_insights where file_hash = t.file_hash and ${OWN})`,
};

/** What is named by some sources and is not there, under the lock of facts: an export that comes back may have brought it. */
async function goneAmong(
  client: PoolClient,
  owner: Owner,
  keys: readonly string[],
  statement: { readonly name: string; readonly text: string },
): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>({
    ...statement,
    values: [owner.tenantId, owner.userId, keys],
  });
  return rows.map(({ id }) => id);
}
