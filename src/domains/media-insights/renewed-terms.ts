import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { createRest, type Pressure } from '../../ground/pressure.ts';
import { lockMedia } from './owners.ts';
import { mediaInsights } from './tables.ts';
import { TERMS_VERSION, termsOf } from './terms.ts';

/** Insights whose terms are made again in one transaction. */
const AT_ONCE = 100;

/**
 * Makes the terms of insights again that an older analysis of words made: until then they are found as they were.
 *
 * @param owner whose; null: everybody's
 * @returns of how many
 */
export async function renewTerms(
  db: Database,
  owner: Owner | null,
  pressure: Pick<Pressure, 'pauseMs'>,
  signal: AbortSignal,
): Promise<number> {
  const rest = createRest(pressure);
  signal.addEventListener('abort', rest.end, { once: true });
  let renewed = 0;
  for (;;) {
    signal.throwIfAborted();
    await rest.take();
    const some = await renewSomeTerms(db, owner);
    if (some === 0) return renewed;
    renewed += some;
  }
}

/** The same of some insights of one user. @returns of how many; 0: none are left */
export async function renewSomeTerms(db: Database, owner: Owner | null = null): Promise<number> {
  const of = await ownerWithOldTerms(db, owner);
  return of ? renewPage(db, of) : 0;
}

async function ownerWithOldTerms({ pool }: Database, owner: Owner | null): Promise<Owner | null> {
  const { rows } = await pool.query<{ tenantId: string; userId: string }>({
    name: 'media_owner_with_old_terms',
    text: `select tenant_id as "tenantId", user_id as "userId" from echo_media_insights
           where terms_version < ${TERMS_VERSION} and ($1::text is null or tenant_id = $1 and user_id = $2) limit 1`,
    values: [owner?.tenantId, owner?.userId],
  });
  return rows[0] ?? null;
}

function renewPage(db: Database, owner: Owner): Promise<number> {
  return db.transaction(async (client) => {
    await lockMedia(client, owner);
    const { rows } = await client.query<RawRow>({
      name: 'media_with_old_terms',
      text: `select * from echo_media_insights
             where terms_version < ${TERMS_VERSION} and tenant_id = $1 and user_id = $2 order by id limit ${AT_ONCE}`,
      values: [owner.tenantId, owner.userId],
    });
    for (const insight of rows.map((row) => mapRow(mediaInsights, row)))
      await client.query({
        name: 'renew_media_terms',
        text: `update echo_media_insights set search_terms = $4, terms_version = ${TERMS_VERSION}
               where id = $1 and tenant_id = $2 and user_id = $3`,
        values: [insight.id, owner.tenantId, owner.userId, termsOf(insight)],
      });
    return rows.length;
  });
}
