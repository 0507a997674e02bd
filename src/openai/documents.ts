import { isObject, type Message } from './messages.ts';

/** How the prompts begin in which Open WebUI puts documents before what its user wrote, in its present form and those of older versions. */
const BEGINNINGS = ['### Task:\n', 'You are given a user query, some textual context'];
const OPENED = '\n<context>\n';
const CLOSED = '\n</context>\n';
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
function withoutDocuments(text: string): string {
  if (!BEGINNINGS.some((begin) => text.startsWith(begin))) return text;
  const opened = text.indexOf(OPENED);
  // Documents may close it themselves: the last one is the prompt's.
  const closed = text.lastIndexOf(CLOSED);
  const history = text.indexOf(HISTORY);
  if (opened < 0 || closed < opened || (history >= 0 && history < opened)) return text;
  const behind = text.slice(closed + CLOSED.length);
  const [form = '', query = ''] = BEHIND.exec(behind) ?? [];
  const said = behind.slice(form.length).trim() || query.trim();
  return said === '' ? text : said;
}
