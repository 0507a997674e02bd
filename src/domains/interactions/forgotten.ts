import { type ForgottenKind, walkOver } from '../../db/forgotten.ts';

/** Turns that lie in the archive and among the others: no key of the database spans both tables. */
export const turnsTwice: ForgottenKind = {
  name: 'turns-twice',
  words: 'turns that are in the archive and out of it',
  walk: walkOver('echo_unified_interactions_archive', {
    key: 'id',
    type: 'int',
    columns: 'turn_id, tenant_id, user_id',
  }),
  shown: 't.turn_id::text as id, t.tenant_id as "tenantId", t.user_id as "userId"',
  forgotten: 'exists (select from only echo_unified_interactions i where i.turn_id = t.turn_id offset 0)',
};
