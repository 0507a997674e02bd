import { GraphQLError, Kind, TokenKind, type ValueNode } from 'graphql';
import { INSTANT_FORM, readInstant, writeInstant } from '../ground/instants.ts';
import { builder } from './builder.ts';

builder.scalarType('DateTime', {
  description:
    'An instant in ISO 8601 with time zone, such as 2026-11-20T09:30:00.000Z; also without seconds, with an offset (+05:30, +0530, +05), or with up to nine digits of a fraction, which is kept to the millisecond. Days and times that do not exist are refused. Always shown as in the example.',
  serialize: (value) => writeInstant(value),
  parseValue: (value) => instantOf(value),
  parseLiteral: (node) => {
    if (node.kind === Kind.STRING) return instantOf(node.value, node);
    throw refusal(INSTANT_FORM, node);
  },
});

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => literalToJson(node, variables ?? {}),
});

function instantOf(value: unknown, node?: ValueNode): Date {
  if (typeof value !== 'string') throw refusal(INSTANT_FORM, node);
  const { instant, problem } = readInstant(value);
  if (instant) return instant;
  throw refusal(problem, node);
}

/** Of a value in a variable graphql says itself where it is; of one in the document nobody else does. */
function refusal(problem: string, node: ValueNode | undefined): GraphQLError {
  const field = node && fieldOf(node);
  return new GraphQLError(field ? `${field}: ${problem}` : problem, {
    nodes: node ?? null,
    extensions: { code: 'BAD_USER_INPUT', ...(field && { field }) },
  });
}

/** The path of a value in the document, as verbs name fields: from its argument on, without `input`. */
function fieldOf(node: ValueNode): string | undefined {
  const path: string[] = [];
  /** Of what closes before the value. */
  let depth = 0;
  /** Entries of the list around it that come before. */
  let before = 0;
  let isNamed = false;
  let token = node.loc?.startToken.prev;
  for (; token && !(depth === 0 && token.kind === TokenKind.PAREN_L); token = token.prev) {
    if (OPENING.has(token.kind) && depth === 0) {
      if (token.kind === TokenKind.BRACKET_L) path.unshift(String(before));
      [before, isNamed] = [0, false];
    } else if (OPENING.has(token.kind)) depth -= 1;
    else if (CLOSING.has(token.kind)) {
      if (depth === 0) before += 1;
      depth += 1;
    } else if (depth === 0 && token.kind === TokenKind.COLON && !isNamed) {
      path.unshift(token.prev?.value ?? '');
      isNamed = true;
    } else if (depth === 0 && token.prev?.kind !== TokenKind.DOLLAR) before += 1;
  }
  return (path[0] === 'input' ? path.slice(1) : path).join('.') || path[0];
}

const OPENING: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

function literalToJson(node: ValueNode, variables: Record<string, unknown>): unknown {
  switch (node.kind) {
    case Kind.STRING:
    case Kind.BOOLEAN:
    case Kind.ENUM:
      return node.value;
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.LIST:
      return node.values.map((item) => literalToJson(item, variables));
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map((field) => [field.name.value, literalToJson(field.value, variables)]),
      );
    case Kind.VARIABLE:
      return variables[node.name.value];
    default:
      return null;
  }
}
