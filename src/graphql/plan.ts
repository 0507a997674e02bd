import {
  BREAK,
  type DocumentNode,
  defaultFieldResolver,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  GraphQLError,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getArgumentValues,
  getOperationAST,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  typeFromAST,
  visit,
} from 'graphql';

/** Characters of a document; one that is longer is executed without a plan. */
const MAX_PLANNED_LENGTH = 20_000;

type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

/**
 * What is known of an operation before it has values: which fields each type of object gives, how each is read and what its value
 * becomes. It is made for one document and found by it, so that it ends with it.
 */
export interface OperationPlan {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
  readonly root: ObjectPlan;
}

/**
 * Plans an operation.
 *
 * @returns null for what only the usual executor does: subscriptions, introspection of the schema, directives, long documents
 */
export function planOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): OperationPlan | null {
  const operation = getOperationAST(document, operationName);
  const type = operation && schema.getRootType(operation.operation);
  if (!operation || !type || operation.operation === 'subscription') return null;
  if ((document.loc?.source.body.length ?? Infinity) > MAX_PLANNED_LENGTH || !isPlannable(document))
    return null;
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  const given = { schema, fragments };
  return { schema, operation, fragments, root: new ObjectPlan(given, type, [operation.selectionSet]) };
}

/** Names that a planned result cannot have as keys, or that are no fields of the type. */
const NOT_PLANNED: ReadonlySet<string> = new Set(['__proto__', '__schema', '__type']);

function isPlannable(document: DocumentNode): boolean {
  let plannable = true;
  const refuse = () => {
    plannable = false;
    return BREAK;
  };
  visit(document, {
    Directive: refuse,
    Field: ({ name, alias }) =>
      NOT_PLANNED.has(name.value) || NOT_PLANNED.has(alias?.value ?? '') ? refuse() : undefined,
  });
  return plannable;
}

interface Given {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
}

/** What is selected of objects of one type. */
export class ObjectPlan {
  readonly type: GraphQLObjectType;
  readonly fields: readonly FieldPlan[];
  /** A result with all its keys, in their order: copies of it have one shape. Names of types are in it already. */
  readonly template: Readonly<Record<string, unknown>>;

  constructor(given: Given, type: GraphQLObjectType, selections: readonly SelectionSetNode[]) {
    this.type = type;
    const found = new Map<string, FieldNode[]>();
    const visited = new Set<string>();
    for (const selection of selections) collect(given, type, selection, found, visited);
    const definitions = type.getFields();
    const fields: FieldPlan[] = [];
    const template: Record<string, unknown> = {};
    for (const [key, nodes] of found) {
      const name = (nodes[0] as FieldNode).name.value;
      const definition = definitions[name];
      template[key] = name === '__typename' ? type.name : undefined;
      if (definition) fields.push(new FieldPlan(given, key, type, definition, nodes));
    }
    this.fields = fields;
    this.template = template;
  }
}

/** The fields of a type by the keys of the result. Each fragment counts once, as the specification says. */
function collect(
  given: Given,
  type: GraphQLObjectType,
  { selections }: SelectionSetNode,
  found: Map<string, FieldNode[]>,
  visited: Set<string>,
): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      const key = (selection.alias ?? selection.name).value;
      const nodes = found.get(key);
      if (nodes) nodes.push(selection);
      else found.set(key, [selection]);
      continue;
    }
    const name = selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : null;
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : given.fragments[name ?? ''];
    if (!fragment || visited.has(name ?? '') || !isOf(given.schema, type, fragment.typeCondition)) continue;
    if (name !== null) visited.add(name);
    collect(given, type, fragment.selectionSet, found, visited);
  }
}

function isOf(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  condition: FragmentDefinitionNode['typeCondition'] | undefined,
): boolean {
  if (!condition) return true;
  const wanted = typeFromAST(schema, condition);
  return wanted === type || (isAbstractType(wanted) && schema.isSubType(wanted, type));
}

/** What a value becomes in the result; null stays null. @throws Error that says what is wrong with it */
export type Shown = (value: unknown) => unknown;

/** The form of a field's value, or of the items of a list. */
export interface Form {
  readonly isNonNull: boolean;
  /** Of scalars and enums. */
  readonly leaf: Shown | null;
  /** Of lists. */
  readonly item: Form | null;
  /** Of objects; an interface or union says with each value of which type it is. */
  readonly type: GraphQLObjectType | GraphQLAbstractType | null;
}

/** One field of an object. */
export class FieldPlan {
  /** Its key in the result. */
  readonly key: string;
  readonly parent: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly nodes: readonly FieldNode[];
  readonly form: Form;
  /** Of a field that is read from its object: which property it is. */
  readonly property: string | null;
  /** Of a field that needs nothing but its object. */
  readonly ofSource: ((source: unknown) => unknown) | null;
  readonly resolve: GraphQLFieldResolver<unknown, unknown>;
  readonly #given: Given;
  readonly #arguments: Readonly<Record<string, unknown>> | null;
  readonly #below = new Map<GraphQLObjectType, ObjectPlan>();

  constructor(
    given: Given,
    key: string,
    parent: GraphQLObjectType,
    definition: GraphQLField<unknown, unknown>,
    nodes: readonly FieldNode[],
  ) {
    this.#given = given;
    this.key = key;
    this.parent = parent;
    this.definition = definition;
    this.nodes = nodes;
    this.form = formOf(definition.type, `${parent.name}.${definition.name}`);
    this.resolve = definition.resolve ?? defaultFieldResolver;
    this.#arguments = constantArguments(definition, nodes);
    // Arguments with something wrong are refused even where nobody reads them.
    const isRead = this.#arguments !== null;
    this.property = isRead && this.resolve === defaultFieldResolver ? definition.name : null;
    this.ofSource = isRead && TAKES_ONE.test(this.resolve.toString()) ? (this.resolve as Shown) : null;
  }

  /** @throws GraphQLError that names the argument */
  argumentsWith(variables: Record<string, unknown>): Record<string, unknown> {
    return this.#arguments
      ? { ...this.#arguments }
      : getArgumentValues(this.definition, this.nodes[0] as FieldNode, variables);
  }

  /** What is selected of the objects of a type that the field may have. */
  below(type: GraphQLObjectType): ObjectPlan {
    let plan = this.#below.get(type);
    if (!plan) {
      const selections = this.nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
      plan = new ObjectPlan(this.#given, type, selections);
      this.#below.set(type, plan);
    }
    return plan;
  }
}

/** An arrow function of exactly one plain parameter cannot get at any other. */
const TAKES_ONE = /^(?:\(\s*[\w$]+\s*\)|[\w$]+)\s*=>/;

/** Arguments that are the same for everybody, and that nobody can change; null where they are not. */
function constantArguments(
  definition: GraphQLField<unknown, unknown>,
  [node]: readonly FieldNode[],
): Readonly<Record<string, unknown>> | null {
  if (!node || node.arguments?.some(({ value }) => !UNCHANGING.has(value.kind))) return null;
  try {
    const values = getArgumentValues(definition, node, {});
    return Object.values(values).every((value) => typeof value !== 'object' || value === null)
      ? values
      : null;
  } catch {
    // What is wrong is told each time, with the place where it is.
    return null;
  }
}

const UNCHANGING: ReadonlySet<Kind> = new Set([
  ...[Kind.INT, Kind.FLOAT, Kind.STRING, Kind.BOOLEAN, Kind.ENUM, Kind.NULL],
]);

function formOf(given: GraphQLOutputType, field: string): Form {
  const isNonNull = isNonNullType(given);
  const type = isNonNull ? given.ofType : given;
  if (isListType(type)) return { isNonNull, leaf: null, item: formOf(type.ofType, field), type: null };
  if (isLeafType(type)) return { isNonNull, leaf: leafOf(type, isNonNull, field), item: null, type: null };
  return { isNonNull, leaf: null, item: null, type };
}

/** What the field must not be. */
export function noNull(field: string): Error {
  return new Error(`Cannot return null for non-nullable field ${field}.`);
}

function leafOf(type: GraphQLLeafType, isNonNull: boolean, field: string): Shown {
  const asIs = AS_IS[type.name];
  return (value) => {
    if (value === null || value === undefined) {
      if (isNonNull) throw noNull(field);
      return null;
    }
    return asIs?.(value) ? value : serialized(type, value);
  };
}

/** GraphQL's integers have 32 bits. */
const MAX_INT = 2_147_483_647;

/** Values that the scalars of GraphQL show as they are. */
const AS_IS: Readonly<Record<string, (value: unknown) => boolean>> = {
  String: (value) => typeof value === 'string',
  Int: (value) => typeof value === 'number' && Math.trunc(value) === value && Math.abs(value) <= MAX_INT,
  ID: (value) => typeof value === 'string',
  Boolean: (value) => typeof value === 'boolean',
  Float: (value) => Number.isFinite(value),
};

function serialized(type: GraphQLLeafType, value: unknown): unknown {
  if (value instanceof Error) throw value;
  let shown: unknown;
  try {
    shown = type.serialize(value);
  } catch (error) {
    // As the usual executor has it: an error of the server, not of the document.
    throw error instanceof GraphQLError ? new Error(error.message) : error;
  }
  if (shown === null || shown === undefined) throw new Error(`${type.name} shows a value as nothing`);
  return shown;
}
