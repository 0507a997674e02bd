import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

type Json = Record<string, unknown>;

export interface Operation {
  readonly name: string;
  readonly path: Record<string, string>;
  /** What is wrong with a request; empty if nothing is. */
  readonly problems: (query: URLSearchParams, body: unknown) => string[];
  /** What is wrong with an answer to it. */
  readonly answerProblems: (body: unknown) => string[];
}

/** Finds and checks requests against an OpenAPI 3.0 document. Stricter than it in one thing: unknown fields are wrong. */
export function readOpenApi(document: Json) {
  const ajv = new Ajv({ strict: false, allErrors: false, validateFormats: true, coerceTypes: false });
  (formats as unknown as (ajv: Ajv) => void)(ajv);
  for (const name of ['uint', 'uint8', 'uint16', 'uint32', 'uint64', 'int64']) ajv.addFormat(name, true);
  const root = toJsonSchema(document) as Json;
  ajv.addSchema(root, 'api');
  const compiled = new Map<string, ValidateFunction>();
  const check = (pointer: string, value: unknown): string[] => {
    let validate = compiled.get(pointer);
    if (!validate) {
      validate = ajv.compile({ $ref: `api#${pointer}` });
      compiled.set(pointer, validate);
    }
    return validate(value) ? [] : [ajv.errorsText(validate.errors)];
  };
  const paths = root.paths as Record<string, Record<string, Json>>;
  return (method: string, pathname: string): Operation | null => {
    for (const [template, methods] of Object.entries(paths)) {
      const path = matchPath(template, pathname);
      const operation = methods[method];
      if (!path || !operation) continue;
      const at = `/paths/${template.replaceAll('/', '~1').replace(/[{}]/g, encodeURIComponent)}/${method}`;
      return {
        name: `${method} ${template}`,
        path,
        problems: (query, body) => [
          ...queryProblems(operation, at, query, check),
          ...(operation.requestBody
            ? [
                ...check(`${at}/requestBody/content/application~1json/schema`, body),
                ...unknownFields(root, operation, body),
              ]
            : body === undefined
              ? []
              : ['a body where none belongs']),
        ],
        answerProblems: (answer) => check(`${at}/responses/200/content/application~1json/schema`, answer),
      };
    }
    return null;
  };
}

function matchPath(template: string, pathname: string): Record<string, string> | null {
  const expected = template.split('/');
  const given = pathname.split('/');
  if (expected.length !== given.length) return null;
  const values: Record<string, string> = {};
  for (const [at, part] of expected.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name) values[name] = decodeURIComponent(given[at] ?? '');
    else if (part !== given[at]) return null;
  }
  return values;
}

function queryProblems(
  operation: Json,
  at: string,
  query: URLSearchParams,
  check: (pointer: string, value: unknown) => string[],
): string[] {
  const parameters = (operation.parameters ?? []) as { name: string; in: string }[];
  return [...query].flatMap(([name, text]) => {
    const index = parameters.findIndex((parameter) => parameter.in === 'query' && parameter.name === name);
    if (index < 0) return [`unknown query parameter ${name}`];
    const value = /^(true|false|\d+)$/.test(text) ? JSON.parse(text) : text;
    return check(`${at}/parameters/${index}/schema`, value).map((problem) => `${name}: ${problem}`);
  });
}

function unknownFields(root: Json, operation: Json, body: unknown): string[] {
  const content = operation.requestBody as { content: { 'application/json': { schema: Json } } };
  const known = fieldsOf(root, content.content['application/json'].schema);
  return Object.keys(body as object)
    .filter((field) => !known.has(field))
    .map((field) => `unknown field ${field}`);
}

function fieldsOf(root: Json, schema: Json): Set<string> {
  const target = typeof schema.$ref === 'string' ? resolve(root, schema.$ref) : schema;
  const parts = [target.anyOf, target.oneOf, target.allOf].flatMap((part) => (part ?? []) as Json[]);
  return new Set([
    ...Object.keys((target.properties ?? {}) as object),
    ...parts.flatMap((part) => [...fieldsOf(root, part)]),
  ]);
}

function resolve(root: Json, reference: string): Json {
  const steps = reference.replace(/^api#\/|^#\//, '').split('/');
  return steps.reduce<Json>((value, step) => value[step] as Json, root);
}

/** OpenAPI 3.0 says `nullable` where JSON Schema has the type `null`. */
function toJsonSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJsonSchema);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...rest } = value as Json;
  const schema = Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, toJsonSchema(item)]));
  if (nullable !== true) return schema;
  return Object.keys(schema).length === 0 ? { type: 'null' } : { anyOf: [schema, { type: 'null' }] };
}
