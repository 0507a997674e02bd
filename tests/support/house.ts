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
  | 'ports'
  | 'config'
  | 'log'
  | 'errors'
  | 'version'
  | 'texts'
  | 'tracing'
  | 'ground'
  | 'db'
  | 'graphql'
  | 'journal'
  | 'events'
  | 'models'
  | 'media'
  | 'images'
  | 'vectors'
  | 'jobs'
  | 'access'
  | 'secrets'
  | 'outbound'
  | 'rest'
  | 'downloads'
  | 'callbacks'
  | 'mcp'
  | 'openai'
  | 'dashboard'
  | 'operator'
  | 'doctor'
  | 'cards'
  | 'import'
  | 'adoption'
  | 'lists'
  | 'http';
export type Room = Floor | 'domain';
/** What a file of a domain is for; `logic` is reads, verbs and what they are made of. */
export type Role = 'tables' | 'graphql' | 'jobs' | 'promises' | 'sections' | 'parts' | 'logic';

/** From the ground up. No import runs up: what lies higher knows what lies lower, never the reverse. */
const LEVELS: readonly (readonly Room[])[] = [
  ['config', 'tracing', 'log', 'errors', 'version', 'texts'],
  ['jobs', 'outbound', 'secrets'],
  ['db'],
  ['journal', 'access', 'models', 'media', 'images', 'vectors'],
  ['events', 'http'],
  ['ground'],
  ['cards'],
  ['graphql'],
  ['domain'],
  ['rest', 'downloads', 'callbacks', 'mcp', 'openai', 'dashboard', 'import', 'operator'],
  ['adoption'],
  ['lists'],
  ['ports', 'parts', 'startup'],
  ['app', 'doctor'],
  ['main'],
];

/** What each list at the top is made of. */
const LISTS: Readonly<Record<string, (to: Place) => boolean>> = {
  tables: (to) => to.role === 'tables',
  duties: (to) => to.role === 'tables' || to.path === 'src/db/duty.ts',
  schema: (to) => isIn(to, 'graphql') || (to.room === 'domain' && to.role === 'graphql'),
  promises: (to) =>
    ['src/graphql/context.ts', 'src/ground/promise.ts'].includes(to.path) ||
    (to.room === 'domain' && to.role === 'promises'),
  sections: (to) =>
    ['src/graphql/context.ts', 'src/ground/section.ts'].includes(to.path) ||
    (to.room === 'domain' && to.role === 'sections'),
  domains: (to) =>
    ['src/graphql/context.ts', 'src/ground/ports.ts', 'src/jobs/ending.ts'].includes(to.path) ||
    (to.room === 'domain' && to.role === 'parts'),
  // Of the other lists only.
  product: () => false,
  jobs: (to) =>
    isIn(to, 'jobs') || to.path === 'src/graphql/context.ts' || (to.room === 'domain' && to.role === 'jobs'),
  doors: (to) => isIn(to, 'graphql', 'http', 'rest', 'downloads', 'callbacks', 'mcp', 'openai', 'dashboard'),
};

/** The rooms of the house that are not domains, and what each may import besides itself. */
const ROOMS: Record<Floor, (to: Place, from: Place) => boolean> = {
  main: (to) => isIn(to, 'app', 'startup', 'config', 'jobs', 'log'),
  // Reads the configuration and says in words for the operator why nothing starts; it knows the parts' errors.
  startup: (to) => isIn(to, 'config', 'db', 'errors', 'jobs', 'journal', 'models', 'outbound', 'secrets'),
  // The whole server: ports, parts, doors.
  app: () => true,
  // Opens the domains, one after the other.
  parts: (to) =>
    isIn(to, 'jobs', 'lists', 'ground') ||
    to.path === 'src/graphql/context.ts' ||
    (to.room === 'domain' && to.role === 'parts'),
  // Opens what the domains share.
  ports: (to) => isIn(to, 'config', 'log', 'db', 'ground', ...PORTS),
  // Looks at an installation as a start would, and changes nothing.
  doctor: (to) =>
    isIn(to, 'config', 'db', 'ground', 'log', 'media', 'models', 'outbound', 'secrets', 'startup') ||
    (to.room === 'domain' && to.path.endsWith('/configured.ts')),
  config: () => false,
  // Which version this is, for everybody who tells it.
  version: () => false,
  // What of a text can be stored, and how it is cut, for everybody who keeps one.
  texts: () => false,
  // Lines say to which trace they belong.
  log: (to) => to.path === 'src/tracing/current.ts',
  // Follows work from the door to models; a collector's packages are loaded by it alone.
  tracing: (to) => isIn(to, 'log'),
  // Error classes that everybody shares.
  errors: () => false,
  // What every domain needs of input, callers and promises; ports.ts declares the ports that all of them get.
  ground: (to, from) =>
    isIn(to, 'errors', 'log', 'access', 'events') ||
    (from.path === 'src/ground/ports.ts' && isIn(to, 'config', 'db', ...PORTS)),
  db: (to) => isIn(to, 'log', 'jobs', 'tracing'),
  graphql: (to) => isIn(to, 'db', 'log', 'access', 'errors', 'config', 'http', 'ground', 'tracing'),
  journal: (to) => isIn(to, 'log', 'db'),
  // Events that can't wait for the database are kept in the journal.
  events: (to) => isIn(to, 'log', 'db', 'journal', 'jobs'),
  models: (to) => isIn(to, 'log', 'db', 'config', 'errors', 'tracing'),
  // What files of pictures and videos say; it knows no rows.
  media: (to) => isIn(to, 'log', 'errors'),
  // Who makes pictures, asked over the network.
  images: (to) => isIn(to, 'errors', 'outbound'),
  // The one node:http server, and the hall that every door leads through.
  http: (to) => isIn(to, 'log', 'access', 'errors', 'tracing') || to.path === 'src/db/meaning.ts',
  vectors: (to) => isIn(to, 'log', 'db'),
  jobs: (to) => isIn(to, 'log'),
  access: (to) => isIn(to, 'log', 'db', 'errors', 'jobs'),
  // Vault, and encryption under the master key.
  secrets: (to) => isIn(to, 'log', 'config', 'jobs'),
  // The one client for requests to other servers.
  outbound: (to) => isIn(to, 'errors'),
  // Verbs and views, never bare reads: those know nothing of what waits in the journal.
  rest: (to) =>
    isIn(to, 'log', 'access', 'errors', 'ground', 'http') ||
    (to.room === 'domain' && to.role === 'logic' && !to.path.endsWith('/reads.ts')),
  // Files that are handed out over HTTP: by verbs, never by bare reads.
  downloads: (to) =>
    isIn(to, 'log', 'access', 'errors', 'ground', 'http', 'config', 'db') ||
    to.path === 'src/media/facts.ts' ||
    (to.room === 'domain' && to.role === 'logic' && !to.path.endsWith('/reads.ts')),
  // Where other services tell what happened: by verbs, never by bare reads.
  callbacks: (to) =>
    isIn(to, 'errors', 'http') ||
    (to.room === 'domain' && to.role === 'logic' && !to.path.endsWith('/reads.ts')),
  // The Model Context Protocol: verbs and views, as the older endpoints.
  mcp: (to) =>
    isIn(to, 'log', 'access', 'errors', 'ground', 'http', 'tracing') ||
    to.path === 'src/jobs/job.ts' ||
    (to.room === 'domain' && to.role === 'logic' && !to.path.endsWith('/reads.ts')),
  // Programs that speak the OpenAI protocol; what models write and how texts become vectors is the models' own word.
  openai: (to) =>
    isIn(to, 'log', 'access', 'errors', 'ground', 'http', 'models') ||
    (to.room === 'domain' && to.role === 'logic' && !to.path.endsWith('/reads.ts')),
  // What the house brings, each list from the files of its name.
  lists: (to, from) => LISTS[posix.basename(from.path, '.ts')]?.(to) ?? false,
  // Operators' commands, each with its domain, in the server that runs or in one that is opened for them.
  operator: (to) =>
    isIn(to, 'log', 'ground') ||
    to.path === 'src/graphql/context.ts' ||
    (to.room === 'domain' && to.path.endsWith('-command.ts')),
  // Static files; what they show comes through the GraphQL door.
  dashboard: (to) => isIn(to, 'log', 'http'),
  // Reads foreign formats and sends them through the public API, as any client would.
  import: (to) => isIn(to, 'log', 'config', 'ground', 'cards'),
  // What files of character cards say; it knows no rows.
  cards: (to) => isIn(to, 'ground'),
  // Reads an older database and sends it as lines of an export; ids and hashes of turns are the turns' own word.
  adoption: (to) => isIn(to, 'ground', 'import') || to.path === 'src/domains/interactions/turn.ts',
};

const PORTS: readonly Room[] = [
  'models',
  'media',
  'images',
  'vectors',
  'events',
  'journal',
  'jobs',
  'access',
  'secrets',
  'outbound',
  'tracing',
];
/** Of these rooms only the port may be known outside, but by app. */
const PORT_FILES: Partial<Record<Room, string>> = { vectors: 'src/vectors/vector-store.ts' };
/** What a domain's graphql.ts may see of the graphql room. */
const GRAPHQL_FLOOR = ['builder', 'connections', 'context', 'errors', 'scalars', 'selection'].map(
  (name) => `src/graphql/${name}.ts`,
);

/** Whether the house allows one file to import another. */
export function mayImport(from: Place, to: Place): boolean {
  if (to.room === 'version' || to.room === 'texts') return true;
  if (from.room === 'domain') return levelOf(to) <= levelOf(from) && domainMayImport(from, to);
  if (from.room === to.room) return true;
  if (levelOf(to) > levelOf(from)) return false;
  const port = PORT_FILES[to.room];
  if (port && to.path !== port && !isIn(from, 'app') && to.role !== 'tables') return false;
  return ROOMS[from.room](to, from);
}

function domainMayImport(from: Place, to: Place): boolean {
  const own = to.room === 'domain' && to.domain === from.domain;
  const isDomain = (...roles: Role[]) => to.room === 'domain' && roles.includes(to.role);
  if (from.role === 'tables')
    return isDomain('tables') || to.path === 'src/db/columns.ts' || to.path === 'src/db/duty.ts';
  if (isIn(to, 'errors', 'ground')) return true;
  if (from.role === 'graphql') {
    return (
      GRAPHQL_FLOOR.includes(to.path) ||
      isIn(to, 'events', 'access', 'secrets') ||
      to.path === 'src/jobs/job.ts' ||
      (own && !isFor(to, 'jobs', 'promises', 'sections', 'parts')) ||
      isDomain('graphql')
    );
  }
  // Who opens a domain chooses among the classes behind its ports.
  if (to.room === 'vectors') return to.path === PORT_FILES.vectors || from.role === 'parts';
  return (
    isIn(to, 'db', 'log', 'config', 'cards', ...PORTS) ||
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
  if (first === 'domains') return rest.length > 0 ? place('domain', second) : null;
  const isFile = second === '';
  const name = isFile ? file : first;
  // What config.ts reads is described in a folder of the same name.
  const isPlace = isFile === isFileRoom(name) || name === 'config';
  if (!isRoom(name) || !isPlace) return null;
  return place(name);
}

function roleOf(file: string): Role {
  // A word that other files may have in their names, too.
  if (file === 'parts') return file;
  const words = file.split(/[-.]/);
  return (
    (['tables', 'graphql', 'jobs', 'promises', 'sections'] as const).find((role) => words.includes(role)) ??
    'logic'
  );
}

function isRoom(name: string): name is Floor {
  return Object.hasOwn(ROOMS, name);
}

function isFileRoom(name: string): boolean {
  return ['main', 'startup', 'app', 'parts', 'ports', 'config', 'log', 'errors', 'version', 'texts'].includes(
    name,
  );
}

function levelOf({ room }: Place): number {
  return LEVELS.findIndex((rooms) => rooms.includes(room));
}

function isIn(place: Place, ...rooms: Room[]): boolean {
  return rooms.includes(place.room);
}

function isFor(place: Place, ...roles: Role[]): boolean {
  return roles.includes(place.role);
}
