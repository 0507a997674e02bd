import { posix } from 'node:path';
import { mayImport, type Place, placeOf } from './house.ts';
import { type ImportedModule, type ParsedModule, parseModule, withoutImportsAndLists } from './imports.ts';

export interface SourceFile {
  /** From the root of the repository, with slashes: `src/db/client.ts`. */
  path: string;
  source: string;
}

/**
 * Everything in which the sources break the rules of the house: who may import whom (types included),
 * cycles, and what only named places may touch. One line each, sorted; empty if all is well.
 */
export function violations(files: readonly SourceFile[]): string[] {
  const found = new Set<string>();
  const edges: Edge[] = [];
  for (const { path, source } of files) {
    const from = placeOf(path);
    if (!from) {
      found.add(`${path}: the house has no room for it`);
      continue;
    }
    const module = parseModule(source);
    for (const imported of module.imports) {
      const problem = checkImport(from, imported, edges);
      if (problem) found.add(`${path}: ${problem}`);
    }
    for (const problem of checkContent(from, module)) found.add(`${path}: ${problem}`);
  }
  for (const problem of checkCycles(edges)) found.add(problem);
  return [...found].sort();
}

interface Edge {
  from: Place;
  to: Place;
  typeOnly: boolean;
}

function checkImport(from: Place, imported: ImportedModule, edges: Edge[]): string | null {
  const { specifier, typeOnly } = imported;
  if (specifier === null) return 'imports something computed at run time';
  if (!specifier.startsWith('.')) return checkPackage(from, specifier);
  const path = posix.join(posix.dirname(from.path), specifier);
  if (!path.startsWith('src/')) return `imports ${path}, which is not in src`;
  const to = placeOf(path);
  if (!to) return `imports ${path}, for which the house has no room`;
  edges.push({ from, to, typeOnly });
  if (mayImport(from, to)) return null;
  return `${nameOf(from)} may not import ${path} (${nameOf(to)})${typeOnly ? ', not even its types' : ''}`;
}

const GRAPHQL_AND_HTTP =
  /^(?:graphql(?:-.+)?(?:\/|$)|@pothos\/|@graphql-|ws$|(?:node:)?https?$|(?:node:)?http2$)/;

function checkPackage(from: Place, specifier: string): string | null {
  if (/^(?:node:)?child_process$/.test(specifier)) {
    const mayStartProcesses =
      /^src\/db\/embedded[^/]*(?:\/|\.ts$)/.test(from.path) ||
      from.domain === 'repairs' ||
      from.path === 'src/media/programs.ts' ||
      from.path === 'src/dashboard/building.ts';
    if (!mayStartProcesses) {
      return 'only the embedded database, repairs, programs for media and the building of the dashboard may start processes';
    }
  }
  if (from.room === 'domain' && from.role !== 'graphql' && GRAPHQL_AND_HTTP.test(specifier)) {
    return `${nameOf(from)} knows no GraphQL and no HTTP, but imports ${specifier}`;
  }
  return null;
}

/** Lists that only list: drizzle-kit reads all tables from one file. */
const LISTS = ['src/lists/tables.ts'];

/** Files with timers that go round or are kept, outside of keepers, and why. */
export const TIMERS: Readonly<Record<string, string>> = {
  'src/jobs/keeper.ts': 'the keeper itself',
  'src/access/long-lived.ts': 'ends with its connection',
  'src/http/stalled.ts': 'ends with its answer; looks at memory only',
  'src/rest/event-stream.ts': 'signs of life of one stream; ends with it',
  'src/graphql/websocket.ts': 'ends with its sockets',
  'src/graphql/socket-protocol.ts': 'ends with its socket',
  'src/graphql/event-loads.ts': 'forgets once, memory only',
  'src/openai/answer-stream.ts': 'signs of life of one answer; ends with it',
  'src/models/chat-clock.ts': 'deadlines of one attempt',
  'src/import/progress.ts': 'a command, not the server',
  'src/db/embedded/socket.ts': 'touches a file; must beat while all else waits',
  'src/journal/removals.ts': 'waits once for others, to share a commit; again only after a failure',
  'src/journal/drain.ts':
    'goes on while there are entries, three batches at once; waits only after a failure',
};

/** Whether something goes round, or a timer is kept in a field, where it can be set again. One-off waits are not meant. */
export function keepsTimers({ code, imports }: ParsedModule): boolean {
  return (
    /\bsetInterval\s*\(/.test(code) ||
    /\bthis\s*\.\s*#?\w+\s*(?:\?\?)?=\s*setTimeout\s*\(/.test(code) ||
    imports.some(
      ({ specifier, clause }) =>
        /^(?:node:)?timers(?:\/promises)?$/.test(specifier ?? '') && /\bsetInterval\b/.test(clause),
    )
  );
}

function* checkContent(from: Place, module: ParsedModule): Generator<string> {
  const { code, strings, imports } = module;
  if (!(from.path in TIMERS) && keepsTimers(module)) yield 'goes round by a timer of its own: use a keeper';
  const byName = [...code.matchAll(/\bprocess\s*(?:\?\.)?\s*\[\s*"#(\d+)"/g)];
  const readsEnvironment =
    /\bprocess\s*\??\.\s*env\b/.test(code) ||
    /\benv\b[^={}]*\}\s*=\s*process\b/.test(code) ||
    byName.some(([, index]) => strings[Number(index)] === 'env') ||
    imports.some(
      ({ specifier, clause }) => /^(?:node:)?process$/.test(specifier ?? '') && /\benv\b/.test(clause),
    );
  if (readsEnvironment && from.path !== 'src/config.ts') yield 'only config.ts reads the environment';
  const exportsValues = /(?<![\w$.])export\s*(?:\{|\*)/.test(code);
  if (exportsValues && withoutImportsAndLists(code) === '' && !LISTS.includes(from.path)) {
    yield 'is a barrel: import from the file that defines the value';
  }
}

function* checkCycles(edges: readonly Edge[]): Generator<string> {
  const values = edges.filter((edge) => !edge.typeOnly);
  for (const cycle of cyclesOf(values, (place) => place.path)) yield `cycle of imports: ${cycle}`;
  for (const cycle of cyclesOf(
    edges,
    (place) => place.path,
    (edge) => folderOf(edge.from) !== folderOf(edge.to),
  )) {
    yield `cycle of imports between folders (with types): ${cycle}`;
  }
  for (const layer of ['tables', 'graphql', 'logic'] as const) {
    const isIn = ({ room, role }: Place) =>
      room === 'domain' && (role === 'tables' || role === 'graphql' ? role : 'logic') === layer;
    const between = edges.filter(({ from, to }) => isIn(from) && isIn(to) && from.domain !== to.domain);
    for (const cycle of cyclesOf(between, (place) => place.domain ?? ''))
      yield `cycle of domains (${layer}): ${cycle}`;
  }
}

/** One cycle, the shortest, through every edge that is asked for and lies on any; each written from its least name. */
function cyclesOf(
  edges: readonly Edge[],
  name: (place: Place) => string,
  asked: (edge: Edge) => boolean = () => true,
): Set<string> {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of edges) next.set(name(from), (next.get(name(from)) ?? new Set()).add(name(to)));
  const cycles = new Set<string>();
  for (const edge of edges.filter(asked)) {
    const back = pathBetween(next, name(edge.to), name(edge.from));
    if (!back) continue;
    const least = back.indexOf([...back].sort()[0] ?? '');
    const cycle = [...back.slice(least), ...back.slice(0, least)];
    cycles.add([...cycle, cycle[0]].join(' → '));
  }
  return cycles;
}

function pathBetween(
  next: ReadonlyMap<string, ReadonlySet<string>>,
  start: string,
  goal: string,
): string[] | null {
  const cameFrom = new Map<string, string | null>([[start, null]]);
  for (const node of cameFrom.keys()) {
    if (node === goal) {
      const path: string[] = [];
      for (let step: string | null = node; step !== null; step = cameFrom.get(step) ?? null)
        path.unshift(step);
      return path;
    }
    for (const follower of next.get(node) ?? []) if (!cameFrom.has(follower)) cameFrom.set(follower, node);
  }
  return null;
}

function folderOf(place: Place): string {
  return place.domain ?? place.room;
}

function nameOf({ room, domain, role }: Place): string {
  return room === 'domain' ? `${domain}'s ${role}` : room;
}
