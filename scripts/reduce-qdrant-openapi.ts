/**
 * Cuts Qdrant's OpenAPI document (Apache License 2.0, by Qdrant) down to the operations that our client uses and
 * the schemas these need: node scripts/reduce-qdrant-openapi.ts FULL.json > tests/fixtures/qdrant-openapi-1.19.json
 */
import { readFileSync } from 'node:fs';

const USED: Record<string, string[]> = {
  '/collections': ['get'],
  '/collections/{collection_name}': ['get', 'put', 'patch', 'delete'],
  '/collections/{collection_name}/exists': ['get'],
  '/collections/{collection_name}/index': ['put'],
  '/collections/{collection_name}/points': ['put', 'post'],
  '/collections/{collection_name}/points/delete': ['post'],
  '/collections/{collection_name}/points/scroll': ['post'],
  '/collections/{collection_name}/points/count': ['post'],
  '/collections/{collection_name}/points/query': ['post'],
};
const full = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const pick = (all: Record<string, unknown>, keys: Iterable<string>) =>
  Object.fromEntries([...keys].map((key) => [key, all[key]]));
const paths = Object.fromEntries(
  Object.entries(USED).map(([path, methods]) => [path, pick(full.paths[path], methods)]),
);
const names = new Set<string>();
const collect = (value: unknown): void => {
  for (const [, name = ''] of JSON.stringify(value).matchAll(/#\/components\/schemas\/(\w+)/g))
    if (!names.has(name)) collect(full.components.schemas[names.add(name) && name]);
};
collect(paths);
const info = { ...full.info, description: 'Reduced from the Qdrant API by scripts/reduce-qdrant-openapi.ts' };
const reduced = {
  openapi: full.openapi,
  info,
  paths,
  components: { schemas: pick(full.components.schemas, [...names].sort()) },
};
// Descriptions and examples are most of the document and take no part in validation.
const drop = (key: string, value: unknown) =>
  ['example', 'examples'].includes(key) ||
  (key === 'description' && typeof value === 'string' && !value.startsWith('Reduced'))
    ? undefined
    : value;
process.stdout.write(`${JSON.stringify(reduced, drop, 1)}\n`);
