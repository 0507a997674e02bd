import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';

/** A place where a caller can put a value: an argument of a root field, or a field of its inputs. */
export interface Place {
  /** `Query.interactions(filter.conversationId)` */
  readonly name: string;
  readonly operation: 'query' | 'mutation' | 'subscription';
  readonly field: string;
  /** Of the argument, and of the input fields below it. */
  readonly path: readonly string[];
}

/** Every place of every root field, and every argument of every other field. */
export function placesOf(schema: GraphQLSchema): { root: Place[]; nested: string[] } {
  const root: Place[] = [];
  const roots = new Set<GraphQLNamedType>();
  for (const operation of ['query', 'mutation', 'subscription'] as const) {
    const type = schema.getRootType(operation as never);
    if (!type) continue;
    roots.add(type);
    for (const field of Object.values(type.getFields()))
      for (const argument of field.args)
        for (const path of leavesOf(argument))
          root.push({
            name: `${type.name}.${field.name}(${path.join('.')})`,
            operation,
            field: field.name,
            path,
          });
  }
  const nested = Object.values(schema.getTypeMap())
    .filter(
      (type): type is GraphQLObjectType =>
        isObjectType(type) && !roots.has(type) && !type.name.startsWith('__'),
    )
    .flatMap((type) =>
      Object.values(type.getFields()).flatMap((field) =>
        field.args.map((argument) => `${type.name}.${field.name}(${argument.name})`),
      ),
    );
  return { root, nested };
}

function leavesOf(place: GraphQLArgument | GraphQLInputField): string[][] {
  const type = getNamedType(place.type);
  if (!isInputObjectType(type)) return [[place.name]];
  return Object.values(type.getFields()).flatMap((field) =>
    leavesOf(field).map((path) => [place.name, ...path]),
  );
}

/**
 * An operation that calls one field and asks for everything that it gives, three levels deep. What leads back to
 * its own kind (the parts of a goal) is not followed: each level would bring as much again.
 *
 * @param values the value of each place that is filled, by its last name; required ones must be among them
 * @param chosen the place that is filled in any case
 */
export function callOf(
  schema: GraphQLSchema,
  place: Pick<Place, 'operation' | 'field' | 'path'>,
  fill: (path: readonly string[], isChosen: boolean) => unknown,
): { query: string; variables: Record<string, unknown> } {
  const field = schema.getRootType(place.operation as never)?.getFields()[place.field];
  if (!field) throw new Error(`there is no ${place.operation} ${place.field}`);
  const variables: Record<string, unknown> = {};
  const used: GraphQLArgument[] = [];
  for (const argument of field.args) {
    const isOnPath = place.path[0] === argument.name;
    if (!isOnPath && !isRequiredArgument(argument)) continue;
    used.push(argument);
    variables[argument.name] = filled(argument, [], isOnPath ? place.path : [], fill);
  }
  const declared = used.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const given = used.map(({ name }) => `${name}: $${name}`).join(', ');
  const head = `${place.operation}${declared && ` (${declared})`} { ${place.field}${given && `(${given})`}`;
  return { query: `${head} ${selectionOf(schema, field.type, [])} }`, variables };
}

function filled(
  place: GraphQLArgument | GraphQLInputField,
  above: readonly string[],
  chosen: readonly string[],
  fill: (path: readonly string[], isChosen: boolean) => unknown,
): unknown {
  const path = [...above, place.name];
  const type = getNamedType(place.type);
  const isOnPath = chosen.slice(0, path.length).join('.') === path.join('.');
  if (!isInputObjectType(type)) return fill(path, isOnPath);
  const value = Object.fromEntries(
    Object.values(type.getFields())
      .filter(
        (field) =>
          isRequiredInputField(field) || chosen.join('.').startsWith([...path, field.name].join('.')),
      )
      .map((field) => [field.name, filled(field, path, chosen, fill)]),
  );
  const inner = isNonNullType(place.type) ? place.type.ofType : place.type;
  return isListType(inner) ? [value] : value;
}

const DEPTH = 3;
/** What many others show: within them, without the objects that its own list shows with it. */
const SHOWN_BY_MANY = new Set(['Fact', 'MediaInsight', 'Character']);

/** @param above the types that it is asked for within, outermost first */
function selectionOf(schema: GraphQLSchema, output: GraphQLOutputType, above: readonly string[]): string {
  const type = getNamedType(output);
  if (isLeafType(type)) return '';
  if (isAbstractType(type)) {
    const parts = schema
      .getPossibleTypes(type)
      // One of the kinds that an id may name is as good as two levels: all of them together have hundreds of fields.
      .map(
        (each) =>
          `... on ${each.name} ${fieldsOf(schema, each, isInterfaceType(type) ? [...above, type.name, type.name] : above)}`,
      );
    return `{ __typename ${parts.join(' ')} }`;
  }
  return fieldsOf(schema, type as GraphQLObjectType, above);
}

function fieldsOf(schema: GraphQLSchema, type: GraphQLObjectType, above: readonly string[]): string {
  const here = [...above, type.name];
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const inner = getNamedType(field.type);
    const isLeaf = isLeafType(inner);
    const isTooDeep =
      above.length === DEPTH ||
      here.includes(inner.name) ||
      (SHOWN_BY_MANY.has(type.name) && above.length > 1 && !above.includes(`${type.name}Connection`));
    // A page has the same objects again as its nodes, without a level between.
    const isAgain = type.name.endsWith('Edge') && field.name === 'node';
    if (field.args.some(isRequiredArgument) || (!isLeaf && isTooDeep) || isAgain) return [];
    const page = field.args.some(({ name }) => name === 'first') ? '(first: 2)' : '';
    // Aliased by type: fields of different members of a union may have one name and different types.
    return `${type.name}_${field.name}: ${field.name}${page} ${isLeaf ? '' : selectionOf(schema, field.type, here)}`;
  });
  // The picture behind a source of a fact: who may see it is seen by one of its fields.
  const shown = type.name === 'MediaInsight' && above.includes('FactSource') ? fields.slice(0, 3) : fields;
  return `{ __typename ${shown.join(' ')} }`;
}
