import type { Owner } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import type { ErasingDatabase } from '../../db/erasure.ts';
import { takeAllAway } from '../tasks/stopping.ts';
import { lockMedia } from './owners.ts';
import { removeThumbnailFolder } from './thumbnails.ts';

/**
 * Takes away all that is known of a user's media, and the thumbnails on this server. The files that were indexed are not
 * touched, and what is indexing them ends. Thumbnails on other servers of the same database go by their own check of what lies there.
 */
export async function eraseMedia(
  { db, config }: { readonly db: ErasingDatabase; readonly config: Pick<Config, 'dataDirectory'> },
  owner: Owner,
) {
  const erased = await db.transaction(async (client) => {
    await lockMedia(client, owner);
    // Behind the lock, which each write of media takes first: what runs writes nothing more. Pictures are not only stored by
    // the task that indexes folders, but by all that draw, make and restore them.
    await takeAllAway(client, owner);
    const values = [owner.userId, owner.tenantId];
    for (const table of ['echo_media_files', 'echo_media_pairs'])
      await client.query({
        name: `erase_media_${table}`,
        text: `delete from ${table} where user_id = $1 and tenant_id = $2`,
        values,
      });
    const { rowCount } = await client.query({
      name: 'erase_media_insights',
      text: 'delete from echo_media_insights where user_id = $1 and tenant_id = $2',
      values,
    });
    return rowCount ?? 0;
  });
  await removeThumbnailFolder(config.dataDirectory, owner);
  return { erased: { media: erased }, left: {} };
}
