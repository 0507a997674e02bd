import { z } from 'zod';
import { anyObject, body, decimal, decimalOf, degraded, text } from './formats.ts';
import type { ToolAnswer } from './request.ts';
import { defineRow, KNOCKING, type Row } from './row.ts';

/** Codes of JSON-RPC. */
const METHOD_NOT_FOUND = -32_601;
const INVALID_PARAMS = -32_602;

const id = z.union([z.string(), z.int(), z.null()], { error: 'must be text or a whole number' });
const Message = body({
  jsonrpc: z
    .literal('2.0', { error: 'must be "2.0"' })
    .nullish()
    .describe('Absent: the answer is the bare result, as the older service gave it.'),
  id: id.optional(),
  method: text.describe('tools/list or tools/call.'),
  params: z
    .object(
      {
        name: z.string({ error: 'must be text' }).nullish(),
        arguments: z.record(z.string(), z.unknown(), { error: 'must be a JSON object' }).nullish(),
      },
      { error: 'must be a JSON object' },
    )
    .nullish(),
});

const Tool = z
  .looseObject({ name: z.string(), description: z.string(), inputSchema: anyObject })
  .meta({ id: 'Tool', description: 'A tool, with the form of its arguments.' });
const Tools = z.object({ tools: z.array(Tool) }).meta({ id: 'Tools', description: 'Tools.' });
const Called = z
  .object({
    content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
    structuredContent: anyObject.optional(),
    isError: z.literal(true).optional(),
  })
  .meta({ id: 'Called', description: 'What a tool gave, or the words with which it refused.' });
const Reply = z
  .object({
    jsonrpc: z.literal('2.0'),
    id,
    result: z.union([Tools, Called]).optional(),
    error: z.object({ code: z.int(), message: z.string() }).optional(),
  })
  .meta({ id: 'Reply', description: 'An answer of JSON-RPC.' });

const OlderHit = z
  .object({
    id: z.string(),
    content: z.string(),
    score: decimal,
    source: z.string(),
    created_at: z.string(),
    degraded,
  })
  .meta({ id: 'OlderHit', description: 'A turn that was found.' });
const OlderFact = z
  .object({
    id: z.string(),
    ...{ subject: z.string(), predicate: z.string(), object: z.string(), statement: z.string() },
    confidence: decimal,
    created_at: z.string(),
  })
  .meta({ id: 'OlderFact', description: 'A fact that holds.' });
const Stored = z
  .object({ fact_id: z.string(), stored: z.literal(true) })
  .meta({ id: 'StoredFact', description: 'A fact that is stored.' });
const Refused = z
  .object({ error: z.string() })
  .meta({ id: 'Refused', description: 'Why there is no result.' });

const Given = z.union([
  Reply,
  Tools,
  z.array(OlderHit),
  z.array(OlderFact),
  Stored,
  Refused,
  anyObject.describe('What another tool gave, as the document of its output says (tools/list).'),
]);

type Refusal = { readonly code: number; readonly message: string };

/** The tools of `/mcp` as programs of the older service call them: one message, no handshake. */
export const mcpRows: readonly Row[] = [
  defineRow({
    method: 'POST',
    at: ['/api/echo/mcp'],
    group: 'Tools',
    summary:
      'Lists and calls the tools of /mcp, and search_memory, get_facts and store_fact as the older service had them',
    toll: KNOCKING,
    body: Message,
    gives: Given,
    run: async ({ tools, body: { jsonrpc, id: named, method, params } }) => {
      const result =
        method === 'tools/list'
          ? { tools: (await tools.list()) as z.output<typeof Tool>[] }
          : method === 'tools/call'
            ? await called(tools.call, params?.name, params?.arguments)
            : {
                code: METHOD_NOT_FOUND,
                message: `there is no method "${shortened(method)}" here; use tools/list or tools/call`,
              };
      if (!jsonrpc) return bare(result, params?.name);
      const frame = { jsonrpc: '2.0' as const, id: named ?? null };
      return 'code' in result ? { ...frame, error: result } : { ...frame, result };
    },
  }),
];

async function called(
  call: (name: string, given: unknown) => Promise<ToolAnswer | null>,
  name: string | null | undefined,
  given: unknown,
): Promise<z.output<typeof Called> | Refusal> {
  if (name == null) return { code: INVALID_PARAMS, message: 'params.name: is missing' };
  const answer = await call(name, given ?? {});
  if (!answer) return { code: INVALID_PARAMS, message: `params.name: there is no tool "${shortened(name)}"` };
  return answer as z.output<typeof Called>;
}

function bare(
  result: z.output<typeof Tools> | z.output<typeof Called> | Refusal,
  name: string | null | undefined,
): z.output<typeof Given> {
  if ('code' in result) return { error: result.message };
  if ('tools' in result) return result;
  if (result.isError) return { error: result.content.map((part) => part.text).join('\n') };
  const given = result.structuredContent ?? {};
  return OLDER_FORMS[name ?? '']?.(given as never) ?? given;
}

/** What the older service gave for the tools that it had. */
const OLDER_FORMS: Readonly<Record<string, (given: never) => z.output<typeof Given>>> = {
  search_memory: ({ hits, degraded: isDegraded }: { hits: FoundTurn[]; degraded: boolean }) =>
    // A list of nothing has no place in which to say it.
    isDegraded && hits.length === 0
      ? ({ error: 'not all of memory could be read now; try again' } satisfies z.output<typeof Refused>)
      : hits.map(
          ({ turnId, query, response, score, at }): z.output<typeof OlderHit> => ({
            id: turnId,
            content: response === '' ? query : `${query}\n${response}`,
            score: decimalOf(score),
            ...{ source: 'conversation', created_at: toTheSecond(at) },
            ...(isDegraded && { degraded: isDegraded }),
          }),
        ),
  get_facts: ({ facts }: { facts: FoundFact[] }): z.output<typeof OlderFact>[] =>
    facts.map(({ factId, subject, predicate, object, statement, confidence, recordedAt }) => ({
      ...{ id: factId, subject, predicate, object, statement },
      confidence: decimalOf(confidence),
      created_at: toTheSecond(recordedAt),
    })),
  store_fact: ({ fact }: { fact: FoundFact }): z.output<typeof Stored> => ({
    fact_id: fact.factId,
    stored: true,
  }),
};

interface FoundTurn {
  readonly turnId: string;
  readonly query: string;
  readonly response: string;
  readonly score: number;
  readonly at: string;
}
interface FoundFact {
  readonly factId: string;
  readonly subject: string;
  readonly predicate: string;
  readonly object: string;
  readonly statement: string;
  readonly confidence: number;
  readonly recordedAt: string;
}

const toTheSecond = (instant: string) => instant.replace(/\.\d+Z$/, 'Z');
const shortened = (name: string) => name.slice(0, 100);
