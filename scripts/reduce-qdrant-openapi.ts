/**
 * Cuts Qdrant's OpenAPI document (Apache License 2.0, by Qdrant) down to the operations that our client uses and
 * the schemas these need: node scripts/reduce-qdrant-openapi.ts FULL.json > tests/fixtures/qdrant-openapi-1.19.json
 * (and then: npx biome check --write tests/fixtures)
 */
import { readFileSync } from 'node:fs';

const USED: Record<string, string[]> = {
  '/aliases': ['get'],
  '/collections': ['get'],
  '/collections/{collection_name}': ['get', 'put', 'patch', 'delete'],
  '/collections/{collection_name}/exists': ['get'],
  '/collections/{collection_name}/index': ['put'],
  '/collections/{collection_name}/points': ['put', 'post'],
  '/collections/{collection_name}/points/delete': ['post'],
  '/collections/{collection_name}/points/payload': ['post'],
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
  for (const [, name = ''] of JSON.stringify(value).matchAll(/#\/components\/schemas\/(\w+)/g)) {
    if (names.has(name)) continue;
    names.add(name);
    collect(full.components.schemas[name]);
  }
};
collect(paths);
const info = { title: full.info.title, version: full.info.version, license: full.info.license };
const components = { schemas: pick(full.components.schemas, [...names].sort()) };
// They are most of the document, and take no part in validation.
const isProse = (key: string, value: unknown) =>
  ['description', 'example'].includes(key) && typeof value !== 'object';
const reduced = JSON.stringify(
  { openapi: full.openapi, info, paths, components },
  (key, value) => (isProse(key, value) ? undefined : value),
  1,
);
process.stdout.write(`${reduced}\n`);
