import type { Owner } from '../../access/principals.ts';
import type { ErasingDatabase } from '../../db/erasure.ts';
import { retried } from '../../db/retried.ts';
import { eraseMarks } from './marks.ts';

/** Erases all conversations of a user, whose turns have gone, and where the turns stood in them. */
export async function eraseConversations({ db }: { readonly db: ErasingDatabase }, owner: Owner) {
  const gone = await retried(() =>
    db.transaction(async (client) => {
      const { rowCount } = await client.query({
        name: 'erase_conversations',
        text: 'delete from echo_conversations where user_id = $1 and tenant_id = $2',
        values: [owner.userId, owner.tenantId],
      });
      await eraseMarks(client, owner);
      return rowCount ?? 0;
    }),
  );
  return { erased: { conversations: gone }, left: {} };
}
