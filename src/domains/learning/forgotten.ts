import { type ForgottenKind, walkOver } from '../../db/forgotten.ts';

/** SQL: of a refusal, that its turn is neither there nor known to have been deleted. */
const GONE = (
  row: string,
) => `not exists (select from echo_unified_interactions i where i.turn_id = ${row}.turn_id offset 0)
  and not exists (select from echo_deleted_turns d where d.turn_id = ${row}.turn_id offset 0)`;

/** What was not learned of turns that never were. */
export const refusalsOfNoTurn: ForgottenKind = {
  name: 'refusals-of-no-turn',
  words: 'notes of what was not learned, of turns that are gone without a mark',
  walk: walkOver('learning_refusals', {
    key: 'run',
    type: 'int',
    columns: 'run, turn_id',
  }),
  shown: `t.turn_id::text as id, (select tenant_id from learning_history h where h.id = t.run) as "tenantId",
    (select user_id from learning_history h where h.id = t.run) as "userId"`,
  forgotten: GONE('t'),
  repair: async ({ pool }, rows) => {
    await pool.query({
      name: 'delete_refusals_of_no_turn',
      text: `delete from learning_refusals r using learning_history h
             where h.id = r.run and r.run = any($1::int[]) and ${GONE('r')}`,
      values: [rows.map(({ key }) => key)],
    });
  },
};
