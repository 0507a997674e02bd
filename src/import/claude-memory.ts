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
    const projects = isObject(element.project_memories) ? Object.entries(element.project_memories) : [];
    for (const [project, written] of [[null, element.conversations_memory] as const, ...projects]) {
      const text = textOf(written);
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
