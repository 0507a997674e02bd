import { GraphQLError, Kind, TokenKind, type ValueNode } from 'graphql';
import { INSTANT_FORM, readInstant } from '../ground/instants.ts';
import { builder } from './builder.ts';

builder.scalarType('DateTime', {
  description:
    'An instant in ISO 8601 with time zone, such as 2026-11-20T09:30:00.000Z; also without seconds, with an offset (+05:30, +0530, +05), or with up to nine digits of a fraction, which is kept to the millisecond. Days and times that do not exist are refused. Always shown as in the example.',
  serialize: (value) => value.toISOString(),
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

/** The argument or field of an input that a value in the document belongs to. */
function fieldOf(node: ValueNode): string | undefined {
  let token = node.loc?.startToken.prev;
  while (token && token.kind !== TokenKind.COLON) token = token.prev;
  return token?.prev?.value;
}

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
