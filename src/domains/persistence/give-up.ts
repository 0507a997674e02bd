import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import { requireOperator } from '../../ground/ownership.ts';
import type { Journals, KnownJournal } from './journals.ts';

export interface GiveUpServices {
  readonly db: Database;
  readonly journals: Journals;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Says that nobody will bring a journal back, so that it is an alert no more. Its file is not touched: a server that is
 * started on its data directory brings its turns all the same.
 *
 * @returns the journal as it is now
 * @throws InvalidInput for one whose server is there; NotFound, Forbidden
 */
export async function giveUpJournal(
  { db, journals }: GiveUpServices,
  principal: Principal,
  journalId: string,
): Promise<KnownJournal> {
  requireOperator(principal);
  if (!UUID.test(journalId)) throw new InvalidInput('journalId', 'must be a UUID');
  const found = async () => (await journals.list()).find((one) => one.journalId === journalId.toLowerCase());
  const before = await found();
  if (!before) throw new NotFound('journalId', 'no journal of this id is known');
  if (before.state === 'ALIVE')
    throw new InvalidInput('journalId', 'its server is there: it drains its journal itself');
  await db.transaction(async (client) => {
    await client.query({
      name: 'give_up_journal',
      // A server that has come back meanwhile keeps its own.
      text: `with changed as (
               update echo_journals set given_up_at = now(), stopped_at = coalesce(stopped_at, now()), oldest_at = null
               where journal_id = $1 and seen_at = $2 and given_up_at is null returning host, directory, depth
             )
             select echo_audit($3, null, 'journal.waive', $1::text, 'OK',
               jsonb_build_object('host', host, 'directory', directory, 'depth', depth), echo_audit_teller()) from changed`,
      values: [before.journalId, before.seenAt, principal.tenantId],
    });
  });
  return (await found()) ?? before;
}
