import {
  type ASTNode,
  BREAK,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLError,
  Kind,
  parse,
  type Source,
  visit,
} from 'graphql';

/** Of the coercion of a value. What the validation says of variables begins with their name, too. */
const VARIABLE = /^Variable "\$(\w+)" (?:got invalid value |of required type "|of non-null type ")/;
const PLACE = / at "(\w+)((?:\.\w+|\[\d+\])*)"; /;
/** What an object lacks, or has too much; the place is that of the object. */
const OF_OBJECT = /(?:^|; )Field "(\w+)" (?:of required type|is not defined)/;

/** Documents with variables that were wrong: one request may have fifty errors. */
const documents = new WeakMap<Source, DocumentNode>();

/**
 * Which field a variable's value is wrong in, in the words of `docs/errors.md`: the argument that the operation gives the
 * variable to first, and where in it, then the path within its value.
 *
 * @param error of the coercion of a variable, whose message alone tells the place
 * @returns `turns.3.query`; null where the error is not of a variable's value
 */
export function fieldOfVariable({ message, source, nodes }: GraphQLError): string | null {
  const [, variable] = VARIABLE.exec(message) ?? [];
  if (!variable) return null;
  const [, , within = ''] = PLACE.exec(message) ?? [];
  const [, ofObject] = OF_OBJECT.exec(message) ?? [];
  const path = [...within.matchAll(/\w+/g)].map(([step]) => step);
  const given = source ? givenIn(documentOf(source), variable, nodes?.[0]?.loc?.start ?? 0) : null;
  const steps = [...(given ?? [variable]), ...path, ...(ofObject ? [ofObject] : [])];
  return (steps[0] === 'input' && steps.length > 1 ? steps.slice(1) : steps).join('.');
}

function documentOf(source: Source): DocumentNode {
  const document = documents.get(source) ?? parse(source);
  documents.set(source, document);
  return document;
}

/** @param at a place in the operation: others of its document may have a variable of that name, too; fragments serve all of them */
function givenIn({ definitions }: DocumentNode, variable: string, at: number): string[] | null {
  const own = definitions.filter(({ loc }) => loc && loc.start <= at && at < loc.end);
  const fragments = definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  for (const definition of [...own, ...fragments]) {
    const found = pathTo(definition, variable);
    if (found) return found;
  }
  return null;
}

/** From the argument on: names of fields, and places in lists. */
function pathTo(definition: DefinitionNode, variable: string): string[] | null {
  let found: string[] | null = null;
  visit(definition, {
    VariableDefinition: () => false,
    Variable: ({ name }, _key, _parent, path) => {
      if (name.value !== variable) return undefined;
      found = stepsOf(definition, path);
      return BREAK;
    },
  });
  return found;
}

function stepsOf(definition: DefinitionNode, path: readonly (string | number)[]): string[] {
  const steps: string[] = [];
  let at: unknown = definition;
  for (const [index, key] of path.entries()) {
    at = (at as Record<string | number, unknown>)[key];
    const { kind, name } = at as ASTNode & { name?: { value: string } };
    if (kind === Kind.ARGUMENT || kind === Kind.OBJECT_FIELD) steps.push(name?.value ?? '');
    else if (path[index - 1] === 'values') steps.push(String(key));
  }
  return steps;
}
