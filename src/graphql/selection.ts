import {
  type FieldNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';

type Fragments = GraphQLResolveInfo['fragments'];

/** By the field of the document; a document that is sent again is the same object. */
const known = new WeakMap<FieldNode, Map<string, Selected>>();

/** Fields by their names, each with all the places where it is selected. */
type Selected = ReadonlyMap<string, readonly FieldNode[]>;

/**
 * Which fields of a type are selected below a field, wherever its objects stand: as nodes or below edges, in fragments, skipped or
 * not. Objects that hang on one of these are read for themselves, and not counted.
 */
export function selectedFields(info: GraphQLResolveInfo, type: string): Selected {
  const [node, ...others] = info.fieldNodes;
  if (node && others.length === 0) return ofNode(info, node, type);
  const all = new Map<string, FieldNode[]>();
  for (const each of info.fieldNodes)
    for (const [name, nodes] of ofNode(info, each, type)) all.set(name, [...(all.get(name) ?? []), ...nodes]);
  return all;
}

/**
 * The arguments with which a field of a type is selected below a field, for whoever reads ahead what its resolver will ask for, and what that
 * resolver is told of its selection.
 *
 * @returns null where it is not selected, in several places, under conditions, or with arguments of which its resolver has to speak
 */
export function fieldBelow(
  info: GraphQLResolveInfo,
  type: string,
  name: string,
): { args: Record<string, unknown>; info: GraphQLResolveInfo } | null {
  const [node, ...others] = selectedFields(info, type).get(name) ?? [];
  const on = info.schema.getType(type);
  const field = isObjectType(on) ? on.getFields()[name] : undefined;
  if (!node || !field || others.length > 0 || node.directives?.length) return null;
  const below = { ...info, fieldName: name, fieldNodes: [node], returnType: field.type };
  try {
    return { args: getArgumentValues(field, node, info.variableValues), info: below };
  } catch {
    return null;
  }
}

/** Whether no other fields of a type than these are selected below a field. */
export function selectsOnly(info: GraphQLResolveInfo, type: string, fields: ReadonlySet<string>): boolean {
  for (const name of selectedFields(info, type).keys()) if (!fields.has(name)) return false;
  return true;
}

function ofNode(info: GraphQLResolveInfo, node: FieldNode, type: string): Selected {
  const found = known.get(node)?.get(type);
  if (found) return found;
  const fields = new Map<string, FieldNode[]>();
  if (node.selectionSet)
    collect(
      { ...info, type, fields, seen: new Set() },
      node.selectionSet,
      getNamedType(info.returnType).name,
    );
  const ofField = known.get(node) ?? new Map<string, Selected>();
  known.set(node, ofField.set(type, fields));
  return fields;
}

interface Search {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
  readonly type: string;
  readonly fields: Map<string, FieldNode[]>;
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
    else if (on === search.type) note(search, selection);
    else if (selection.selectionSet) descend(search, selection, on);
  }
}

function note({ fields }: Search, node: FieldNode): void {
  const { value: name } = node.name;
  fields.set(name, [...(fields.get(name) ?? []), node]);
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
