import type { Owner } from '../../access/principals.ts';
import { replicable } from '../../db/replicable.ts';
import { mapRow, nameOfShape, type Page, type RawRow, shapeOf } from '../../db/statements.ts';
import { nameKeyOf } from '../characters/name-key.ts';
import { requiredWords } from '../word-index/analysis.ts';
import type { Reader } from './reads.ts';
import { type FactCategory, type FactOrigin, type FactRow, type FactStatus, learnedFacts } from './tables.ts';
import { OWNER } from './terms.ts';

/** Which facts; all conditions must hold. */
export interface FactConditions {
  readonly text?: string | null | undefined;
  readonly category?: FactCategory | null | undefined;
  readonly subject?: string | null | undefined;
  readonly status?: FactStatus | null | undefined;
  readonly origin?: FactOrigin | null | undefined;
  /** Said in this conversation. */
  readonly conversationId?: string | null | undefined;
  /** True in the world at this instant. */
  readonly asOf?: Date | null | undefined;
  /** Known to us at this instant. */
  readonly recordedAsOf?: Date | null | undefined;
}

type Column = Exclude<keyof FactConditions, 'text' | 'asOf' | 'recordedAsOf'>;

const CONDITIONS: Record<Column, (place: string) => string> = {
  category: (place) => `category = ${place}`,
  subject: (place) => `lower(subject) = lower(${place})`,
  status: (place) => `status = ${place}`,
  origin: (place) => `origin = ${place}`,
  conversationId: (place) =>
    // Its turns first: a plan that goes by the order of facts would look at all of the user's.
    `id in (with said as materialized (select turn_id from echo_unified_interactions
         where conversation_id = ${place} and user_id = $1 and tenant_id = $2)
       select s.fact from said join echo_fact_sources s on s.turn_id = said.turn_id
       where s.user_id = $1 and s.tenant_id = $2 and not s.withdrawn)`,
};

/**
 * SQL: what was true in the world at one instant, as it was known at another. What was taken back or corrected was never true, as
 * far as is known now. A fact that was superseded later was not known to end, then, but as it was said.
 */
function instantConditions(asOf: string | null, recordedAsOf: string | null): string[] {
  const known =
    recordedAsOf === null
      ? ['retracted_by is null', 'corrected_by is null']
      : [
          `recorded_at <= ${recordedAsOf}`,
          `(retired_at is null or retired_at > ${recordedAsOf})`,
          "retracted_by is distinct from 'SOURCES'",
        ];
  if (asOf === null) return recordedAsOf === null ? [] : known;
  const until =
    recordedAsOf === null
      ? 'valid_until'
      : `case when retired_at > ${recordedAsOf} then said_until else valid_until end`;
  return [...known, `coalesce(valid_from, first_said_at) <= ${asOf}`, `coalesce(${until} > ${asOf}, true)`];
}

/** A user's facts, what was recorded last first. */
export async function factPage(
  { pool }: Reader,
  owner: Owner,
  { text, ...conditions }: FactConditions,
  page: Page<number>,
): Promise<FactRow[]> {
  const values: unknown[] = [
    owner.userId,
    owner.tenantId,
    page.after ?? 2_147_483_647,
    page.before ?? 0,
    page.limit,
  ];
  const names = (Object.keys(CONDITIONS) as (keyof typeof CONDITIONS)[]).filter(
    (name) => conditions[name] != null,
  );
  const also = names.map((name) => CONDITIONS[name](`$${values.push(conditions[name])}`));
  const placed = (instant: Date | null | undefined) => (instant == null ? null : `$${values.push(instant)}`);
  also.push(...instantConditions(placed(conditions.asOf), placed(conditions.recordedAsOf)));
  const words = text == null ? [] : requiredWords(text);
  // Words that carry no meaning find nothing, as in other lists.
  if (text != null && words.length === 0) return [];
  const having = words.map(
    (forms) =>
      `echo_fact_keys(tenant_id, user_id, search_terms) && echo_fact_keys($2, $1, $${values.push(forms)}::text[])`,
  );
  // Found by their words alone, which are the user's: other plans would look at all that the user has.
  const found =
    having.length === 0
      ? ''
      : `with found as materialized (select id from echo_learned_facts
           where ${having.join(' and ')}) `;
  if (having.length > 0) also.push('id in (select id from found)');
  if (conditions.subject != null && conditions.subject.toLowerCase() !== OWNER)
    also.push(`subject_key = $${values.push(nameKeyOf(conditions.subject))} and subject_key <> ''`);
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: nameOfShape(
      replicable('fact_page'),
      shapeOf({
        ...conditions,
        ...{ [`words${words.length}`]: true, [direction]: true },
        owner: conditions.subject?.toLowerCase() === OWNER ? true : null,
      }),
    ),
    text: `${found}select * from echo_learned_facts where user_id = $1 and tenant_id = $2 and id < $3 and id > $4
           ${also.map((condition) => `and ${condition}`).join(' ')} order by id ${direction} limit $5`,
    values,
  });
  return rows.map((row) => mapRow(learnedFacts, row));
}
