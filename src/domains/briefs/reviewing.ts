import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput, StatusMoveRefused } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { noBrief, parseBriefId } from './briefs.ts';
import * as limits from './limits.ts';
import { briefById, type SeenBrief } from './reads.ts';
import { type BriefRow, type BriefState, briefs } from './tables.ts';

interface ReviewServices {
  readonly db: Database;
}

/** What a person may make of a brief. */
const MOVES = {
  OPEN: [],
  PASSED: ['APPROVED', 'REJECTED'],
  NEEDS_REVIEW: ['APPROVED', 'REJECTED'],
  APPROVED: ['REJECTED'],
  REJECTED: ['APPROVED'],
} as const satisfies Record<BriefState, readonly BriefState[]>;

const Edit = z.object({ briefId: limits.id, output: limits.output });

/**
 * Says that the text of a brief is to be used, or is not; a person may change their mind.
 *
 * @throws InvalidInput, NotFound, StatusMoveRefused (there is no text yet; it is so already)
 */
export async function decideBrief(
  { db }: ReviewServices,
  owner: Owner,
  given: {
    readonly briefId: string;
    readonly to: 'APPROVED' | 'REJECTED';
    readonly note?: string | null | undefined;
  },
): Promise<SeenBrief> {
  const briefId = parseBriefId(given.briefId);
  const note = input.parseInput(limits.note.nullish(), given.note, 'note');
  return db.transaction(async (client) => {
    const brief = await lockedBrief(client, owner, briefId, 'briefId');
    const allowed: readonly BriefState[] = MOVES[brief.state];
    if (!allowed.includes(given.to))
      throw new StatusMoveRefused('briefId', { from: brief.state, to: given.to, allowed });
    await client.query({
      name: 'decide_brief',
      text: `update briefs set state = $4, review_reason = null, decided_at = now(), note = $5
             where id = $1 and tenant_id = $2 and user_id = $3`,
      values: [brief.id, owner.tenantId, owner.userId, given.to, note || null],
    });
    return seen(client, owner, briefId);
  });
}

/**
 * Puts a person's text in the place of a brief's, whose earlier ones stay in its attempts. It is to be approved then.
 *
 * @throws InvalidInput, NotFound, StatusMoveRefused (there is no text yet)
 */
export async function editBrief(
  { db }: ReviewServices,
  owner: Owner,
  given: z.input<typeof Edit>,
): Promise<SeenBrief> {
  const { briefId, output } = input.parseInput(Edit, given);
  return db.transaction(async (client) => {
    const brief = await lockedBrief(client, owner, briefId, 'briefId');
    if (brief.state === 'OPEN')
      throw new StatusMoveRefused('briefId', { from: 'OPEN', to: 'NEEDS_REVIEW', allowed: [] });
    const { rows } = await client.query<{ edits: number; last: number }>({
      name: 'count_brief_edits',
      text: `select count(*) filter (where writer = 'PERSON')::int as edits, coalesce(max(number), 0) as last
             from brief_attempts where brief = $1 and tenant_id = $2 and user_id = $3`,
      values: [brief.id, owner.tenantId, owner.userId],
    });
    const { edits, last } = onlyRow({ rows });
    if (edits >= limits.MAX_EDITS)
      throw new InvalidInput('output', `a brief may be edited at most ${limits.MAX_EDITS} times`);
    await client.query({
      name: 'insert_brief_edit',
      text: `insert into brief_attempts (tenant_id, user_id, brief, number, writer, output) values ($1, $2, $3, $4, 'PERSON', $5)`,
      values: [owner.tenantId, owner.userId, brief.id, last + 1, output],
    });
    await client.query({
      name: 'edit_brief',
      text: `update briefs set state = 'NEEDS_REVIEW', review_reason = 'EDITED', chosen = $4, decided_at = null, note = null
             where id = $1 and tenant_id = $2 and user_id = $3`,
      values: [brief.id, owner.tenantId, owner.userId, last + 1],
    });
    return seen(client, owner, briefId);
  });
}

/** A brief that nobody else changes before the end of the transaction. @throws NotFound */
async function lockedBrief(
  client: PoolClient,
  owner: Owner,
  briefId: string,
  field: string,
): Promise<BriefRow> {
  const { rows } = await client.query<RawRow>({
    name: 'lock_brief',
    text: 'select * from briefs where brief_id = $1 and tenant_id = $2 and user_id = $3 for update',
    values: [briefId, owner.tenantId, owner.userId],
  });
  if (!rows[0]) throw noBrief(briefId, field);
  return mapRow(briefs, rows[0]);
}

async function seen(client: PoolClient, owner: Owner, briefId: string): Promise<SeenBrief> {
  const brief = await briefById({ pool: client }, owner, briefId);
  if (!brief) throw noBrief(briefId, 'briefId');
  return brief;
}
