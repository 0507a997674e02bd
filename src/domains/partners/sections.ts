import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import * as input from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import * as limits from './limits.ts';
import { PARTY_KINDS } from './tables.ts';

const PersonLine = z.object({
  kind: z.literal('business_person'),
  tenantId: z.string(),
  userId: z.string(),
  partyKind: z.enum(PARTY_KINDS),
  partyId: limits.partyId,
  name: limits.name,
  email: limits.email.nullable(),
  createdAt: input.writtenInstant,
});
type PersonLine = z.output<typeof PersonLine>;

/**
 * What is kept of a user as a client or a partner. On another server it is kept for their next export, and makes neither of them:
 * who does business with the operator is the operator's word.
 */
export const ownBusiness = sectionOfRows<{ readonly db: Database }, PersonLine>({
  kind: 'business_person',
  schema: PersonLine,
  dated: 'createdAt',
  read: exportedPeople,
  restore: restorePeople,
});

async function exportedPeople(
  { db }: { readonly db: Database },
  owner: Owner,
  { number: after }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<Omit<PersonLine, 'kind' | 'tenantId' | 'userId'> & { id: number }>({
    name: 'export_business_people',
    text: `select id, kind as "partyKind", party_id as "partyId", name, email, created_at as "createdAt" from business_people
           where user_id = $1 and tenant_id = $2 and id > $3 order by id limit $4`,
    values: [owner.userId, owner.tenantId, after, limit],
  });
  return rows.map(({ id, ...person }) => ({
    line: JSON.stringify({
      kind: 'business_person',
      tenantId: owner.tenantId,
      userId: owner.userId,
      ...person,
    }),
    after: { key: '', number: id },
  }));
}

async function restorePeople(
  client: PoolClient,
  owner: Owner,
  lines: readonly PersonLine[],
): Promise<number> {
  const { rowCount } = await client.query({
    name: 'restore_business_people',
    text: `insert into business_people (tenant_id, user_id, kind, party_id, name, email, created_at)
           select $1, $2, l.* from json_to_recordset($3)
             as l("partyKind" text, "partyId" text, "name" text, "email" text, "createdAt" timestamptz)
           on conflict (user_id, tenant_id, kind, party_id) do nothing`,
    values: [owner.tenantId, owner.userId, JSON.stringify(lines)],
  });
  return rowCount ?? 0;
}
