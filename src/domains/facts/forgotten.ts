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

const OWNER = 't.tenant_id as "tenantId", t.user_id as "userId"';

/** What facts quote of turns that are gone. */
export const sourcesOfNoTurn: ForgottenKind = sourcesOfNo({
  name: 'facts-of-no-turn',
  words: 'sources of facts that quote a turn which is gone',
  key: 'turn_id',
  table: 'echo_unified_interactions',
  forget: forgetFactsOfTurns,
});

/** The same of pictures. */
export const sourcesOfNoPicture: ForgottenKind = sourcesOfNo({
  name: 'facts-of-no-picture',
  words: 'sources of facts that name a picture which was forgotten',
  key: 'file_hash',
  table: 'echo_media_insights',
  forget: forgetFactsOfMedia,
});

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

/** In what facts are said. */
interface Said {
  readonly name: string;
  readonly words: string;
  /** The column, of sources and of the table. */
  readonly key: string;
  readonly table: string;
  /** Takes away what sources have of such that are gone. */
  readonly forget: (client: PoolClient, owner: Owner, keys: readonly string[]) => Promise<void>;
}

/** Sources that name something which is not there. */
function sourcesOfNo({ name, words, key, table, forget }: Said): ForgottenKind {
  const isGone = `not exists (select from ${table} o
    where o.${key} = t.${key} and o.tenant_id = t.tenant_id and o.user_id = t.user_id offset 0)`;
  /** Under the lock of facts: an export that comes back may have brought it. */
  const goneAmong = async (client: PoolClient, owner: Owner, ids: readonly string[]) => {
    const { rows } = await client.query<{ key: string }>({
      name: `gone_${name}`,
      text: `select distinct t.${key}::text as key from echo_fact_sources t
             where t.id = any($3::int[]) and t.tenant_id = $1 and t.user_id = $2 and ${isGone}`,
      values: [owner.tenantId, owner.userId, ids],
    });
    return rows.map((row) => row.key);
  };
  return {
    ...{ name, words },
    walk: walkOver('echo_fact_sources', {
      ...{ key: 'id', type: 'int', columns: `id, ${key}, source_id, tenant_id, user_id` },
      where: `${key} is not null`,
    }),
    shown: `t.source_id::text as id, ${OWNER}`,
    forgotten: isGone,
    repair: (db, rows) =>
      eachOwner(db, rows, async (client, owner, ids) =>
        forget(client, owner, await goneAmong(client, owner, ids)),
      ),
  };
}
