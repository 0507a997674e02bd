import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { unseen } from '../../db/statements.ts';
import { type AnalysedText, analyse, INDEXED_LENGTH } from './analysis.ts';
import { FreshTurns } from './fresh-turns.ts';
import type { IndexableTurn } from './turns.ts';

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
  /** The turns themselves, while they wait for the index. */
  readonly fresh = new FreshTurns();
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
    this.fresh.clear();
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
