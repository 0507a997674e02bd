import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { wholeSchema } from '../src/lists/schema.ts';
import { type AcceptedChange, breaksOf } from './support/schema-changes.ts';

const schema = wholeSchema();

test('schema.graphql is current; npm run schema writes it', () => {
  const committed = readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8');
  expect(`${printSchema(lexicographicSortSchema(schema))}\n`).toBe(committed);
});

const own = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

/** Every element of a type: itself, fields, arguments, input fields, enum values. */
function* elements(type: GraphQLNamedType): Generator<[string, string | null | undefined]> {
  yield [type.name, type.description];
  if (isEnumType(type))
    for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.description];
  if (isInputObjectType(type))
    for (const field of Object.values(type.getFields()))
      yield [`${type.name}.${field.name}`, field.description];
  if (isObjectType(type) || isInterfaceType(type))
    for (const field of Object.values(type.getFields())) {
      yield [`${type.name}.${field.name}`, field.description];
      for (const arg of field.args) yield [`${type.name}.${field.name}(${arg.name})`, arg.description];
    }
}

test('every element of the schema has a description', () => {
  const bare = own.flatMap((type) => [...elements(type)].filter(([, text]) => !text?.trim()));
  expect(bare.map(([name]) => name)).toEqual([]);
});

describe('what clients of the released schema rely on', () => {
  const read = (name: string) => readFileSync(new URL(`../schema/${name}`, import.meta.url), 'utf8');
  const released = buildSchema(read('released.graphql'));
  const accepted = JSON.parse(read('accepted.json')) as AcceptedChange[];

  test('is as it was, but for what schema/accepted.json names', () => {
    expect(breaksOf(released, schema, accepted)).toEqual({ breaks: [], stale: [] });
    for (const { change, date, why } of accepted)
      expect([change, date, why.length > 20]).toEqual([change, expect.stringMatching(DATE), true]);
  });

  test('is not, where a field goes, a type changes or an argument becomes required', () => {
    const changed = buildSchema(
      read('released.graphql')
        .replace('  durability: Durability!\n', '  kept: Durability!\n')
        .replace('  keepers: [Keeper!]!', '  keepers: [Keeper!]')
        .replace('  character(\n', '  character(\n    "" more: Int!\n')
        .replace('  JOURNALED\n', '  KEPT\n'),
    );
    const { breaks } = breaksOf(released, changed, []);
    expect(breaks.map((change) => change.split(':')[0]).sort()).toEqual([
      'FIELD_CHANGED_KIND',
      'FIELD_REMOVED',
      'REQUIRED_ARG_ADDED',
      'VALUE_REMOVED_FROM_ENUM',
    ]);
    const accepting = breaks.map((change) => ({ change, date: '2026-11-29', why: 'a test' }));
    expect(breaksOf(released, changed, accepting)).toEqual({ breaks: [], stale: [] });
    expect(breaksOf(released, released, accepting).stale).toEqual(breaks);
  });
});

/** A day. */
const DATE = /\b20\d\d-[01]\d-[0-3]\d\b/;

test('whatever is deprecated says why, and until which day it stays', () => {
  const problems = own.flatMap((type) => deprecated(type).filter(([, reason]) => !isReason(reason)));
  expect(problems).toEqual([]);
  const planted = buildSchema(
    'type Query { a: Int @deprecated, b(c: Int @deprecated(reason: "use d")): Int @deprecated(reason: "Use `d`; it stays until 2027-06-30.") }',
  );
  const found = deprecated(planted.getQueryType() as GraphQLNamedType);
  expect(found.filter(([, reason]) => !isReason(reason)).map(([name]) => name)).toEqual([
    'Query.a',
    'Query.b(c)',
  ]);
});

const isReason = (reason: string) => DATE.test(reason) && reason.replace(DATE, '').length > 10;

/** What of a type is deprecated, and why. */
function deprecated(type: GraphQLNamedType): [name: string, reason: string][] {
  const parts: [string, { readonly deprecationReason?: string | null | undefined }][] = [];
  if (isEnumType(type))
    for (const value of type.getValues()) parts.push([`${type.name}.${value.name}`, value]);
  if (isInputObjectType(type) || isObjectType(type) || isInterfaceType(type))
    for (const field of Object.values(type.getFields())) {
      parts.push([`${type.name}.${field.name}`, field]);
      if ('args' in field)
        for (const arg of field.args) parts.push([`${type.name}.${field.name}(${arg.name})`, arg]);
    }
  return parts.flatMap(([name, { deprecationReason: reason }]) => (reason == null ? [] : [[name, reason]]));
}

/** The contract with clients, for the nouns of the main job: names of arguments and fields, and types. */
const OPERATIONS: Record<string, Record<string, [args: string[], type: string]>> = {
  Query: {
    node: [['id: ID!'], 'Node'],
    me: [[], 'Principal!'],
    conversation: [['conversationId: String!'], 'Conversation'],
    conversations: [
      ['first: Int', 'after: String', 'userId: String', 'episodeId: String'],
      'ConversationConnection!',
    ],
    interaction: [['turnId: ID!'], 'Interaction'],
    interactions: [['first: Int', 'after: String', 'filter: InteractionFilter'], 'InteractionConnection!'],
    character: [['name: String!'], 'Character'],
    characters: [['first: Int', 'after: String', 'filter: CharacterFilter'], 'CharacterConnection!'],
    characterStats: [[], 'CharacterStats!'],
    memorySearch: [['query: String!', 'limit: Int = 20', 'filter: MemoryFilter'], 'MemorySearchResult!'],
    health: [[], 'Health!'],
    keepers: [[], '[Keeper!]!'],
    metrics: [[], 'MetricsSnapshot!'],
  },
  Mutation: {
    processQuery: [['input: ProcessQueryInput!'], 'ProcessQueryResult!'],
    recordTurns: [['input: RecordTurnsInput!'], 'RecordTurnsResult!'],
    rateInteraction: [['input: RateInteractionInput!'], 'RateInteractionResult!'],
    deleteConversation: [['conversationId: String!'], 'DeleteConversationResult!'],
    cleanupConversations: [['olderThanDays: Int!', 'dryRun: Boolean = false'], 'CleanupResult!'],
    upsertCharacter: [['input: CharacterInput!'], 'UpsertCharacterResult!'],
    upsertCharacters: [['inputs: [CharacterInput!]!'], 'UpsertCharactersResult!'],
    deactivateCharacter: [['name: String!'], 'DeactivateCharacterResult!'],
  },
  Subscription: {
    processQueryStream: [['input: ProcessQueryInput!'], 'QueryEvent!'],
    metrics: [['intervalMs: Int = 2000'], 'MetricsSnapshot!'],
    interactionAdded: [['conversationId: String', 'after: ID'], 'InteractionAdded!'],
  },
};

const FIELDS: Record<string, string[]> = {
  ProcessQueryInput: [
    'query: String!',
    'conversationId: String',
    'idempotencyKey: String',
    'episodeId: String',
    'mode: AnswerMode',
    'intelligenceLevel: IntelligenceLevel = AUTO',
    'requestType: RequestType = CONVERSATION',
    'context: JSON',
    'userId: String',
  ],
  RecordTurnsInput: ['conversationId: String!', 'userId: String', 'turns: [TurnInput!]!'],
  TurnInput: [
    'query: String!',
    'response: String',
    'speaker: String',
    'responder: String',
    'timestamp: DateTime',
    'sessionId: String',
    'modelUsed: String',
    'processingTimeMs: Float',
    'intent: String',
    'metadata: JSON',
    'idempotencyKey: String',
  ],
  InteractionFilter: [
    'conversationId: String',
    'intent: String',
    'since: DateTime',
    'until: DateTime',
    'text: String',
    'status: InteractionStatus',
    'includeArchived: Boolean = false',
    'userId: String',
  ],
  CharacterFilter: [
    'search: String',
    'creator: String',
    'sourceFranchise: String',
    'activeOnly: Boolean = true',
  ],
  ProcessQuerySuccess: [
    'interaction: Interaction!',
    'durability: Durability!',
    'replayed: Boolean!',
    'memories: [MemoryHit!]!',
  ],
  RecordTurnsSuccess: ['interactions: [Interaction!]!', 'durability: Durability!', 'replayed: Int!'],
  MemoryHit: ['interaction: Interaction!', 'score: Float!', 'tier: MemoryTier!', 'reasons: [String!]!'],
  InteractionAdded: ['cursor: ID!', 'at: DateTime!', 'interaction: Interaction!'],
  Error: ['message: String!', 'code: String!'],
  AnswerMode: ['PLAIN_ENGLISH', 'FOUNDER_TAKEAWAY', 'ENGINEER_ANGLE'],
  Durability: ['COMMITTED', 'JOURNALED'],
  MemoryTier: ['CHARACTER', 'PHRASE', 'KEYWORDS', 'MEANING', 'RECENT'],
  Interaction: [
    ...[
      'turnId: ID!',
      'query: String!',
      'response: String',
      'modelUsed: String!',
      'processingTimeMs: Float!',
    ],
    ...[
      'intelligenceLevel: IntelligenceLevel',
      'escalationPath: [String!]!',
      'intent: String',
      'confidence: Float',
    ],
    ...['requiresClarification: Boolean!', 'clarifyingQuestions: [String!]!', 'status: InteractionStatus!'],
    ...['timestamp: DateTime!', 'character: Character', 'vectorState: VectorState!'],
  ],
};

/** Lines of the printed schema, which are what clients generate code from. */
function printed(typeName: string): string[] {
  const block = new RegExp(
    `^(?:type|input|enum|interface) ${typeName}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`,
    'm',
  ).exec(printSchema(schema));
  const withoutText = (block?.[1] ?? '').replaceAll(/"""[\s\S]*?"""/g, '');
  return withoutText
    .replaceAll(
      /\(\s*([\s\S]*?)\s*\)/g,
      (_all, args: string) => `(${args.split(/\n\s*/).filter(Boolean).join(', ')})`,
    )
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

describe('the surface that clients rely on has', () => {
  const operations = Object.entries(OPERATIONS).flatMap(([type, fields]) =>
    Object.entries(fields).map(([name, [args, result]]) => [type, name, args, result] as const),
  );
  test.each(operations)('%s.%s', (type, name, args, result) => {
    const line = printed(type).find((field) => field.startsWith(`${name}(`) || field.startsWith(`${name}:`));
    expect(line?.replace(/^.*: /, '')).toBe(result);
    const given = /\((.*)\)/.exec(line ?? '')?.[1]?.split(', ') ?? [];
    expect(given).toEqual(expect.arrayContaining(args));
    // What is more must not be required.
    expect(given.filter((arg) => !args.includes(arg) && arg.endsWith('!'))).toEqual([]);
  });

  test.each(Object.entries(FIELDS))('%s', (type, fields) => {
    const lines = printed(type);
    expect(lines).toEqual(expect.arrayContaining(fields));
    if (type.endsWith('Input') || type.endsWith('Filter'))
      expect(lines.filter((line) => !fields.includes(line) && line.endsWith('!'))).toEqual([]);
  });

  test.each(Object.keys(OPERATIONS.Mutation ?? {}))('typed failures for %s', (mutation) => {
    const union = schema.getMutationType()?.getFields()[mutation]?.type.toString().replace('!', '') ?? '';
    const members = schema.getPossibleTypes(schema.getType(union) as never).map((type) => type.name);
    const failures = members.filter((name) => name.endsWith('Error'));
    expect(failures).toContain('InvalidInputError');
    const errors = schema.getPossibleTypes(schema.getType('Error') as never).map((type) => type.name);
    expect(errors).toEqual(expect.arrayContaining(failures));
  });

  test('ids on all its nodes', () => {
    for (const name of ['Conversation', 'Interaction', 'Character']) {
      const type = schema.getType(name);
      expect(isObjectType(type) && type.getInterfaces().map((face) => face.name)).toContain('Node');
    }
  });
});
