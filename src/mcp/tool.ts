import { z } from 'zod';
import type { RateClass } from '../access/limits.ts';
import type { Owner, Permission, Principal } from '../access/principals.ts';
import type { FactServices } from '../domains/facts/by-hand.ts';
import type { InteractionDeletionServices } from '../domains/interactions/deletions.ts';
import type { RecordServices } from '../domains/interactions/interactions.ts';
import type { RecallServices } from '../domains/query/recall.ts';
import type { TaskServices } from '../domains/tasks/tasks.ts';
import { InvalidInput } from '../errors.ts';
import * as input from '../ground/input.ts';
import type { Logger } from '../log.ts';
import type { Tracing } from '../tracing/tracing.ts';

/** What the tools need of the server. */
export type McpServices = FactServices &
  InteractionDeletionServices &
  RecallServices &
  RecordServices &
  TaskServices & { readonly log: Logger; readonly tracing: Pick<Tracing, 'run'> };

/** One call of a tool. */
export interface ToolCall {
  readonly services: McpServices;
  readonly principal: Principal;
  /** Whose memory it is about. */
  readonly owner: Owner;
  /** Aborted when the caller does not wait any more. */
  readonly signal: AbortSignal;
  /** Tells the caller how far it is, if they asked for that. */
  progress(done: number, total: number | null, note: string): Promise<void>;
}

/** What a tool does to what is stored. */
type Effect = 'reads' | 'adds' | 'changes' | 'deletes';

/** A tool as a value: what it takes, what it gives, and what it asks of its caller. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  /** For the model that decides whether to call it. */
  readonly description: string | ((services: McpServices, principal: Principal) => string);
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly effect: Effect;
  /** Whether a second call with the same arguments changes nothing more. */
  readonly isIdempotent: boolean;
  readonly run: (call: ToolCall, args: Readonly<Record<string, unknown>>) => Promise<Record<string, unknown>>;
}

/** Names a tool and ties what it does to what it takes and gives. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: Omit<Tool, 'input' | 'output' | 'run'> & {
    readonly input: Input;
    readonly output: Output;
    readonly run: (call: ToolCall, args: z.output<Input>) => Promise<z.input<Output>>;
  },
): Tool {
  return tool as unknown as Tool;
}

/** About what the same costs as a GraphQL operation. */
const READ_POINTS = 200;

/** What a call asks of its caller, as the other doors ask it for the same. */
export function demandsOf({ effect }: Pick<Tool, 'effect'>): {
  needs: Permission;
  cost: { rate: RateClass; points: number };
} {
  return effect === 'reads'
    ? { needs: 'READ', cost: { rate: 'READ', points: READ_POINTS } }
    : { needs: 'WRITE', cost: { rate: 'WRITE', points: 1 } };
}

/** What those may say who act for others; others are refused. */
const UserId = input.userId.optional().meta({
  description: 'Whose memory it is, where the caller acts for several users; absent: the caller’s own.',
});

/** The arguments of a call. @throws InvalidInput that names the argument and what it must be */
export function parseArguments(
  tool: Tool,
  given: unknown,
): { userId: string | undefined; args: Readonly<Record<string, unknown>> } {
  const schema = tool.input.extend({ userId: UserId });
  const parsed = schema.safeParse(given ?? {});
  if (parsed.success) {
    const { userId, ...args } = parsed.data as Record<string, unknown> & { userId?: string };
    return { userId, args };
  }
  const issue = parsed.error.issues[0];
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys' && path.length === 0)
    throw new InvalidInput(
      String(issue.keys[0]).slice(0, 100),
      `there is no such argument; there are ${Object.keys(tool.input.shape).join(', ')}`,
    );
  const isMissing = issue?.code === 'invalid_type' && path.length > 0 && valueAt(given, path) === undefined;
  throw new InvalidInput(
    path.join('.') || 'arguments',
    isMissing ? 'is missing' : (issue?.message ?? 'is not valid'),
  );
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

interface Listed {
  readonly inputSchema: { type: 'object' };
  readonly outputSchema: { type: 'object' };
}

const listed = new WeakMap<Tool, { own: Listed; forOthers: Listed }>();

/** The forms of a tool as JSON Schema, made once. @param forOthers with the argument that names another user */
export function schemasOf(tool: Tool, forOthers: boolean): Listed {
  const made = listed.get(tool) ?? {
    own: { inputSchema: jsonSchema(tool.input, 'input'), outputSchema: jsonSchema(tool.output, 'output') },
    forOthers: {
      inputSchema: jsonSchema(tool.input.extend({ userId: UserId }), 'input'),
      outputSchema: jsonSchema(tool.output, 'output'),
    },
  };
  listed.set(tool, made);
  return forOthers ? made.forOthers : made.own;
}

/** Checks that JSON Schema has no words for are told in descriptions. */
function jsonSchema(schema: z.ZodObject, io: 'input' | 'output'): { type: 'object' } {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return withSingleTypes(rest) as { type: 'object' };
}

/** Clients that know one type in each place only take alternatives. */
function withSingleTypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSingleTypes);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, inner]) => [name, withSingleTypes(inner)] as const);
  const { type, ...others } = Object.fromEntries(members);
  if (!Array.isArray(type)) return Object.fromEntries(members);
  return { ...others, anyOf: type.map((each) => ({ type: each })) };
}
