import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect } from 'vitest';

/** The revision that needs no handshake, and those before it. */
export const ERAS = ['modern', 'legacy'] as const;
export type Era = (typeof ERAS)[number];

/** An MCP client of a user, as hosts have one. @param headers what it shows with every request */
export async function connectMcp(url: string, headers: Record<string, string> = {}, era: Era = 'modern') {
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    { versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } },
  );
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } }));
  return client;
}

// biome-ignore-start lint/suspicious/noExplicitAny: results have the shape that each test asks for
/** What a tool gives; its text says the same. */
export async function callTool(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
): Promise<any> {
  const result = await client.callTool({ name, arguments: args });
  const [content] = result.content as { type: string; text: string }[];
  expect([result.isError ?? false, result.isError ? content?.text : '']).toEqual([false, '']);
  expect(JSON.parse(content?.text ?? '')).toEqual(result.structuredContent);
  return result.structuredContent;
}

// biome-ignore-end lint/suspicious/noExplicitAny: see above

/** The words with which a tool refuses. */
export async function refusalOf(client: Client, name: string, args: unknown): Promise<string> {
  const result = await client.callTool({ name, arguments: args as Record<string, unknown> });
  expect(result.isError).toBe(true);
  return (result.content as { text: string }[])[0]?.text ?? '';
}
