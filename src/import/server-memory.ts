import { countLeftOut, type Position } from './files.ts';
import { isValue, readValues } from './lines.ts';
import { OF_WRONG_TYPE, textOf } from './messages.ts';
import { bad, type ImportRecord, isObject } from './records.ts';
import { type Statement, toStatementRecords } from './statements.ts';

/**
 * Reads the graph of the memory server of MCP: JSON Lines of `{ type: "entity", name, entityType, observations }` and
 * `{ type: "relation", from, to, relationType }`, or the two in lists as its tool `read_graph` gives them. Each observation and
 * each relation is a statement; it says no time: the import is when it was said. `line` counts entities and relations.
 */
export async function* readServerMemory(file: string, position: Position): AsyncGenerator<ImportRecord> {
  let line = 0;
  for await (const read of readValues(file, position)) {
    if (!isValue(read)) {
      yield { ...read, line: ++line };
      continue;
    }
    for (const each of membersOf(read.value)) yield* toRecords(++line, each, position);
  }
}

/** Entities and relations: the value itself, or those of its lists. */
function membersOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (!isObject(value) || 'observations' in value || 'relationType' in value) return [value];
  const lists = [value.entities, value.relations].filter((list) => list !== undefined);
  return lists.length > 0 ? lists.flat() : [value];
}

function* toRecords(line: number, value: unknown, position: Position): Generator<ImportRecord> {
  if (!isObject(value)) return yield bad(line, null, 'must be an object');
  if (value.type === 'relation' || 'relationType' in value) return yield* toRelation(line, value);
  const name = textOf(value.name);
  if (name === null) return yield bad(line, 'name', 'must be text');
  if (!Array.isArray(value.observations)) return yield bad(line, 'observations', 'must be an array');
  const type = textOf(value.entityType);
  if (type === null && value.entityType != null) countLeftOut(position, [OF_WRONG_TYPE]);
  if (value.observations.length === 0) countLeftOut(position, ['entities without observations']);
  const isOfUser = OF_THE_USER.test(name);
  const metadata = { entity: name, ...(type === null ? {} : { entityType: type }) };
  for (const observation of value.observations as unknown[]) {
    const text = textOf(observation);
    if (text === null || text.trim() === '') yield bad(line, 'observations', 'must be texts');
    else if (isOfUser) yield* toStatement(line, { text, speaker: null, metadata });
    else yield* toStatement(line, { text: `${wordsOf(name)}: ${text}`, speaker: 'assistant', metadata });
  }
}

/** What the server's instructions call whoever talks to the assistant. */
const OF_THE_USER = /^(?:default[ _-]?user|user)$/i;

function* toRelation(line: number, value: Record<string, unknown>): Generator<ImportRecord> {
  const names = ['from', 'relationType', 'to'] as const;
  const missing = names.find((name) => textOf(value[name]) === null);
  if (missing !== undefined) return yield bad(line, missing, 'must be text');
  const said = names.map((name) => [name, textOf(value[name]) ?? ''] as const);
  const isOfUser = OF_THE_USER.test(String(value.from));
  const words = said.map(([, word]) => wordsOf(word));
  const metadata = Object.fromEntries(said);
  if (isOfUser)
    yield* toStatement(line, { text: inFirstPerson(words.slice(1).join(' ')), speaker: null, metadata });
  else yield* toStatement(line, { text: words.join(' '), speaker: 'assistant', metadata });
}

/** "lives in Lisbon" as the user says it of themselves, so that it is learned of them; what begins with no such verb stays as it is. */
function inFirstPerson(words: string): string {
  const [, verb = '', rest = ''] = /^([a-z]+)(.*)$/s.exec(words) ?? [];
  const irregular = IRREGULAR[verb];
  if (irregular !== undefined) return `I ${irregular}${rest}`;
  if (!/[^s]s$/.test(verb)) return words;
  const base = verb.replace(/ies$|(?<=ss|sh|ch|x|z|o)es$|s$/, (end) => (end === 'ies' ? 'y' : ''));
  return `I ${base}${rest}`;
}

const IRREGULAR: Readonly<Record<string, string>> = { is: 'am', has: 'have', was: 'was' };

/** Names are written as those of variables, and would not be found as words. */
function wordsOf(name: string): string {
  return name.replaceAll('_', ' ').trim();
}

type Said = Pick<Statement, 'text' | 'speaker' | 'metadata'>;

/** What is about others than the user the assistant says, who wrote it: nothing of it is true of the user. */
function* toStatement(line: number, said: Said): Generator<ImportRecord> {
  yield* toStatementRecords(line, {
    ...{ source: 'server-memory', conversationId: 'server-memory' },
    ...{ title: 'Memories of the MCP memory server', id: null, time: null, ...said },
  });
}
