import type { Position } from './files.ts';
import { createIdMaker } from './keys.ts';
import { isValue, readValues } from './lines.ts';
import { membersWith } from './members.ts';
import { idOf, readTime, textOf } from './messages.ts';
import { bad, type ImportRecord, isObject } from './records.ts';
import { toStatementRecords } from './statements.ts';

/**
 * Reads memories of Hindsight: `{ items: [{ id, text, fact_type, mentioned_at, … }] }` as its API lists them, results of a
 * recall, a list, one a line; or a document of an exported archive, `{ id, original_text, facts }`. Each memory is a
 * statement of the time when it was mentioned; what the agent did (`experience`) is said by the assistant, the text of a
 * document by the document. `line` counts memories and documents.
 *
 * @throws ImportFileError where the JSON breaks off before its first memory
 */
export async function* readHindsight(file: string, position: Position): AsyncGenerator<ImportRecord> {
  let line = 0;
  const idFor = createIdMaker();
  for await (const read of readValues(file, position)) {
    if (!isValue(read)) {
      yield read;
      continue;
    }
    const { value } = read;
    if (isObject(value) && Array.isArray(value.facts)) {
      yield* toDocument(++line, value, idFor);
      continue;
    }
    if (isObject(value) && Array.isArray(value.items) && value.items.length === 0) continue;
    if (isObject(value) && !('text' in value) && !Array.isArray(value.items ?? [])) {
      yield bad(++line, 'items', 'must be an array');
      continue;
    }
    for (const memory of membersWith('text', value)) yield* toRecords(++line, memory, null, idFor);
  }
}

type IdMaker = ReturnType<typeof createIdMaker>;

function* toDocument(
  line: number,
  document: Record<string, unknown>,
  idFor: IdMaker,
): Generator<ImportRecord> {
  const id = idOf(document.id);
  if (id === null) return yield bad(line, 'id', 'must be text');
  const text = textOf(document.original_text);
  if (typeof (document.original_text ?? '') !== 'string') yield bad(line, 'original_text', 'must be text');
  if (text !== null)
    yield* toStatementRecords(line, {
      ...{ ...placeOf(id), id: 'text', text, speaker: 'document' },
      time: readTime(document.created_at),
      metadata: { documentId: id },
    });
  const facts = Array.isArray(document.facts) ? document.facts : [];
  for (const fact of facts) yield* toRecords(line, fact, id, idFor);
}

function placeOf(documentId: string | null) {
  const conversationId = documentId === null ? 'hindsight' : `hindsight-${documentId}`;
  return { source: 'hindsight', conversationId, title: 'Memories of Hindsight' };
}

/** Facts about what the agent itself did; older versions called them otherwise. */
const OF_THE_AGENT: readonly unknown[] = ['experience', 'bank', 'agent'];

function* toRecords(
  line: number,
  memory: unknown,
  document: string | null,
  idFor: IdMaker,
): Generator<ImportRecord> {
  if (!isObject(memory)) return yield bad(line, null, 'must be an object');
  const text = textOf(memory.text);
  if (text === null || text.trim() === '') return yield bad(line, 'text', 'must be text');
  const documentId = document ?? idOf(memory.document_id);
  const kind = memory.fact_type ?? memory.type;
  const times = ['mentioned_at', 'date', 'event_date', 'occurred_start', 'created_at'];
  const time = times.map((name) => readTime(memory[name])).find((each) => each !== null) ?? null;
  const fields = ['context', 'occurred_start', 'occurred_end', 'entities', 'tags', 'metadata'];
  yield* toStatementRecords(line, {
    ...placeOf(documentId),
    ...{ text, time, speaker: OF_THE_AGENT.includes(kind) ? 'assistant' : null },
    id: idOf(memory.id) ?? idOf(memory.source_id) ?? idFor([documentId, text, time]),
    metadata: {
      ...(documentId === null ? {} : { documentId }),
      ...(typeof kind === 'string' ? { kind } : {}),
      ...Object.fromEntries(
        fields.flatMap((name) => (isNothing(memory[name]) ? [] : [[name, memory[name]]])),
      ),
    },
  });
}

function isNothing(value: unknown): boolean {
  return value == null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}
