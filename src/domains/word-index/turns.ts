import type { PoolClient } from 'pg';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { valuesOf } from '../../db/slices.ts';
import { unseen } from '../../db/statements.ts';
import { type AnalysedText, analyse, INDEXED_LENGTH } from './analysis.ts';
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

/** Those of the given turns that exist, with the turns that lie up to three places before one of them. */
export async function turnsWithEarlier(
  db: Pick<PoolClient, 'query'>,
  ids: readonly number[],
): Promise<IndexableTurn[]> {
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
           )
           select ${TURN} from runs r cross join lateral (
             select * from echo_unified_interactions where conversation_id = r.conversation_id
               and tenant_id = r.tenant_id and user_id = r.user_id and sequence between r.first and r.last
             order by sequence desc limit r.last - r.first + 1
           ) i left join lateral (
             select document from echo_index_documents where interaction_id = i.id limit 1
           ) d on true order by i.id`,
      values: [ids],
    },
  );
  return rows.map(turnOf);
}

/** The text of a turn that is searched: both sides, and the caption of what was shared with it. */
export function indexedText(turn: { query: string; response: string; caption: unknown }): string {
  return [turn.query, turn.response, typeof turn.caption === 'string' ? turn.caption : '']
    .map((side) => side.slice(0, INDEXED_LENGTH))
    .join('\n');
}

/** SQL: what `indexedText` takes, of a turn `i`. */
const INDEXED_TEXT = `left(i.query, ${INDEXED_LENGTH}) as query, left(i.response, ${INDEXED_LENGTH}) as response,
  i.metadata ->> 'caption' as caption`;

/** About 20 MB of analyses. */
const TERMS_REMEMBERED = 200_000;
/** Characters between two pauses of a long analysis: a few milliseconds. */
const CHARACTERS_BETWEEN_PAUSES = 20_000;

/** What an analysis is remembered by: a turn keeps its text, but for one that was interrupted and is answered later. */
type AnalysableTurn = Pick<IndexableTurn, 'turnId' | 'status'>;
type TurnText = Parameters<typeof indexedText>[0];

/**
 * What the texts of turns were analysed to; remembers some, since a turn is looked at several times when it is new: by
 * each search while it waits for the database and then for the index, and when it is indexed.
 */
export class TextAnalyses {
  /** How often what was remembered was enough. */
  readonly use = { hits: 0, misses: 0 };
  readonly #known = new Map<string, AnalysedText>();
  #terms = 0;

  /** The analysed texts of stored turns, by their id. */
  async of(
    db: Pick<Database['pool'], 'query'>,
    turns: readonly (AnalysableTurn & Pick<IndexableTurn, 'id'>)[],
  ): Promise<Map<number, AnalysedText>> {
    const found = new Map<number, AnalysedText>();
    const unknown: number[] = [];
    for (const turn of turns) {
      const known = this.#known.get(keyOf(turn));
      if (known) found.set(turn.id, known);
      else unknown.push(turn.id);
    }
    this.use.hits += found.size;
    if (unknown.length === 0) return found;
    const { rows } = await db.query<AnalysableTurn & TurnText & Pick<IndexableTurn, 'id'>>({
      name: replicable('index_texts'),
      text: `select i.id, i.turn_id as "turnId", i.status, ${INDEXED_TEXT} from echo_unified_interactions i
             where i.id = any(${unseen('$1', 'int[]')})`,
      values: [unknown],
    });
    const analysed = await this.#analysed(rows);
    for (const [at, { id }] of rows.entries()) found.set(id, analysed[at] as AnalysedText);
    return found;
  }

  /** The same of turns whose text is at hand, in their order. */
  async ofTexts(turns: readonly (AnalysableTurn & TurnText)[]): Promise<AnalysedText[]> {
    return this.#analysed(turns);
  }

  /** Requests come first, so it pauses; searches beside each other want the same turns, and each is analysed once. */
  async #analysed(turns: readonly (AnalysableTurn & TurnText)[]): Promise<AnalysedText[]> {
    const texts: AnalysedText[] = [];
    let characters = 0;
    for (const turn of turns) {
      const known = this.#known.get(keyOf(turn));
      if (known) this.use.hits++;
      else this.use.misses++;
      const text = known ?? analyse(indexedText(turn));
      texts.push(text);
      if (known) continue;
      this.#remember(keyOf(turn), text);
      characters += turn.query.length + turn.response.length;
      if (characters < CHARACTERS_BETWEEN_PAUSES) continue;
      characters = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return texts;
  }

  /** Forgets everything, for an erasure. */
  clear(): void {
    this.#known.clear();
    this.#terms = 0;
  }

  #remember(key: string, text: AnalysedText): void {
    if (this.#known.has(key)) return;
    this.#known.set(key, text);
    this.#terms += text.counts.size + text.parts.size;
    for (const [oldest, { counts, parts }] of this.#known) {
      if (this.#terms <= TERMS_REMEMBERED) break;
      this.#known.delete(oldest);
      this.#terms -= counts.size + parts.size;
    }
  }
}

function keyOf({ turnId, status }: AnalysableTurn): string {
  return `${turnId} ${status}`;
}
