import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildSchema,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  Source,
  typeFromAST,
  validate,
  visit,
} from 'graphql';
import { selectionType } from './selections.ts';

const SCALARS: Readonly<Record<string, string>> = {
  ID: 'string',
  String: 'string',
  DateTime: 'string',
  Int: 'number',
  Float: 'number',
  Boolean: 'boolean',
  JSON: 'unknown',
};

/** Writes the operations of the dashboard, in the form that the house has. @returns the file */
export function writeOperations(root: string): string {
  const file = join(root, 'dashboard', 'operations.ts');
  writeFileSync(file, operationsModule(root));
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  execFileSync(process.execPath, [biome, 'check', '--write', file], { stdio: 'ignore' });
  return file;
}

/** The operations of the dashboard (`dashboard/operations/*.graphql`) as TypeScript. @throws where one does not fit the schema */
export function operationsModule(root: string): string {
  const head = [
    '// Made by `npm run operations` of the files in operations/ and schema.graphql.',
    "import type { Operation } from './server/operation.ts';\n",
  ];
  return operationsOf(root, join(root, 'dashboard', 'operations'), head.join('\n'));
}

/** A client for the operations of a folder (`*.graphql`), which needs nothing else. @throws where one does not fit the schema */
export function clientModule(root: string, directory: string): string {
  const client = readFileSync(join(root, 'bundle', 'client.ts'), 'utf8');
  return operationsOf(root, directory, `// Made by \`npm run codegen\` of Echo Brain.\n\n${client}`);
}

/** What each operation sends, takes and gives, by the schema. */
function operationsOf(root: string, directory: string, head: string): string {
  const schema = buildSchema(readFileSync(join(root, 'schema.graphql'), 'utf8'));
  if (!existsSync(directory)) throw new Error(`there is no folder ${directory}`);
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.graphql'))
    .sort();
  if (names.length === 0) throw new Error(`there is no file *.graphql in ${directory}`);
  const document = documentOf(names.map((name) => join(directory, name)));
  const problems = validate(schema, document);
  if (problems.length > 0) throw new Error(problems.map(String).join('\n\n'));
  const fragments = new Map(
    document.definitions
      .filter((node) => node.kind === Kind.FRAGMENT_DEFINITION)
      .map((node) => [node.name.value, node]),
  );
  const named = new NamedTypes();
  const operations = document.definitions
    .filter((node) => node.kind === Kind.OPERATION_DEFINITION)
    .map((node) => operationText(schema, node, fragments, named));
  return [head, ...named.texts(), ...operations].join('\n');
}

/** Problems name the file and show the place. */
function documentOf(files: readonly string[]): DocumentNode {
  const sources = files.map((file) => new Source(readFileSync(file, 'utf8'), file));
  try {
    return { kind: Kind.DOCUMENT, definitions: sources.flatMap((source) => parse(source).definitions) };
  } catch (error) {
    throw new Error(String(error));
  }
}

function operationText(
  schema: GraphQLSchema,
  node: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  named: NamedTypes,
): string {
  const name = node.name?.value ?? '';
  const root = schema.getRootType(node.operation);
  if (!root || name === '') throw new Error('an operation needs a name, and a root type');
  const variables = (node.variableDefinitions ?? []).map((variable) => {
    const type = typeFromAST(schema, variable.type as never) as GraphQLInputType;
    const isOptional = !isNonNullType(type) || variable.defaultValue !== undefined;
    return `${variable.variable.name.value}${isOptional ? '?' : ''}: ${named.input(type)}`;
  });
  const text = [node, ...fragmentsOf(node, fragments)]
    .map((each) => print(each))
    .join(' ')
    .replaceAll(/\s+/g, ' ');
  const data = selectionType(schema, root, [node.selectionSet], fragments, (type) => named.output(type));
  return [
    `export type ${name}Data = ${data};`,
    `export type ${name}Variables = ${variables.length > 0 ? `{ ${variables.join('; ')} }` : 'Record<string, never>'};`,
    `export const ${name} = ${JSON.stringify(text)} as Operation<${name}Data, ${name}Variables>;\n`,
  ].join('\n');
}

/** The fragments that a document needs, each once. */
function fragmentsOf(
  node: OperationDefinitionNode | FragmentDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  found = new Set<FragmentDefinitionNode>(),
): Set<FragmentDefinitionNode> {
  visit(node, {
    FragmentSpread({ name }) {
      const fragment = fragments.get(name.value);
      if (!fragment || found.has(fragment)) return;
      found.add(fragment);
      fragmentsOf(fragment, fragments, found);
    },
  });
  return found;
}

/** Enumerations and input objects that the operations name. */
class NamedTypes {
  readonly #texts = new Map<string, string>();

  texts(): string[] {
    return [...this.#texts].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, text]) => text);
  }

  output(type: GraphQLOutputType): string {
    return this.#leaf(getNamedType(type).name, type as GraphQLInputType);
  }

  input(type: GraphQLInputType): string {
    if (isNonNullType(type)) return this.#bare(type.ofType);
    return `${this.#bare(type)} | null`;
  }

  #bare(type: GraphQLInputType): string {
    if (isListType(type)) return `readonly (${this.input(type.ofType)})[]`;
    return this.#leaf(getNamedType(type).name, type);
  }

  #leaf(name: string, given: GraphQLInputType): string {
    const scalar = SCALARS[name];
    if (scalar) return scalar;
    if (this.#texts.has(name)) return name;
    const type = getNamedType(given);
    // Said before its fields are looked at: an input may hold itself.
    this.#texts.set(name, '');
    if (isEnumType(type)) {
      const values = type.getValues().map((value) => `'${value.name}'`);
      this.#texts.set(name, `export type ${name} = ${values.join(' | ')};`);
    } else if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).map(
        (field) => `${field.name}${isRequiredInputField(field) ? '' : '?'}: ${this.input(field.type)}`,
      );
      this.#texts.set(name, `export type ${name} = { ${fields.join('; ')} };`);
    } else throw new Error(`${name} is no scalar that is known`);
    return name;
  }
}
