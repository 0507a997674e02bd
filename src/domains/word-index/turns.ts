import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { replicable } from '../../db/replicable.ts';
import { valuesOf } from '../../db/slices.ts';
import { REACH } from './windows.ts';

/** A turn that is to be indexed, or that lies next to one. */
export interface IndexableTurn {
  readonly id: number;
  readonly turnId: string;
  /** Its number in the index; null: not indexed yet. */
  readonly document: number | null;
  readonly conversationId: string;
  readonly sequence: number;
  readonly sessionId: string | null;
  readonly timestamp: Date;
  readonly characterId: number | null;
  readonly characterIds: readonly number[] | null;
  readonly speaker: string | null;
  readonly responder: string | null;
  /** Changes when the text does: an interrupted turn gets its answer. */
  readonly status: string;
}

/** In the order of `turnOf`. Of the characters, where there is but the one, no list: to read one takes longer than all else of a row. */
const TURN = `i.id, i.turn_id, d.document, i.conversation_id, i.sequence, i.session_id, i.timestamp, i.character_id,
  nullif(i.character_ids, array[i.character_id]), i.speaker, i.responder, i.status`;

/** Each search reads all that wait, with those around them, which the driver would make objects of one column at a time. */
function turnOf(values: readonly unknown[]): IndexableTurn {
  return {
    ...{ id: values[0], turnId: values[1], document: values[2], conversationId: values[3] },
    ...{ sequence: values[4], sessionId: values[5], timestamp: values[6], characterId: values[7] },
    ...{ characterIds: values[8], speaker: values[9], responder: values[10], status: values[11] },
  } as IndexableTurn;
}

/** Places of a conversation that follow each other. */
export interface Run {
  readonly conversationId: string;
  readonly first: number;
  readonly last: number;
}

/** Nobody has turns in it. */
const NO_RUNS = { owner: { tenantId: '', userId: '' }, runs: [] };

/**
 * Those of the given turns that exist, with the turns that lie up to three places before one of them.
 *
 * @param besides turns of these places of an owner's conversations, too
 */
export async function turnsWithEarlier(
  db: Pick<PoolClient, 'query'>,
  ids: readonly number[],
  besides: { readonly owner: Owner; readonly runs: readonly Run[] } = NO_RUNS,
): Promise<IndexableTurn[]> {
  const { owner, runs } = besides;
  const rows = await valuesOf(
    { pool: db },
    {
      name: replicable('index_turns'),
      // By `lateral` and `limit`, so that it goes by indexes: for some hundred turns the whole table looked cheaper. Turns that lie near each
      // other are read with those around them in one go, and each once.
      text: `with wanted as (
             select t.* from unnest($1::int[]) as w(id) cross join lateral (
               select conversation_id, tenant_id, user_id, sequence from echo_unified_interactions where id = w.id limit 1
             ) t
           ), parted as (
             select *, sequence - lag(sequence, 1, sequence) over of_one > ${REACH + 1} as is_far from wanted
             window of_one as (partition by tenant_id, user_id, conversation_id order by sequence)
           ), numbered as (
             select *, count(*) filter (where is_far) over (partition by tenant_id, user_id, conversation_id order by sequence) as part
             from parted
           ), runs as (
             select tenant_id, user_id, conversation_id, min(sequence) - ${REACH} as first, max(sequence) as last
             from numbered group by tenant_id, user_id, conversation_id, part
             union all
             select $3, $2, conversation_id, first, last from unnest($4::text[], $5::int[], $6::int[]) as b(conversation_id, first, last)
           )
           select ${TURN} from runs r cross join lateral (
             select * from echo_unified_interactions where conversation_id = r.conversation_id
               and tenant_id = r.tenant_id and user_id = r.user_id and sequence between r.first and r.last
             order by sequence desc limit r.last - r.first + 1
           ) i left join lateral (
             select document from echo_index_documents where interaction_id = i.id limit 1
           ) d on true order by i.id`,
      values: [
        ids,
        owner.userId,
        owner.tenantId,
        runs.map(({ conversationId }) => conversationId),
        runs.map(({ first }) => first),
        runs.map(({ last }) => last),
      ],
    },
  );
  return rows.map(turnOf);
}
