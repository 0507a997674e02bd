import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Operation, readOpenApi } from './openapi.ts';

type Payload = Record<string, unknown>;
interface Point {
  id: string | number;
  /** Null: it was deleted. */
  vector: number[] | null;
  payload: Payload;
}
interface Strict {
  max_query_limit?: number;
  search_max_hnsw_ef?: number;
  search_allow_exact?: boolean;
  upsert_max_batchsize?: number;
  filter_max_conditions?: number;
}
interface Collection {
  config: Payload & { vectors: { size: number; distance: string }; metadata?: Payload; strict?: Strict };
  points: Map<string | number, Point>;
  indexes: Map<string, unknown>;
}

/**
 * A stand-in for a Qdrant server, in memory, over real HTTP. It refuses every request that Qdrant's API document does
 * not allow, and checks its own answers against it too. Search is exact, where Qdrant's is approximate.
 *
 * @param options.strict limits that new collections get, as from the configuration of a server in strict mode
 * @param options.document path of the API document; absent: `QDRANT_OPENAPI`, or the reduced one of the tests
 */
export async function startQdrantDouble(
  options: { document?: string; apiKey?: string; strict?: Strict } = {},
) {
  const fixture = new URL('../fixtures/qdrant-openapi-1.19.json', import.meta.url);
  const findOperation = readOpenApi(
    JSON.parse(readFileSync(options.document ?? process.env.QDRANT_OPENAPI ?? fixture, 'utf8')),
  );
  const collections = new Map<string, Collection>();
  const aliases = new Map<string, string>();
  const requests: { name: string; body: unknown }[] = [];
  const problems: string[] = [];
  let trouble: { status: number } | 'stall' | null = null;
  let unapplied = false;

  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const url = new URL(req.url ?? '/', 'http://double');
    const text = await readBody(req);
    if (trouble === 'stall') return;
    if (trouble) return send(res, trouble.status, failure('told to fail'));
    if (options.apiKey && req.headers['api-key'] !== options.apiKey) return send(res, 401, failure('no key'));
    if (url.pathname === '/readyz') return void res.end('all shards are ready');
    const operation = findOperation((req.method ?? '').toLowerCase(), url.pathname);
    if (!operation) return refuse(res, 404, `no such operation: ${req.method} ${url.pathname}`);
    const body = text === '' ? undefined : JSON.parse(text);
    const wrong = operation.problems(url.searchParams, body);
    if (wrong.length > 0) return refuse(res, 400, `${operation.name}: ${wrong.join('; ')}`);
    requests.push({ name: operation.name, body });
    const [status, result] = perform(
      { collections, aliases, strict: options.strict },
      operation,
      body ?? {},
      url.searchParams,
    );
    if (status !== 200) return send(res, status, failure(String(result)));
    if (unapplied && typeof result === 'object' && result !== null && 'operation_id' in result)
      Object.assign(result, { status: 'acknowledged' });
    const answer = { result, status: 'ok', time: 0.001 };
    const bad = operation.answerProblems(answer);
    if (bad.length > 0) problems.push(`answer to ${operation.name}: ${bad.join('; ')}`);
    return send(res, 200, answer);
  };
  const refuse = (res: ServerResponse, status: number, message: string) => {
    problems.push(message);
    send(res, status, failure(message));
  };
  const listen = async (port: number) => {
    const server = createServer((req, res) => void handle(req, res));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return server;
  };
  let server: Server | null = await listen(0);
  const { port } = server.address() as AddressInfo;
  const goAway = async () => {
    const leaving = server;
    server = null;
    if (!leaving) return;
    leaving.closeAllConnections();
    await new Promise((resolve) => leaving.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    collections,
    /** Second names of collections. */
    aliases,
    /** Operations that were performed, in order. */
    requests,
    /** Requests and answers that the document does not allow; tests expect none. */
    problems,
    failWith: (status: number) => {
      trouble = { status };
    },
    stall: () => {
      trouble = 'stall';
    },
    recover: () => {
      trouble = null;
    },
    /** Writes are answered before they are applied, as under load. */
    answerEarly: (early: boolean) => {
      unapplied = early;
    },
    goAway,
    comeBack: async () => {
      server ??= await listen(port);
    },
    /** Forgets points. @returns how many it had */
    lose: (ids: readonly string[]) =>
      [...collections.values()].flatMap(({ points }) => ids.filter((id) => points.delete(id))).length,
    /** Takes the vectors of points away, and leaves the points; or puts these in their place. */
    loseVectors: (ids: readonly string[], instead: number[] | null = null) => {
      for (const { points } of collections.values())
        for (const id of ids) {
          const point = points.get(id);
          if (point) point.vector = instead;
        }
    },
    close: goAway,
  };
}

export type QdrantDouble = Awaited<ReturnType<typeof startQdrantDouble>>;

interface Held {
  collections: Map<string, Collection>;
  aliases: Map<string, string>;
  strict: Strict | undefined;
}

function perform(
  { collections: all, aliases, strict }: Held,
  operation: Operation,
  body: Payload,
  query: URLSearchParams,
): [number, unknown] {
  const name = operation.path.collection_name ?? '';
  const found = all.get(aliases.get(name) ?? name);
  switch (operation.name) {
    case 'get /collections':
      return [200, { collections: [...all.keys()].map((known) => ({ name: known })) }];
    case 'get /aliases':
      return [
        200,
        { aliases: [...aliases].map(([alias_name, collection_name]) => ({ alias_name, collection_name })) },
      ];
    case 'get /collections/{collection_name}/exists':
      return [200, { exists: found !== undefined }];
    case 'put /collections/{collection_name}':
      if (found) return [409, `Wrong input: Collection \`${name}\` already exists!`];
      all.set(name, {
        config: { ...(body as Collection['config']), ...(strict && { strict }) },
        points: new Map(),
        indexes: new Map(),
      });
      return [200, true];
    case 'delete /collections/{collection_name}':
      return [200, all.delete(name)];
  }
  if (!found) return [404, `Not found: Collection \`${name}\` doesn't exist!`];
  const refused = strictProblem(found.config.strict, operation.name, body);
  if (refused) return [400, `Bad request: ${refused}`];
  const applied = { operation_id: 1, status: query.get('wait') === 'true' ? 'completed' : 'acknowledged' };
  switch (operation.name) {
    case 'get /collections/{collection_name}':
      return [200, describe(found)];
    case 'patch /collections/{collection_name}':
      if (body.metadata) found.config.metadata = { ...found.config.metadata, ...(body.metadata as Payload) };
      if (body.quantization_config === 'Disabled') delete found.config.quantization_config;
      else if (body.quantization_config) found.config.quantization_config = body.quantization_config;
      Object.assign(found.config.vectors, (body.vectors as Payload | undefined)?.['']);
      return [200, true];
    case 'put /collections/{collection_name}/index':
      found.indexes.set(String(body.field_name), body.field_schema);
      return [200, applied];
    case 'put /collections/{collection_name}/points':
      return upsert(found, body.points as Point[], applied);
    case 'post /collections/{collection_name}/points':
      return [200, (body.ids as string[]).flatMap((id) => recordOf(found.points.get(id), body))];
    case 'post /collections/{collection_name}/points/delete':
      for (const id of body.points as string[]) found.points.delete(id);
      return [200, applied];
    case 'post /collections/{collection_name}/points/payload':
      for (const id of body.points as string[])
        Object.assign(found.points.get(id)?.payload ?? {}, body.payload);
      return [200, applied];
    case 'post /collections/{collection_name}/points/count':
      return [200, { count: found.points.size }];
    case 'post /collections/{collection_name}/points/scroll':
      return [200, scroll(found, body)];
    case 'post /collections/{collection_name}/points/query':
      return nearest(found, body);
  }
  throw new Error(`the double does not know ${operation.name}`);
}

/** What strict mode refuses of a request; the words are Qdrant's. */
function strictProblem(strict: Strict | undefined, name: string, body: Payload): string | null {
  if (!strict) return null;
  const params = body.params as { hnsw_ef?: number; exact?: boolean } | undefined;
  const limit = (body.limit as number | undefined) ?? 0;
  const must = (body.filter as { must?: unknown[] } | undefined)?.must ?? [];
  const points = (body.points as unknown[] | undefined) ?? [];
  if (limit > (strict.max_query_limit ?? limit)) return `Limit exceeded ${limit} > ${strict.max_query_limit}`;
  if ((params?.hnsw_ef ?? 0) > (strict.search_max_hnsw_ef ?? Number.POSITIVE_INFINITY))
    return `Hnsw_ef exceeded ${params?.hnsw_ef} > ${strict.search_max_hnsw_ef}`;
  const exact = params?.exact || (name.endsWith('/count') && body.exact !== false);
  if (exact && strict.search_allow_exact === false) return 'Exact search is not allowed';
  if (must.length > (strict.filter_max_conditions ?? must.length)) return 'Filter condition limit exceeded';
  if (name.startsWith('put') && points.length > (strict.upsert_max_batchsize ?? points.length))
    return `Upsert limit exceeded ${points.length} > ${strict.upsert_max_batchsize}`;
  return null;
}

function upsert(collection: Collection, points: readonly Point[], applied: unknown): [number, unknown] {
  const { size } = collection.config.vectors;
  const wrong = points.find((point) => point.vector?.length !== size);
  if (wrong)
    return [400, `Wrong input: Vector dimension error: expected dim: ${size}, got ${wrong.vector?.length}`];
  for (const point of points) collection.points.set(point.id, point);
  return [200, applied];
}

function scroll(collection: Collection, body: Payload) {
  const { offset, limit = 10 } = body as { offset?: string; limit?: number };
  const ids = [...collection.points.keys()].sort(compareIds);
  const from =
    offset === undefined || offset === null ? 0 : ids.findIndex((id) => compareIds(id, offset) >= 0);
  const rest = from < 0 ? [] : ids.slice(from);
  return {
    points: rest.slice(0, limit).flatMap((id) => recordOf(collection.points.get(id), body)),
    next_page_offset: rest[limit] ?? null,
  };
}

function nearest(collection: Collection, body: Payload): [number, unknown] {
  const query = body.query as number[];
  const { size } = collection.config.vectors;
  if (query.length !== size) return [400, `Wrong input: Vector dimension error: expected dim: ${size}`];
  const { must } = body.filter as { must: Condition[] };
  // A condition over a field without an index is what makes filtered search slow.
  const unindexed = must.find(({ key, has_id: ids }) => !ids && !collection.indexes.has(key));
  if (unindexed) return [400, `Bad request: Index required but not found for "${unindexed.key}"`];
  const points = [...collection.points.values()]
    .filter(({ id, payload }) =>
      must.every((condition) => condition.has_id?.includes(id) ?? fulfils(payload[condition.key], condition)),
    )
    .flatMap(({ id, vector }) => (vector ? [{ id, version: 1, score: cosine(query, vector) }] : []))
    .sort((a, b) => b.score - a.score)
    .slice(0, body.limit as number);
  return [200, { points }];
}

interface Condition {
  key: string;
  match?: { value: unknown };
  range?: Payload;
  has_id?: (string | number)[];
}

function fulfils(value: unknown, condition: Condition): boolean {
  if (condition.match) return value === condition.match.value;
  const at = Date.parse(String(value));
  const { gte, lte } = condition.range ?? {};
  return (!gte || at >= Date.parse(String(gte))) && (!lte || at <= Date.parse(String(lte)));
}

function describe({ config, points, indexes }: Collection) {
  const hnsw = { m: 16, ef_construct: 100, full_scan_threshold: 10_000, ...(config.hnsw_config as Payload) };
  return {
    status: 'green',
    optimizer_status: 'ok',
    segments_count: 1,
    points_count: points.size,
    payload_schema: Object.fromEntries(
      [...indexes].map(([field, params]) => [
        field,
        { data_type: (params as { type: string }).type, points: points.size },
      ]),
    ),
    config: {
      params: { vectors: config.vectors },
      hnsw_config: hnsw,
      optimizer_config: {
        deleted_threshold: 0.2,
        vacuum_min_vector_number: 1000,
        default_segment_number: 0,
        flush_interval_sec: 5,
      },
      ...(config.metadata && { metadata: config.metadata }),
      ...(config.quantization_config !== undefined && { quantization_config: config.quantization_config }),
      ...(config.strict && { strict_mode_config: { enabled: true, ...config.strict } }),
    },
  };
}

function recordOf(
  point: Point | undefined,
  { with_payload: fields, with_vector: isWithVector }: Payload,
): Payload[] {
  if (!point) return [];
  const wanted = Array.isArray(fields)
    ? Object.fromEntries(Object.entries(point.payload ?? {}).filter(([key]) => fields.includes(key)))
    : point.payload;
  // Without its vector a point has an empty set of named ones.
  const vector = isWithVector === true && { vector: point.vector ?? {} };
  return [{ id: point.id, payload: fields === false ? null : wanted, ...vector }];
}

/** Numbers before UUIDs, as in Qdrant. */
function compareIds(a: string | number, b: string | number): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function cosine(a: readonly number[], b: readonly number[]): number {
  let product = 0;
  for (const [at, value] of a.entries()) product += value * (b[at] ?? 0);
  return product / (Math.hypot(...a) * Math.hypot(...b) || 1);
}

function failure(error: string) {
  return { status: { error }, time: 0.001, result: null };
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
