import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

// biome-ignore-start lint/suspicious/noExplicitAny: JSON of requests and answers, as the API has it
type Json = any;
// biome-ignore-end lint/suspicious/noExplicitAny: see above

interface Property {
  readonly id: string;
  name: string;
  type: string;
}
export interface DoublePage {
  readonly id: string;
  readonly source: string;
  /** By the ids of properties. */
  readonly values: Map<string, Json>;
  inTrash: boolean;
  readonly createdAt: number;
  editedAt: number;
}
interface Source {
  readonly id: string;
  readonly name: string;
  readonly database: string;
  readonly properties: Property[];
}
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: Json;
  readonly at: number;
  status: number | null;
}
/** What comes instead of an answer. `after`: it is done all the same. */
export type Fault =
  | { readonly status: number; readonly retryAfter?: number; readonly after?: boolean }
  | { readonly cut: 'before' | 'after' }
  | { readonly hang: 'before' | 'after' };

export const NOTION_TOKEN = 'ntn_a-token-that-nobody-may-see';
const CODES: Record<number, string> = {
  400: 'validation_error',
  401: 'unauthorized',
  403: 'restricted_resource',
  404: 'object_not_found',
  409: 'conflict_error',
  429: 'rate_limited',
  500: 'internal_server_error',
  503: 'service_unavailable',
};
class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
const invalid = (message: string): never => {
  throw new Refused(400, message);
};
const missing = (what: string, id: string): never => {
  throw new Refused(
    404,
    `Could not find ${what} with ID: ${id}. Make sure the relevant pages and databases are shared with your integration.`,
  );
};

export type NotionDouble = Awaited<ReturnType<typeof startNotion>>;

/**
 * Somebody who speaks Notion's API (2025-09-03) as far as the mirror needs it, with its limits: pages belong to data sources, texts have at
 * most 2,000 units, `last_edited_time` is rounded to the minute, what is in the trash cannot be changed, and who asks too often is refused.
 *
 * @param limits.perSecond above which requests of one second are refused with 429
 */
export async function startNotion(limits: { readonly perSecond?: number } = {}) {
  const databases = new Map<string, { id: string; title: string; isShared: boolean }>();
  const sources = new Map<string, Source>();
  const pages = new Map<string, DoublePage>();
  const asked: Asked[] = [];
  const faults: { readonly of: (asked: Asked) => boolean; readonly fault: Fault; left: number }[] = [];
  let isAway = false;

  const propertyOf = (source: Source, key: string): Property =>
    source.properties.find(({ id, name }) => id === key || name === key || id === decodeURIComponent(key)) ??
    invalid(`${key} is not a property that exists.`);
  const sourceShared = (id: string): Source => {
    const source = sources.get(id);
    return source && databases.get(source.database)?.isShared ? source : missing('data source', id);
  };
  const store = (source: Source, values: Map<string, Json>, given: Record<string, Json>) => {
    const checked = Object.entries(given).map(([key, value]) => {
      const property = propertyOf(source, key);
      return [property.id, checkedValue(property, value)] as const;
    });
    for (const [id, value] of checked) values.set(id, value);
  };
  const show = (page: DoublePage, only: readonly string[] = []) => {
    const source = sources.get(page.source) as Source;
    const shown = source.properties.filter(({ id }) => only.length === 0 || only.includes(id));
    const minute = (at: number) => new Date(Math.floor(at / 60_000) * 60_000).toISOString();
    return {
      ...{ object: 'page', id: page.id, in_trash: page.inTrash, archived: page.inTrash },
      ...{ created_time: minute(page.createdAt), last_edited_time: minute(page.editedAt) },
      parent: { type: 'data_source_id', data_source_id: page.source },
      properties: Object.fromEntries(
        shown.map(({ id, name, type }) => [
          name,
          { id, type, [type]: shownValue(type, page.values.get(id)) },
        ]),
      ),
    };
  };

  const answer = ({ method, path, body }: Asked, query: URLSearchParams): Json => {
    const [, what = '', id = '', action] = path.slice(4).match(/^(\w+)\/?([^/]*)\/?(\w*)/) ?? [];
    if (what === 'databases' && method === 'GET') {
      const database = databases.get(id);
      if (!database?.isShared) return missing('database', id);
      const own = [...sources.values()].filter((source) => source.database === id);
      return {
        ...{ object: 'database', id, title: [{ plain_text: database.title }] },
        data_sources: own.map((source) => ({ id: source.id, name: source.name })),
      };
    }
    if (what === 'data_sources' && action === 'query') {
      const source = sourceShared(id);
      const size = body.page_size ?? 100;
      if (size > 100) return invalid('body.page_size should be ≤ 100');
      const found = [...pages.values()]
        .filter(
          (page) => page.source === id && !page.inTrash && matches(source, page, body.filter, propertyOf),
        )
        .sort((a, b) => a.createdAt - b.createdAt);
      const start = body.start_cursor ? found.findIndex((page) => page.id === body.start_cursor) : 0;
      const results = found
        .slice(start, start + size)
        .map((page) => show(page, query.getAll('filter_properties')));
      const next = found[start + size]?.id ?? null;
      return { object: 'list', results, next_cursor: next, has_more: next !== null };
    }
    if (what === 'data_sources' && method === 'GET') {
      const { name, properties } = sourceShared(id);
      return {
        ...{ object: 'data_source', id, title: [{ plain_text: name }] },
        properties: Object.fromEntries(properties.map((each) => [each.name, { ...each, [each.type]: {} }])),
      };
    }
    if (what === 'pages' && method === 'POST') {
      if (body.parent?.type !== 'data_source_id')
        return invalid('body.parent.data_source_id should be defined');
      const source = sourceShared(body.parent.data_source_id);
      const at = Date.now();
      const page: DoublePage = {
        ...{
          id: randomUUID(),
          source: source.id,
          values: new Map(),
          inTrash: false,
          createdAt: at,
          editedAt: at,
        },
      };
      store(source, page.values, body.properties);
      pages.set(page.id, page);
      return show(page);
    }
    if (what === 'pages') {
      const page = pages.get(id);
      if (!page || !databases.get(sources.get(page.source)?.database ?? '')?.isShared)
        return missing('page', id);
      if (method === 'GET') return show(page);
      if (page.inTrash && body.in_trash !== false)
        return invalid("Can't edit block that is archived. You must unarchive the block before editing.");
      store(sources.get(page.source) as Source, page.values, body.properties ?? {});
      if (body.in_trash !== undefined) page.inTrash = body.in_trash;
      page.editedAt = Date.now();
      return show(page);
    }
    throw new Refused(400, `Invalid request URL: ${method} ${path}`);
  };

  const server = createServer(
    (request, response) => void handle(request, response).catch(() => response.destroy()),
  );
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const raw = await text(request);
    const url = new URL(request.url ?? '/', 'http://notion');
    const one: Asked = {
      ...{
        method: request.method ?? '',
        path: url.pathname,
        body: raw ? JSON.parse(raw) : {},
        at: Date.now(),
      },
      status: null,
    };
    asked.push(one);
    if (isAway) return response.destroy();
    const send = (status: number, body: Json, headers = {}) => {
      one.status = status;
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body));
    };
    const refuse = (status: number, message: string, headers = {}) =>
      send(
        status,
        { object: 'error', status, code: CODES[status], message, request_id: randomUUID() },
        headers,
      );
    if (request.headers.authorization !== `Bearer ${NOTION_TOKEN}`)
      return refuse(401, 'API token is invalid.');
    if (request.headers['notion-version'] !== '2025-09-03')
      return refuse(400, 'Notion-Version header is not known');
    const recent = asked.filter(({ at }) => at > one.at - 1_000).length;
    if (limits.perSecond !== undefined && recent > limits.perSecond)
      return refuse(429, 'You have been rate limited.', { 'retry-after': '1' });
    const planned = faults.find(({ of, left }) => left > 0 && of(one));
    if (planned) planned.left--;
    const fault = planned?.fault;
    const isBefore = fault && ('status' in fault ? !fault.after : Object.values(fault)[0] === 'before');
    try {
      const body = isBefore ? null : answer(one, url.searchParams);
      if (!fault) return send(200, body);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return refuse(error.status, error.message);
    }
    if ('cut' in fault) return response.destroy();
    if ('hang' in fault) return;
    // A gateway before Notion answers in its own way.
    if (!(fault.status in CODES))
      return void response.writeHead(fault.status).end('<html>Bad Gateway</html>');
    const headers = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
    return refuse(fault.status, 'planned', headers);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    env: {
      NOTION_TOKEN,
      NOTION_API_URL: `http://127.0.0.1:${port}`,
      NOTION_REQUESTS_PER_SECOND: '500',
    },
    /** Every request, in order. */
    asked,
    /** Makes a database with one data source; the properties by name and type. */
    database(title: string, properties: Record<string, string>) {
      const id = randomUUID();
      databases.set(id, { id, title, isShared: true });
      const add = (name: string, own: Record<string, string>) => {
        const source = randomUUID();
        const made = Object.entries(own).map(([key, type]) => ({
          ...{ id: type === 'title' ? 'title' : `${randomUUID().slice(0, 8)};`, name: key, type },
        }));
        sources.set(source, { id: source, name, database: id, properties: made });
        return source;
      };
      const source = add(title, properties);
      const own = () => [...pages.values()].filter((page) => page.source === source);
      const property = (name: string) =>
        sources.get(source)?.properties.find((each) => each.name === name) as Property;
      const said = (page: DoublePage) =>
        Object.fromEntries(
          (sources.get(source) as Source).properties.map(({ id: key, name, type }) => [
            name,
            plainOf(type, page.values.get(key)),
          ]),
        );
      return {
        id,
        source,
        addSource: add,
        /** What each page says that is not in the trash, by the names of properties. */
        pages: () =>
          own()
            .filter(({ inTrash }) => !inTrash)
            .map(said),
        /** The same of those in the trash. */
        trash: () =>
          own()
            .filter(({ inTrash }) => inTrash)
            .map(said),
        raw: own,
        said,
        share: (isShared: boolean) => {
          (databases.get(id) as { isShared: boolean }).isShared = isShared;
        },
        rename: (from: string, to: string) => {
          property(from).name = to;
        },
        retype: (name: string, type: string) => {
          property(name).type = type;
          for (const page of own()) page.values.delete(property(name).id);
        },
        deleteProperty: (name: string) => {
          const { properties: all } = sources.get(source) as Source;
          all.splice(all.indexOf(property(name)), 1);
        },
        addProperty: (name: string, type: string) => {
          (sources.get(source) as Source).properties.push({ id: `${randomUUID().slice(0, 8)};`, name, type });
        },
        /** A page that a person makes, or changes: by the names of properties, as Notion takes them. */
        write: (values: Record<string, Json>, known?: DoublePage) => {
          const at = Date.now();
          const page = known ?? {
            ...{ id: randomUUID(), source, values: new Map(), inTrash: false, createdAt: at, editedAt: at },
          };
          store(sources.get(source) as Source, page.values, values);
          page.editedAt = at;
          pages.set(page.id, page);
          return page;
        },
      };
    },
    /** The next requests of this kind meet a fault. */
    fail(fault: Fault, of: (asked: Asked) => boolean = () => true, times = 1) {
      faults.push({ of, fault, left: times });
    },
    away(other: boolean) {
      isAway = other;
      if (other) server.closeAllConnections();
    },
    /** The most requests of any second. */
    mostASecond() {
      const times = asked.map(({ at }) => at);
      return Math.max(
        0,
        ...times.map((at) => times.filter((other) => other >= at && other < at + 1_000).length),
      );
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const isCreate = ({ method, path }: Asked) => method === 'POST' && path === '/v1/pages';
export const isUpdate = ({ method }: Asked) => method === 'PATCH';
export const isQuery = ({ path }: Asked) => path.endsWith('/query');

function checkedValue({ name, type }: Property, value: Json): Json {
  const given = value?.[type];
  if (given === undefined) return invalid(`${name} is expected to be ${type}.`);
  if (type === 'title' || type === 'rich_text') {
    if (given.length > 100) return invalid(`body.properties.${name}.${type}.length should be ≤ 100`);
    for (const { text: piece } of given) {
      if (piece.content.length > 2_000) return invalid(`${name} content.length should be ≤ 2000`);
      if (!piece.content.isWellFormed()) return invalid(`${name} content has half a character`);
    }
  }
  if ((type === 'select' || type === 'status') && given !== null) {
    if (given.name.includes(',')) return invalid(`Invalid ${type} option, commas not allowed: ${given.name}`);
    if (given.name.length === 0 || given.name.length > 100)
      return invalid(`${name} has a name that is too long`);
  }
  if (type === 'number' && given !== null && !Number.isFinite(given))
    return invalid(`${name} should be a number`);
  if (type === 'date' && given !== null && Number.isNaN(Date.parse(given.start)))
    return invalid(`${name} is no date`);
  return given;
}

function shownValue(type: string, value: Json): Json {
  if (type === 'title' || type === 'rich_text')
    return (value ?? []).map((piece: Json) => ({ ...piece, plain_text: piece.text.content }));
  return value ?? null;
}

function plainOf(type: string, value: Json): string | number | null {
  if (value === null || value === undefined) return null;
  if (type === 'title' || type === 'rich_text')
    return value.map((piece: Json) => piece.text.content).join('') || null;
  if (type === 'select' || type === 'status') return value.name;
  return type === 'date' ? value.start : value;
}

function matches(
  source: Source,
  page: DoublePage,
  filter: Json,
  propertyOf: (source: Source, key: string) => Property,
): boolean {
  if (!filter) return true;
  if (filter.or) {
    if (filter.or.length > 100) return invalid('body.filter.or.length should be ≤ 100');
    return filter.or.some((each: Json) => matches(source, page, each, propertyOf));
  }
  if (filter.and) return filter.and.every((each: Json) => matches(source, page, each, propertyOf));
  const { id, type } = propertyOf(source, filter.property);
  const condition = filter[type] ?? invalid(`filter of ${filter.property} should be of the type ${type}`);
  const plain = plainOf(type, page.values.get(id)) ?? '';
  return 'equals' in condition ? plain === condition.equals : invalid('filter is not known to this double');
}
