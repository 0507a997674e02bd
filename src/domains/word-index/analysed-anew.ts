import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { ANALYSIS_VERSION } from './analysis.ts';
import { begin, makeAgain, type Range, segmentOf, withPatience } from './remaking.ts';
import { speakersOf } from './speakers.ts';
import { lockOwner, type WriterServices } from './writer.ts';

/**
 * Makes segments again whose terms are of an older version of the analysis, so that what was stored before is found
 * by what would find it now. Each in a transaction of its own: searches see the old terms or the new ones, and what
 * is cut off goes on with the segments that are left.
 *
 * @param goesOn asked before each segment
 */
export async function analyseAnew(
  { db, texts }: WriterServices,
  owner: Owner,
  goesOn: () => Promise<boolean>,
): Promise<void> {
  await withPatience(db, async (client) => {
    while (await goesOn()) {
      await begin(client);
      const locked = await lockOwner(client, owner);
      const range = locked && (await outdatedSegment(client, locked.ownerId));
      if (!range) return;
      await makeAgain(client, texts, locked.ownerId, range);
      await client.query({
        text: 'update echo_index_owners set speakers = $2 where owner_id = $1',
        values: [
          locked.ownerId,
          [
            ...speakersOf(
              [],
              locked.speakers.map((speaker) => ({ speaker, responder: null })),
            ),
          ],
        ],
      });
      await client.query('commit');
    }
  });
}

async function outdatedSegment(client: PoolClient, ownerId: number): Promise<Range | null> {
  const { rows } = await client.query<{ segment: number }>({
    text: `select min(segment) as segment from echo_index_segments
           where owner_id = $1 and analysis < ${ANALYSIS_VERSION} having count(*) > 0`,
    values: [ownerId],
  });
  return rows[0] ? segmentOf(client, ownerId, rows[0].segment) : null;
}
