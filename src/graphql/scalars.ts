import { GraphQLError, Kind, type ValueNode } from 'graphql';
import { builder } from './builder.ts';

// RFC 3339 with seconds, and with its offset: a time without one would mean another instant on every machine.
const INSTANT = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

builder.scalarType('DateTime', {
  description:
    'An instant, ISO 8601 with time zone, such as 2026-11-20T09:30:00.000Z. Stored to the millisecond.',
  serialize: (value) => value.toISOString(),
  parseValue: (value) => parseInstant(value),
});

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => literalToJson(node, variables ?? {}),
});

function parseInstant(value: unknown): Date {
  const date = typeof value === 'string' && INSTANT.test(value) ? new Date(value) : null;
  if (date && !Number.isNaN(date.getTime())) return date;
  throw new GraphQLError('must be an instant in ISO 8601 with time zone, such as 2026-11-20T09:30:00.000Z', {
    extensions: { code: 'BAD_USER_INPUT' },
  });
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
