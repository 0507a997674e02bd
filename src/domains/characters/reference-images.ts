import { isDeepStrictEqual } from 'node:util';
import type { PoolClient } from 'pg';
import type { TaskOwner } from '../../jobs/job.ts';
import type { CharacterRow } from './tables.ts';

/** The job that looks again which pictures show whom; there is none without folders of media. */
export const MATCH_CHARACTERS = 'match_characters';

/** A character that a user knows, and what is said of pictures of them. */
export interface ReferencedCharacter {
  readonly name: string;
  readonly references: readonly unknown[];
}

/** Active characters that a user knows and that have reference images; of two with one name the user's own. */
export async function charactersWithReferences(
  sender: Pick<PoolClient, 'query'>,
  { tenantId, userId }: { readonly tenantId: string; readonly userId: string },
): Promise<ReferencedCharacter[]> {
  const { rows } = await sender.query<ReferencedCharacter>({
    name: 'characters_with_references',
    text: `select c.character_name as name, c.reference_images as references from character_profiles c
           where c.tenant_id = $1 and (c.user_id is null or c.user_id = $2) and c.is_active
             and jsonb_array_length(c.reference_images) > 0
             and (c.user_id is not null or not exists (select from character_profiles own
               where own.tenant_id = $1 and own.user_id = $2 and own.is_active and own.name_key = c.name_key))
           order by c.id`,
    values: [tenantId, userId],
  });
  return rows;
}

/** Whether pictures may show somebody else after a change of a character; absent: there is none. */
export function isMatchedAnew(before: CharacterRow | undefined, after: CharacterRow): boolean {
  const imagesOf = (row: CharacterRow | undefined) => (row?.isActive ? row.referenceImages : []);
  return !isDeepStrictEqual(imagesOf(before), imagesOf(after));
}

/** Who looks at pictures again when reference images change. */
export interface PictureMatching {
  /**
   * Asks for it in the transaction that changes a character.
   *
   * @param owner without a user: of a character that all users share
   */
  order(client: PoolClient, owner: TaskOwner, createdBy: string): Promise<void>;
  /** After its commit. */
  wake(): void;
}
