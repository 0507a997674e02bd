import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { valuesOf } from '../../db/slices.ts';
import { nameOfShape, onlyRow, shapeOf, unseen } from '../../db/statements.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import { CHARACTER_DATABASE } from '../utterances/recalled.ts';

/** Where to search; null: everywhere. All conditions must hold. */
export interface MemoryConditions {
  readonly conversationId: string | null;
  readonly since: Date | null;
  readonly until: Date | null;
  /** Only turns about this character. */
  readonly about: number | null;
  /** False: none that is in the archive; null also where there is none to leave out. */
  readonly archived: false | null;
}

/** A turn that may be worth remembering, as far as its rank depends on it. */
export interface PooledTurn {
  readonly id: number;
  readonly turnId: string;
  readonly conversationId: string;
  readonly sequence: number;
  readonly sessionId: string | null;
  readonly timestamp: Date;
  readonly speaker: string | null;
  readonly responder: string | null;
  readonly characterId: number | null;
  readonly characterIds: readonly number[] | null;
  readonly status: InteractionRow['status'];
  readonly modelUsed: string;
  /** The beginning. */
  readonly query: string;
  /** The beginning. */
  readonly response: string;
  /** Its number in the word index, where it was looked up by that. */
  readonly document?: number | null | undefined;
}

/** Characters of each side of a turn that phrases and the like are looked for in. */
export const LOOKED_AT = 1_000;
/** How much of a turn is read. */
export const TURN_PARAMETERS = { LOOKED_AT };
/** In the order of `pooledOf`. Of the characters, where there is but the one, no list: to read one takes longer than all else of a row. */
const POOLED = `i.id, i.turn_id, i.conversation_id, i.sequence, i.session_id, i.timestamp, i.speaker, i.responder, i.character_id,
  nullif(i.character_ids, array[i.character_id]), i.status, i.model_used, left(i.query, ${LOOKED_AT}), left(i.response, ${LOOKED_AT})`;
/** Where the values of a turn end. */
const POOLED_VALUES = 14;

/** Searches read hundreds of turns, which the driver would make objects of one column at a time. */
function pooledOf(values: readonly unknown[]): PooledTurn {
  // Not by spreading: each part would be an object of its own first.
  return {
    id: values[0],
    turnId: values[1],
    conversationId: values[2],
    sequence: values[3],
    sessionId: values[4],
    timestamp: values[5],
    speaker: values[6],
    responder: values[7],
    characterId: values[8],
    characterIds: values[9],
    status: values[10],
    modelUsed: values[11],
    query: values[12],
    response: values[13],
    document: values[POOLED_VALUES],
  } as PooledTurn;
}

async function readPooled(
  db: Database,
  statement: { name: string; text: string; values: unknown[] },
): Promise<PooledTurn[]> {
  return (await valuesOf(db, statement)).map(pooledOf);
}

/** SQL that holds for turns of the owner `$1`, `$2` that meet the conditions, whose values follow in `values`. */
function inScope(owner: Owner, conditions: MemoryConditions, values: unknown[]): string {
  values.push(owner.userId, owner.tenantId);
  const tests: Record<Exclude<keyof MemoryConditions, 'archived'>, (value: string) => string> = {
    conversationId: (value) => `i.conversation_id = ${value}`,
    since: (value) => `i.timestamp >= ${value}`,
    until: (value) => `i.timestamp <= ${value}`,
    // As the two indexes have it: turns of one character, and turns of several.
    about: (value) =>
      `(i.character_id = ${value} or (cardinality(i.character_ids) > 1 and ${value} = any(i.character_ids)))`,
  };
  const used = Object.entries(tests).flatMap(([name, test]) => {
    const value = conditions[name as keyof typeof tests];
    return value === null ? [] : test(`$${values.push(value)}`);
  });
  if (conditions.archived === false) used.push('i.archived_at is null');
  return ['i.user_id = $1 and i.tenant_id = $2', ...used].join(' and ');
}

/** Whether a turn that the database has not taken yet meets the conditions. */
export function meets(
  { conversationId, since, until, about }: MemoryConditions,
  turn: Pick<InteractionRow, 'conversationId' | 'timestamp' | 'characterId' | 'characterIds'>,
): boolean {
  return (
    (conversationId === null || turn.conversationId === conversationId) &&
    (since === null || turn.timestamp >= since) &&
    (until === null || turn.timestamp <= until) &&
    (about === null || isAbout(turn, about))
  );
}

/** Whether a turn names a character. */
export function isAbout(
  { characterId, characterIds }: Pick<PooledTurn, 'characterId' | 'characterIds'>,
  id: number,
): boolean {
  return characterId === id || (characterIds?.includes(id) ?? false);
}

/** Turns by document number, and by id, that are the owner's and meet the conditions. */
export async function pooledTurns(
  db: Database,
  owner: Owner,
  conditions: MemoryConditions,
  wanted: { ownerId: number | null; documents: readonly number[]; ids: readonly number[] },
): Promise<PooledTurn[]> {
  if (wanted.documents.length === 0 && wanted.ids.length === 0) return [];
  const values: unknown[] = [];
  const scope = inScope(owner, conditions, values);
  const [ownerId, documents, ids] = [wanted.ownerId, textOf(wanted.documents), textOf(wanted.ids)].map(
    (value) => `$${values.push(value)}`,
  );
  return readPooled(db, {
    name: nameOfShape(replicable('pooled_turns'), shapeOf({ ...conditions })),
    // Lateral with a limit: one look into an index for each row, where a planner might rather read a whole table.
    text: `select ${POOLED}, w.document from unnest(${documents}::int[]) as w(document)
           cross join lateral (select interaction_id from echo_index_documents
             where owner_id = ${ownerId}::int and document = w.document limit 1) d
           cross join lateral (select * from echo_unified_interactions i where i.id = d.interaction_id limit 1) i where ${scope}
           union all
           select ${POOLED}, null from unnest(${ids}::int[]) as w(id)
           cross join lateral (select * from echo_unified_interactions i where i.id = w.id limit 1) i where ${scope}`,
    values,
  });
}

/** A list of numbers as PostgreSQL writes it: the driver would put each of hundreds into quotation marks. */
function textOf(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

/** Numbers of the owner's documents that meet the conditions; null if more than `limit` turns do. */
export async function documentsOf(
  db: Database,
  owner: Owner,
  ownerId: number,
  conditions: MemoryConditions,
  limit: number,
): Promise<Set<number> | null> {
  const values: unknown[] = [];
  const scope = inScope(owner, conditions, values);
  const found = await db.pool.query<{ turns: number; documents: number[] }>({
    name: nameOfShape(replicable('filtered_documents'), shapeOf({ ...conditions })),
    // Looked up only where they are not too many.
    text: `with met as materialized (
             select i.id from echo_unified_interactions i where ${scope} limit $${values.push(limit + 1)}::int
           ), counted as materialized (select count(*)::int as turns from met)
           select turns, array(
             select d.document from met cross join lateral (
               select document from echo_index_documents where interaction_id = met.id and owner_id = $${values.push(ownerId)} limit 1
             ) d where turns <= $${values.push(limit)}::int
           ) as documents from counted`,
    values,
  });
  const { turns, documents } = onlyRow(found);
  return turns > limit ? null : new Set(documents);
}

/** The owner's latest turns since an instant that meet the conditions. */
export async function recentTurns(
  db: Database,
  owner: Owner,
  conditions: MemoryConditions,
  since: Date,
  limit: number,
): Promise<PooledTurn[]> {
  const values: unknown[] = [];
  const scope = inScope(owner, conditions, values);
  return readPooled(db, {
    name: nameOfShape(replicable('recent_turns'), shapeOf({ ...conditions })),
    text: `select ${POOLED} from echo_unified_interactions i where ${scope} and i.timestamp >= $${values.push(since)}
           order by i.timestamp desc, i.id desc limit $${values.push(limit)}`,
    values,
  });
}

/** The owner's latest turns of each of some spans of time that meet the conditions. */
export async function turnsWithin(
  db: Database,
  owner: Owner,
  conditions: MemoryConditions,
  spans: readonly { readonly since: Date; readonly until: Date }[],
  limit: number,
): Promise<PooledTurn[]> {
  const values: unknown[] = [];
  const scope = inScope(owner, conditions, values);
  const ends = [spans.map(({ since }) => since), spans.map(({ until }) => until)];
  const [since, until] = ends.map((dates) => `$${values.push(dates)}::timestamptz[]`);
  return readPooled(db, {
    name: nameOfShape(replicable('turns_within'), shapeOf({ ...conditions })),
    // One span at a time, so that the index gives each one's latest turns and nothing else is read.
    text: `select ${POOLED} from unnest(${since}, ${until}) as s(since, until) cross join lateral (
             select * from echo_unified_interactions i
             where ${scope} and i.timestamp >= s.since and i.timestamp < s.until
             order by i.timestamp desc, i.id desc limit $${values.push(limit)}
           ) i`,
    values,
  });
}

/** What has turns: the present, and the archive. */
const TABLES = ['only echo_unified_interactions', 'echo_unified_interactions_archive'];

/**
 * The owner's latest turns about each of the characters that meet the conditions.
 *
 * @param answered which of them: `otherwise` are those that were answered with anything but the character's profile
 */
export async function turnsAbout(
  db: Database,
  owner: Owner,
  conditions: MemoryConditions,
  characterIds: readonly number[],
  limit: number,
  answered: 'anyhow' | 'otherwise' = 'anyhow',
): Promise<PooledTurn[]> {
  const values: unknown[] = [];
  const scope = inScope(owner, conditions, values);
  const ids = unseen(`$${values.push(characterIds)}`, 'int[]');
  const most = unseen(`$${values.push(limit)}`, 'int');
  const latestIn = (table: string, about: string) =>
    `(select i.id, i.model_used from ${table} i where ${scope} and ${about} order by i.id desc limit ${most})`;
  const latest = (about: string) =>
    `(select * from (${TABLES.map((table) => latestIn(table, about)).join(' union all ')}) t order by id desc limit ${most})`;
  return readPooled(db, {
    name: nameOfShape(
      replicable(answered === 'otherwise' ? 'turns_about_answered_otherwise' : 'turns_about'),
      shapeOf({ ...conditions }),
    ),
    // One character, table and index at a time, so that the indexes give the latest turns in their order and nothing else is read. In both
    // tables at once, PostgreSQL would rather read and sort all turns about a character of whom it has counted none yet. Texts are read
    // only of those that are wanted.
    text: `select ${POOLED} from unnest(${ids}) as c(id) cross join lateral (
             ${latest('i.character_id = c.id')}
             union all
             ${latest('cardinality(i.character_ids) > 1 and c.id = any(i.character_ids) and i.character_id is distinct from c.id')}
           ) l cross join lateral (select * from echo_unified_interactions i where i.id = l.id limit 1) i${answered === 'otherwise' ? ` where l.model_used <> '${CHARACTER_DATABASE}'` : ''}`,
    values,
  });
}

/** Turns by their public ids, for what was found by its vector. */
export async function pooledByTurnId(
  db: Database,
  owner: Owner,
  conditions: MemoryConditions,
  turnIds: readonly string[],
): Promise<PooledTurn[]> {
  const values: unknown[] = [];
  const scope = inScope(owner, conditions, values);
  return readPooled(db, {
    name: nameOfShape(replicable('pooled_by_turn_id'), shapeOf({ ...conditions })),
    text: `select ${POOLED} from echo_unified_interactions i where i.turn_id = any(${unseen(`$${values.push(turnIds)}`, 'uuid[]')}) and ${scope}`,
    values,
  });
}
