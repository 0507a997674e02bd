import { BadField } from './errors.ts';
import { isObject } from './messages.ts';

/** What the newer form calls what the older one has, too. */
const SAME_FIELDS = [
  'temperature',
  'top_p',
  'parallel_tool_calls',
  'metadata',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'service_tier',
];
/** What would need what is kept here of earlier answers, or cannot be done here. */
const NOT_TAKEN: Readonly<Record<string, string>> = {
  previous_response_id: 'is not kept; send the whole conversation as input',
  conversation: 'is not kept; send the whole conversation as input, and its name as x-echo-conversation',
  background: 'is not possible; wait for the answer, or stream it',
  prompt: 'is not kept; send instructions and input',
};

/** The body of a request for a response, as one for a chat. @throws BadField */
export function asChatBody(body: unknown): Record<string, unknown> {
  if (!isObject(body)) throw new BadField('body', 'must be a JSON object');
  for (const [field, problem] of Object.entries(NOT_TAKEN))
    if (body[field] !== undefined && body[field] !== null && body[field] !== false)
      throw new BadField(field, problem);
  const { model, input, instructions, stream, tools, tool_choice: choice, text, reasoning } = body;
  const messages = messagesOf(input);
  if (instructions !== undefined && instructions !== null) {
    if (typeof instructions !== 'string') throw new BadField('instructions', 'must be text');
    messages.unshift({ role: 'system', content: instructions });
  }
  return {
    ...Object.fromEntries(SAME_FIELDS.flatMap((name) => (body[name] == null ? [] : [[name, body[name]]]))),
    model,
    messages,
    stream,
    ...(body.max_output_tokens != null && { max_completion_tokens: body.max_output_tokens }),
    ...(tools != null && { tools: toolsOf(tools) }),
    ...(choice != null && { tool_choice: choiceOf(choice) }),
    ...formatOf(text),
    ...(isObject(reasoning) && reasoning.effort != null && { reasoning_effort: reasoning.effort }),
  };
}

function messagesOf(input: unknown): object[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  if (!Array.isArray(input)) throw new BadField('input', 'must be text or a list of items');
  const messages: { role: string; tool_calls?: object[] }[] = [];
  const called = new Set<unknown>();
  for (const [index, item] of input.entries()) {
    if (!isObject(item)) throw new BadField(`input.${index}`, 'must be an object');
    const { type = 'message', role, content, call_id: callId, name, arguments: given, output } = item;
    if (type === 'message') {
      if (!ROLES.includes(role as Role))
        throw new BadField(`input.${index}.role`, `must be one of ${ROLES.join(', ')}`);
      messages.push({ role: String(role), ...contentOf(content, `input.${index}.content`) });
    } else if (type === 'function_call') {
      called.add(callId);
      const call = { id: callId, type: 'function', function: { name, arguments: given } };
      const last = messages.at(-1);
      // Calls that were made together stand in one message.
      if (last?.role === 'assistant' && last.tool_calls) last.tool_calls.push(call);
      else messages.push({ role: 'assistant', tool_calls: [call] });
    } else if (type === 'function_call_output') {
      if (!called.has(callId))
        throw new BadField(`input.${index}.call_id`, 'names no function_call in the items before it');
      const content = typeof output === 'string' ? output : JSON.stringify(output ?? null);
      messages.push({ role: 'tool', ...{ tool_call_id: callId, content } });
      // What a model thought is its own, and of no use to another.
    } else if (type !== 'reasoning') throw new BadField(`input.${index}.type`, `"${type}" is not taken`);
  }
  return messages;
}

const ROLES = ['system', 'developer', 'user', 'assistant'] as const;
type Role = (typeof ROLES)[number];

const PARTS: Readonly<Record<string, (part: Record<string, unknown>) => object>> = {
  input_text: ({ text }) => ({ type: 'text', text }),
  output_text: ({ text }) => ({ type: 'text', text }),
  refusal: ({ refusal }) => ({ type: 'text', text: refusal }),
  input_image: ({ image_url: url, detail }) => ({
    type: 'image_url',
    image_url: { url, ...(detail != null && { detail }) },
  }),
};

function contentOf(content: unknown, field: string): object {
  if (!Array.isArray(content)) return { content };
  const parts = content.map((part: unknown, index) => {
    const make = isObject(part) ? PARTS[String(part.type)] : undefined;
    if (!isObject(part) || !make)
      throw new BadField(`${field}.${index}.type`, `must be one of ${Object.keys(PARTS).join(', ')}`);
    return make(part);
  });
  return { content: parts };
}

function toolsOf(tools: unknown): object[] {
  if (!Array.isArray(tools)) throw new BadField('tools', 'must be a list');
  return tools.map((tool: unknown, index) => {
    if (!isObject(tool) || tool.type !== 'function')
      throw new BadField(`tools.${index}.type`, 'must be function: nothing else is called here');
    const { type, ...described } = tool;
    return { type, function: described };
  });
}

function choiceOf(choice: unknown): unknown {
  if (!isObject(choice)) return choice;
  if (choice.type !== 'function') throw new BadField('tool_choice.type', 'must be function');
  return { type: 'function', function: { name: choice.name } };
}

function formatOf(text: unknown): object {
  const format = isObject(text) ? text.format : undefined;
  if (!isObject(format) || format.type === 'text') return {};
  const { type, ...schema } = format;
  return { response_format: type === 'json_schema' ? { type, json_schema: schema } : { type } };
}
