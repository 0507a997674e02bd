import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** What is selected of a type, as TypeScript: an object, or a union of them where more than one may come. */
export function selectionType(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  sets: readonly SelectionSetNode[],
  fragments: Fragments,
  leaf: (type: GraphQLOutputType) => string,
): string {
  const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [type as GraphQLObjectType];
  /** Names of the types that have the same fields. */
  const shapes = new Map<string, { names: string[]; asksName: boolean }>();
  for (const each of possible) {
    const fields = new Map<string, FieldNode[]>();
    for (const set of sets) collect(schema, each, set, fragments, fields);
    const texts = [...fields].flatMap(([key, nodes]) =>
      nodes[0]?.name.value === '__typename'
        ? []
        : [`readonly ${key}: ${fieldType(schema, each, nodes, fragments, leaf)}`],
    );
    const asksName = fields.size > texts.length;
    const shape = shapes.get(texts.join('; ')) ?? { names: [], asksName };
    shapes.set(texts.join('; '), { ...shape, names: [...shape.names, `'${each.name}'`] });
  }
  return [...shapes]
    .map(([text, { names, asksName }]) => {
      const name = asksName ? [`readonly __typename: ${names.join(' | ')}`] : [];
      return `{ ${[...name, ...(text ? [text] : [])].join('; ')} }`;
    })
    .join(' | ');
}

function fieldType(
  schema: GraphQLSchema,
  parent: GraphQLObjectType,
  nodes: readonly FieldNode[],
  fragments: Fragments,
  leaf: (type: GraphQLOutputType) => string,
): string {
  const field = parent.getFields()[nodes[0]?.name.value ?? ''];
  if (!field) throw new Error(`${parent.name} has no such field`);
  const sets = nodes.flatMap((node) => node.selectionSet ?? []);
  const textOf = (type: GraphQLOutputType): string => {
    if (isNonNullType(type)) return bare(type.ofType);
    return `${bare(type)} | null`;
  };
  const bare = (type: GraphQLOutputType): string => {
    if (isListType(type)) return `readonly (${textOf(type.ofType)})[]`;
    return isCompositeType(type) ? selectionType(schema, type, sets, fragments, leaf) : leaf(type);
  };
  return textOf(field.type);
}

/** Adds the fields that a selection asks of an object type, by the names that they get. */
function collect(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  set: SelectionSetNode,
  fragments: Fragments,
  into: Map<string, FieldNode[]>,
): void {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value;
      into.set(key, [...(into.get(key) ?? []), selection]);
      continue;
    }
    const fragment =
      selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
    const condition = fragment?.typeCondition?.name.value;
    if (fragment && (condition === undefined || fits(schema, type, condition)))
      collect(schema, type, fragment.selectionSet, fragments, into);
  }
}

function fits(schema: GraphQLSchema, type: GraphQLObjectType, condition: string): boolean {
  const asked = schema.getType(condition);
  return isObjectType(asked) ? asked === type : isAbstractType(asked) && schema.isSubType(asked, type);
}
