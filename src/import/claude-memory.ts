import { BrokenElement, readElements } from './elements.ts';
import type { Position } from './files.ts';
import { idOf, textOf } from './messages.ts';
import { bad, badElement, type ImportRecord, isObject } from './records.ts';
import { toStatementRecords } from './statements.ts';

/**
 * Reads the `memories.json` of a Claude export: what Claude wrote down about its user, in general and for each project. It
 * says no time: the import is when it was said, by the assistant. `line` counts these texts.
 *
 * @throws ImportFileError where the JSON breaks off before its first memory
 */
export async function* readClaudeMemory(file: string, position: Position): AsyncGenerator<ImportRecord> {
  let line = 0;
  for await (const element of readElements(file, position, null)) {
    if (element instanceof BrokenElement || !isObject(element)) {
      line++;
      yield element instanceof BrokenElement
        ? badElement(line, element)
        : bad(line, null, 'must be an object');
      continue;
    }
    const account = idOf(element.account_uuid);
    const { project_memories: written } = element;
    const projects = isObject(written) ? Object.entries(written) : [];
    if (!isObject(written) && written !== undefined && written !== null)
      yield bad(++line, 'project_memories', 'must be an object');
    for (const [project, memory] of [[null, element.conversations_memory] as const, ...projects]) {
      const text = textOf(memory);
      if (typeof (memory ?? '') !== 'string')
        yield bad(
          ++line,
          project === null ? 'conversations_memory' : `project_memories.${project}`,
          'must be text',
        );
      if (text === null) continue;
      yield* toStatementRecords(++line, {
        source: 'claude-memory',
        conversationId: account === null ? 'claude-memory' : `claude-memory-${account}`,
        title: 'Memory of Claude',
        ...{ id: null, text, time: null, speaker: 'assistant' },
        metadata: project === null ? {} : { project },
      });
    }
  }
}
