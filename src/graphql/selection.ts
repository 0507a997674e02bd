import {
  type FieldNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';

type Fragments = GraphQLResolveInfo['fragments'];

/** By the field of the document; a document that is sent again is the same object. */
const known = new WeakMap<FieldNode, Map<string, ReadonlySet<string>>>();

/**
 * Which fields of a type are selected below a field, wherever its objects stand: as nodes or below edges, in fragments, skipped or
 * not. Objects that hang on one of these are read for themselves, and not counted.
 */
export function selectedFields(info: GraphQLResolveInfo, type: string): ReadonlySet<string> {
  const [node, ...others] = info.fieldNodes;
  if (node && others.length === 0) return ofNode(info, node, type);
  return new Set(info.fieldNodes.flatMap((each) => [...ofNode(info, each, type)]));
}

/** Whether no other fields of a type than these are selected below a field. */
export function selectsOnly(info: GraphQLResolveInfo, type: string, fields: ReadonlySet<string>): boolean {
  for (const name of selectedFields(info, type)) if (!fields.has(name)) return false;
  return true;
}

function ofNode(info: GraphQLResolveInfo, node: FieldNode, type: string): ReadonlySet<string> {
  const found = known.get(node)?.get(type);
  if (found) return found;
  const names = new Set<string>();
  if (node.selectionSet)
    collect({ ...info, type, names, seen: new Set() }, node.selectionSet, getNamedType(info.returnType).name);
  const ofField = known.get(node) ?? new Map<string, ReadonlySet<string>>();
  known.set(node, ofField.set(type, names));
  return names;
}

interface Search {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
  readonly type: string;
  readonly names: Set<string>;
  /** Fragments with the type on which they are spread. */
  readonly seen: Set<string>;
}

function collect(search: Search, { selections }: SelectionSetNode, on: string): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const place = `${on} ${selection.name.value}`;
      const fragment = search.fragments[selection.name.value];
      if (!fragment || search.seen.has(place)) continue;
      search.seen.add(place);
      collect(search, fragment.selectionSet, narrowed(search, fragment.typeCondition.name.value, on));
    } else if (selection.kind === Kind.INLINE_FRAGMENT)
      collect(search, selection.selectionSet, narrowed(search, selection.typeCondition?.name.value, on));
    else if (on === search.type) search.names.add(selection.name.value);
    else if (selection.selectionSet) descend(search, selection, on);
  }
}

/** What is spread on an interface or union is of the object all the same. */
function narrowed({ schema }: Search, condition: string | undefined, on: string): string {
  return condition !== undefined && isObjectType(schema.getType(condition)) ? condition : on;
}

function descend(search: Search, { name, selectionSet }: FieldNode, on: string): void {
  const type = search.schema.getType(on);
  const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name.value] : undefined;
  if (field && selectionSet) collect(search, selectionSet, getNamedType(field.type).name);
}
