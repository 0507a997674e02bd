import { isObject, type Message } from './messages.ts';

/** How the prompts begin in which Open WebUI puts documents before what its user wrote, in its present form and those of older versions. */
const BEGINNINGS = [
  '### Task:\nRespond to the user query using the provided context',
  'You are given a user query, some textual context and rules, all inside xml tags.',
];
const OPENED = '\n<context>\n';
const CLOSED = '\n</context>\n';
/** With the end of the last document. */
const CLOSED_BEHIND_SOURCES = `</source>${CLOSED}`;
/** What older forms have behind the documents: rules, and the query, which stands behind it once more. */
const BEHIND = /^\s*(?:<rules>\n.*?\n<\/rules>\s*)?(?:<user_query>\n(.*?)\n<\/user_query>)?/s;
/** In prompts that Open WebUI sends for its own sake; what such a chat says holds no documents of this one. */
const HISTORY = '<chat_history>';

/** Messages as their users wrote them: without the documents that Open WebUI puts before the last one's words. */
export function asSaid(messages: readonly Message[]): readonly Message[] {
  return messages.map((message) =>
    message.role === 'user' ? { ...message, content: contentAsSaid(message.content) } : message,
  );
}

function contentAsSaid(content: unknown): unknown {
  if (typeof content === 'string') return withoutDocuments(content);
  if (!Array.isArray(content)) return content;
  return content.map((part: unknown) =>
    isObject(part) && typeof part.text === 'string' ? { ...part, text: withoutDocuments(part.text) } : part,
  );
}

/** The text itself where it is no such prompt, or nothing of the user's is found in it. */
function withoutDocuments(given: string): string {
  const text = given.replaceAll('\r\n', '\n');
  if (!BEGINNINGS.some((begin) => text.startsWith(begin))) return given;
  const opened = text.indexOf(OPENED);
  const closed = endOfDocuments(text);
  const history = text.indexOf(HISTORY);
  if (opened < 0 || closed < opened || (history >= 0 && history < opened)) return given;
  const behind = text.slice(closed + CLOSED.length);
  const [form = '', query = ''] = BEHIND.exec(behind) ?? [];
  const said = behind.slice(form.length).trim() || query.trim();
  return said === '' ? given : said;
}

/** Documents and what the user wrote may close the context, too; -1 where nobody can tell, and nothing is taken away. */
function endOfDocuments(text: string): number {
  const sources = text.lastIndexOf(CLOSED_BEHIND_SOURCES);
  if (sources >= 0) return sources + CLOSED_BEHIND_SOURCES.length - CLOSED.length;
  const first = text.indexOf(CLOSED);
  return first === text.lastIndexOf(CLOSED) ? first : -1;
}
