import { principal } from '../../server/session.ts';
import { asked, SearchField } from '../../view/search-field.tsx';

/** Whose memory is looked at; null: one's own. */
export function askedUser(): string | null {
  return asked('user') || null;
}

/** Chooses whose memory is looked at, for those who may act for others. */
export function UserField() {
  if (!principal.value?.mayActForOthers) return null;
  return <SearchField name="user" label="User" hint={principal.value.userId} />;
}
