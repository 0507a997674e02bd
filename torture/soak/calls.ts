/** What came of one request. @throws instead, if there was no answer that can be used */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: bodies have the shape that each caller asks for
  readonly body: any;
}

/** A server that does not answer within it is left for another one. */
const LIMIT_MS = 15_000;

/** @throws if nothing is answered in time, or not in JSON */
export async function post(
  port: number,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const text = await response.text();
  // One message, as a stream of events that ends behind it.
  const [, data] = /^data: (.*)$/m.exec(text) ?? [];
  return { status: response.status, headers: response.headers, body: JSON.parse(data ?? text) };
}

/** The field that an operation asks for. @throws with what was said, if that is no success */
// biome-ignore lint/suspicious/noExplicitAny: results have the shape that each caller asks for
export async function graphql(port: number, query: string, variables: object = {}): Promise<any> {
  const { body } = await post(port, '/graphql', { query, variables });
  const result = body.data && Object.values(body.data)[0];
  if (body.errors || result === null || result === undefined || (result as { code?: string }).code)
    throw new Error(JSON.stringify(body.errors?.[0]?.extensions?.code ?? body.errors ?? result));
  return result;
}

/** What a tool of MCP gives. @throws with its words, if it refuses */
// biome-ignore lint/suspicious/noExplicitAny: results have the shape that each caller asks for
export async function callTool(port: number, name: string, args: object): Promise<any> {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } };
  const { body } = await post(port, '/mcp', message, {
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
  });
  if (!body.result || body.result.isError)
    throw new Error(JSON.stringify(body.error ?? body.result?.content));
  return body.result.structuredContent;
}

/** A turn through the door of the OpenAI protocol. @returns its id */
export async function chat(port: number, conversationId: string, words: string): Promise<string> {
  const { status, headers, body } = await post(
    port,
    '/v1/chat/completions',
    { model: 'echo-brain', messages: [{ role: 'user', content: words }] },
    { authorization: 'Bearer any', 'x-echo-conversation': conversationId },
  );
  const turnId = headers.get('x-echo-turn-id');
  if (status !== 200 || turnId === null) throw new Error(`HTTP ${status}: ${JSON.stringify(body)}`);
  return turnId;
}

const MADE_TASK = '... on CreateTaskSuccess { task { taskId } } ... on Error { code message }';

/** Makes a task by a mutation that gives one. @returns its id */
export async function makeTask(port: number, call: string): Promise<string> {
  const result = await graphql(port, `mutation { ${call} { ${MADE_TASK} } }`);
  return result.task.taskId;
}

/** How a task stands. */
export const taskState = (port: number, taskId: string) =>
  graphql(port, 'query ($id: ID!) { task(taskId: $id) { status error result } }', { id: taskId });
