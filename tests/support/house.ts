import { posix } from 'node:path';

/** Where a file lives. */
export interface Place {
  path: string;
  room: Room;
  /** The domain's name, for files of a domain's folder. */
  domain: string | null;
  role: Role;
}

type Floor =
  | 'main'
  | 'startup'
  | 'app'
  | 'parts'
  | 'ground'
  | 'config'
  | 'log'
  | 'errors'
  | 'shared'
  | 'db'
  | 'graphql'
  | 'journal'
  | 'events'
  | 'models'
  | 'vectors'
  | 'jobs'
  | 'access'
  | 'secrets'
  | 'outbound'
  | 'rest'
  | 'dashboard'
  | 'import'
  | 'lists'
  | 'http';
export type Room = Floor | 'domain';
/** What a file of a domain is for; `logic` is reads, verbs and what they are made of. */
export type Role = 'tables' | 'graphql' | 'jobs' | 'promises' | 'parts' | 'logic';

/** The rooms of the house that are not domains, and what each may import besides itself. */
const ROOMS: Record<Floor, (to: Place, from: Place) => boolean> = {
  main: (to) => isIn(to, 'app', 'startup', 'config', 'jobs', 'log'),
  // Reads the configuration and says in words for the operator why nothing starts; it knows the parts' errors.
  startup: (to) => isIn(to, 'config', 'db', 'errors', 'journal', 'models', 'outbound', 'secrets'),
  // The whole server: ground, parts, doors.
  app: () => true,
  // The list of what the domains open.
  parts: (to) =>
    isIn(to, 'jobs', 'lists', 'shared') ||
    to.path === 'src/graphql/context.ts' ||
    (to.room === 'domain' && to.role === 'parts'),
  // What stands before any domain opens.
  ground: (to) => isIn(to, 'config', 'log', 'db', 'shared', ...PORTS),
  config: () => false,
  log: () => false,
  // Error classes that domains, graphql and rest share.
  errors: () => false,
  // Files directly in src/domains: what every domain needs of input and callers.
  // Only its ground.ts, which declares the ports that all of them get, knows these.
  shared: (to, from) =>
    isIn(to, 'errors', 'log', 'access', 'events') ||
    (from.path === 'src/domains/ground.ts' && isIn(to, 'config', 'db', ...PORTS)),
  db: (to) => isIn(to, 'log', 'jobs') || to.role === 'tables',
  graphql: (to, from) =>
    isIn(to, 'db', 'log', 'access', 'errors', 'config', 'http', 'shared') ||
    (from.path === 'src/graphql/schema.ts' && to.room === 'domain' && to.role === 'graphql'),
  journal: (to) => isIn(to, 'log', 'db'),
  // Events that can't wait for the database are kept in the journal.
  events: (to) => isIn(to, 'log', 'db', 'journal'),
  models: (to) => isIn(to, 'log', 'db', 'config', 'errors'),
  // The one node:http server, and the hall that every door leads through.
  http: (to) => isIn(to, 'log', 'access', 'errors') || to.path === 'src/db/meaning.ts',
  vectors: (to) => isIn(to, 'log', 'db'),
  jobs: (to, from) =>
    isIn(to, 'log') || (from.path === 'src/jobs/index.ts' && to.room === 'domain' && to.role === 'jobs'),
  access: (to) => isIn(to, 'log', 'db', 'errors'),
  // Vault, and encryption under the master key.
  secrets: (to) => isIn(to, 'log', 'config'),
  // The one client for requests to other servers.
  outbound: (to) => isIn(to, 'errors'),
  // Verbs and views, never bare reads: those know nothing of what waits in the journal.
  rest: (to) =>
    isIn(to, 'log', 'access', 'errors', 'shared', 'http') ||
    (to.room === 'domain' && to.role === 'logic' && !to.path.endsWith('/reads.ts')),
  // What the domains bring, each list from the files of its name, at the top of the house.
  lists: (to, from) =>
    to.path === 'src/graphql/context.ts' ||
    isIn(to, 'shared') ||
    (to.room === 'domain' && from.path === `src/lists/${to.role}.ts`),
  dashboard: (to) => isIn(to, 'log'),
  // Reads foreign formats and sends them through the public API, as any client would.
  import: (to) => isIn(to, 'log', 'config', 'shared'),
};

const PORTS: readonly Room[] = [
  'models',
  'vectors',
  'events',
  'journal',
  'jobs',
  'access',
  'secrets',
  'outbound',
];
/** Of these rooms only the port may be known outside, but by app. */
const PORT_FILES: Partial<Record<Room, string>> = { vectors: 'src/vectors/vector-store.ts' };
/** What a domain's graphql.ts may see of the graphql room. */
const GRAPHQL_FLOOR = ['builder', 'connections', 'context', 'errors', 'scalars'].map(
  (name) => `src/graphql/${name}.ts`,
);

/** Whether the house allows one file to import another. */
export function mayImport(from: Place, to: Place): boolean {
  if (from.room === 'domain') return domainMayImport(from, to);
  if (from.room === to.room) return true;
  const port = PORT_FILES[to.room];
  if (port && to.path !== port && !isIn(from, 'app') && to.role !== 'tables') return false;
  return ROOMS[from.room](to, from);
}

function domainMayImport(from: Place, to: Place): boolean {
  const own = to.room === 'domain' && to.domain === from.domain;
  const isDomain = (...roles: Role[]) => to.room === 'domain' && roles.includes(to.role);
  if (from.role === 'tables')
    return isDomain('tables') || to.path === 'src/db/columns.ts' || to.path === 'src/db/duty.ts';
  if (isIn(to, 'errors', 'shared')) return true;
  if (from.role === 'graphql') {
    return (
      GRAPHQL_FLOOR.includes(to.path) ||
      isIn(to, 'events', 'access', 'secrets') ||
      (own && !isFor(to, 'jobs', 'promises', 'parts')) ||
      isDomain('graphql')
    );
  }
  // Who opens a domain chooses among the classes behind its ports.
  if (to.room === 'vectors') return to.path === PORT_FILES.vectors || from.role === 'parts';
  return (
    isIn(to, 'db', 'log', 'config', ...PORTS) ||
    isDomain('tables', 'logic') ||
    (own && isFor(to, 'jobs', 'promises'))
  );
}

/** The place of a path below the repository, e.g. `src/db/client.ts`; null if the house has no room for it. */
export function placeOf(path: string): Place | null {
  const [, first = '', second = '', ...rest] = path.split('/');
  const file = posix.basename(path, '.ts');
  const role = roleOf(file);
  const place = (room: Room, domain: string | null = null): Place => ({ path, room, domain, role });
  if (first === 'domains') {
    if (rest.length > 0) return place('domain', second);
    return place(file === 'errors' ? 'errors' : 'shared');
  }
  const isFile = second === '';
  // config-values.ts belongs to config.ts.
  const name = isFile ? (file.split('-')[0] ?? file) : first;
  if (!isRoom(name) || isFile !== isFileRoom(name) || name === 'errors' || name === 'shared') return null;
  return place(name);
}

function roleOf(file: string): Role {
  // A word that other files may have in their names, too.
  if (file === 'parts') return file;
  const words = file.split(/[-.]/);
  return (['tables', 'graphql', 'jobs', 'promises'] as const).find((role) => words.includes(role)) ?? 'logic';
}

function isRoom(name: string): name is Floor {
  return Object.hasOwn(ROOMS, name);
}

function isFileRoom(name: string): boolean {
  return ['main', 'startup', 'app', 'parts', 'ground', 'config', 'log'].includes(name);
}

function isIn(place: Place, ...rooms: Room[]): boolean {
  return rooms.includes(place.room);
}

function isFor(place: Place, ...roles: Role[]): boolean {
  return roles.includes(place.role);
}
