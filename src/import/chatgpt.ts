import { storableText } from '../texts.ts';
import { visibleMessages } from './chatgpt-messages.ts';
import { BrokenElement } from './elements.ts';
import { toTurnRecords } from './exchanges.ts';
import { countLeftOut, type Position } from './files.ts';
import { readMembers } from './members.ts';
import { readTime } from './messages.ts';
import { bad, badElement, type ImportRecord, isObject } from './records.ts';

/**
 * Reads the `conversations.json` of a ChatGPT export: an array of conversations (or one alone, or one a line), each a tree of messages of which
 * the path from the root to `current_node` is what the user saw. A user message and the assistant's texts after it
 * become one turn, a text over the server's limit further turns; what is not text is named in the metadata.
 * Conversations without messages hold nothing. `line` counts conversations.
 *
 * What nobody said or saw is counted in `position.leftOut`.
 *
 * @throws ImportFileError where the JSON breaks off before its first conversation
 */
export async function* readChatGpt(file: string, position: Position): AsyncGenerator<ImportRecord> {
  for await (const { line, value } of readMembers(file, position, 'mapping'))
    yield* toRecords(line, value, position);
}

function* toRecords(line: number, conversation: unknown, position: Position): Generator<ImportRecord> {
  if (conversation instanceof BrokenElement) return yield badElement(line, conversation);
  if (!isObject(conversation)) return yield bad(line, null, 'must be an object');
  const { mapping } = conversation;
  if (mapping !== undefined && mapping !== null && typeof mapping !== 'object')
    return yield bad(line, 'mapping', 'must be an object');
  const { messages, leftOut } = visibleMessages(conversation);
  countLeftOut(position, leftOut);
  const [first] = messages;
  if (!first) return;
  const given = [conversation.id, conversation.conversation_id, first.id]
    .map((name) => (typeof name === 'number' ? String(name) : name))
    .find((name) => typeof name === 'string' && name !== '');
  if (typeof given !== 'string') return yield bad(line, 'id', 'must be text (or "conversation_id")');
  const { title, default_model_slug: model } = conversation;
  yield* toTurnRecords(
    line,
    {
      source: 'chatgpt',
      id: storableText(given),
      title: typeof title === 'string' ? title : null,
      messages,
      times: [readTime(conversation.create_time), readTime(conversation.update_time)],
      model: typeof model === 'string' ? model : null,
      since: SINCE,
      names: NAMES,
    },
    position,
  );
}

/** Of a message without any time in its conversation: the service is no older. */
const SINCE = Date.UTC(2022, 10, 30);

/** What this format calls a field of a turn. */
const NAMES = {
  query: 'content',
  response: 'content of the answers',
  conversationId: 'id',
  timestamp: 'create_time',
};
