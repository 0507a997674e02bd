import { beginningOf } from '../texts.ts';
import { countLeftOut, type Position } from './files.ts';
import { isValue, readValues } from './lines.ts';
import { membersWith } from './members.ts';
import { idOf, readTime, textOf } from './messages.ts';
import { bad, type ImportRecord, isObject } from './records.ts';
import { toStatementRecords } from './statements.ts';

/**
 * Reads memories of mem0 as its API and its libraries return them: `{ results: [{ id, memory, user_id, created_at, … }] }`,
 * pages of that, a list, or one a line. Each is a statement of the time when it was last written. Those of the first user
 * are the caller's; those of other users and of agents are said by these. `line` counts memories.
 *
 * @throws ImportFileError where the JSON breaks off before its first memory
 */
export async function* readMem0(file: string, position: Position): AsyncGenerator<ImportRecord> {
  let line = 0;
  let owner: string | null = null;
  for await (const read of readValues(file, position)) {
    if (!isValue(read)) {
      yield read;
      continue;
    }
    const { value } = read;
    if (isObject(value) && Array.isArray(value.relations))
      countLeftOut(
        position,
        value.relations.map(() => 'relations between memories'),
      );
    if (isObject(value) && Array.isArray(value.results) && value.results.length === 0) continue;
    if (isObject(value) && !('memory' in value) && !Array.isArray(value.results ?? [])) {
      yield bad(++line, 'results', 'must be an array');
      continue;
    }
    for (const memory of membersWith('memory', value)) {
      line++;
      if (!isObject(memory)) {
        yield bad(line, null, 'must be an object');
        continue;
      }
      const user = idOf(memory.user_id);
      owner ??= user;
      const isOwn = user === null ? idOf(memory.agent_id) === null : user === owner;
      yield* toRecords(line, memory, isOwn ? null : (user ?? idOf(memory.agent_id)), position);
    }
  }
}

function* toRecords(
  line: number,
  memory: Record<string, unknown>,
  speaker: string | null,
  position: Position,
): Generator<ImportRecord> {
  const text = textOf(memory.memory);
  if (text === null || text.trim() === '') return yield bad(line, 'memory', 'must be text');
  const expires = readTime(memory.expiration_date);
  if (expires !== null && expires < Date.now()) return countLeftOut(position, ['expired memories']);
  const user = idOf(memory.user_id) ?? idOf(memory.agent_id) ?? idOf(memory.app_id);
  const fields = ['categories', 'user_id', 'agent_id', 'app_id', 'created_at', 'metadata'];
  yield* toStatementRecords(line, {
    source: 'mem0',
    conversationId: user === null ? 'mem0' : `mem0-${user}`,
    title: 'Memories of mem0',
    id: idOf(memory.id),
    text,
    time: readTime(memory.updated_at) ?? readTime(memory.created_at),
    speaker: speaker === null ? null : beginningOf(speaker, MAX_SPEAKER_LENGTH),
    sessionId: idOf(memory.run_id),
    metadata: {
      memoryId: idOf(memory.id),
      ...Object.fromEntries(fields.flatMap((name) => (memory[name] == null ? [] : [[name, memory[name]]]))),
    },
  });
}

const MAX_SPEAKER_LENGTH = 100;
