import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { NotFound, StatusMoveRefused } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin, subjectOf } from '../../ground/ownership.ts';
import { dueAt } from './regions.ts';
import {
  type DataRequestRow,
  dataRequests,
  REGIONS,
  REQUEST_KINDS,
  REQUEST_OUTCOMES,
  type Region,
} from './tables.ts';

interface RequestServices {
  readonly db: Database;
  readonly compliance: { now(): Date };
  readonly config: { readonly complianceReport: { readonly region: Region } };
}

export const uuid = z.guid({ error: 'must be a UUID' });
/** Days that a request may have come in before it is noted. */
export const MAX_AGE_DAYS = 3_650;
const DAY_MS = 86_400_000;

const NewRequest = z.object({
  userId: input.userId,
  kind: z.enum(REQUEST_KINDS),
  region: z.enum(REGIONS).nullish(),
  askedAt: input.instant.nullish(),
});

/**
 * Notes that somebody asked for what is kept of them, or for its end, by whatever way. Who it was is kept as a hash only.
 *
 * @throws Forbidden, InvalidInput
 */
export async function noteDataRequest(
  { db, compliance, config }: RequestServices,
  principal: Principal,
  given: z.input<typeof NewRequest>,
): Promise<DataRequestRow> {
  requireAdmin(principal);
  const today = compliance.now();
  const asked = input.parseInput(
    NewRequest.refine(
      ({ askedAt }) =>
        !askedAt || (askedAt <= today && askedAt.getTime() > today.getTime() - MAX_AGE_DAYS * DAY_MS),
      { error: `must lie in the past, at most ${MAX_AGE_DAYS} days`, path: ['askedAt'] },
    ),
    given,
  );
  const region = asked.region ?? config.complianceReport.region;
  const askedAt = asked.askedAt ?? today;
  const subject = subjectOf({ tenantId: principal.tenantId, userId: asked.userId });
  return db.transaction(async (client) => {
    const noted = await client.query<RawRow>({
      name: 'note_data_request',
      text: `insert into data_subject_requests (request_id, tenant_id, subject, kind, region, asked_at, due_at)
             values ($1, $2, $3, $4, $5, $6, $7) returning *`,
      values: [
        ...[randomUUID(), principal.tenantId, subject, asked.kind, region],
        ...[askedAt, dueAt(region, askedAt)],
      ],
    });
    return mapRow(dataRequests, onlyRow(noted));
  });
}

const Closing = z.object({ requestId: uuid, outcome: z.enum(REQUEST_OUTCOMES) });

/**
 * Says what became of a request. It stays so.
 *
 * @throws Forbidden, InvalidInput, NotFound, StatusMoveRefused (it is closed)
 */
export async function closeDataRequest(
  { db, compliance }: Pick<RequestServices, 'db' | 'compliance'>,
  principal: Principal,
  given: z.input<typeof Closing>,
): Promise<DataRequestRow> {
  requireAdmin(principal);
  const { requestId, outcome } = input.parseInput(Closing, given);
  return db.transaction(async (client) => {
    const { rows } = await client.query<RawRow>({
      name: 'lock_data_request',
      text: 'select * from data_subject_requests where request_id = $1 and tenant_id = $2 for update',
      values: [requestId, principal.tenantId],
    });
    if (!rows[0]) throw new NotFound('requestId', `there is no request "${requestId}"`);
    const known = mapRow(dataRequests, rows[0]);
    if (known.outcome)
      throw new StatusMoveRefused('requestId', { from: known.outcome, to: outcome, allowed: [] });
    const closed = await client.query<RawRow>({
      name: 'close_data_request',
      text: `update data_subject_requests set closed_at = greatest($3::timestamptz, asked_at), outcome = $4
             where request_id = $1 and tenant_id = $2 returning *`,
      values: [requestId, principal.tenantId, compliance.now(), outcome],
    });
    return mapRow(dataRequests, onlyRow(closed));
  });
}
