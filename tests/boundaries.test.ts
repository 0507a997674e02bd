import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keepsTimers, type SourceFile, TIMERS, violations } from './support/boundaries.ts';
import { parseModule } from './support/imports.ts';

const root = resolve(import.meta.dirname, '..');

/** Files in memory: path, then lines of source. */
const files = (sources: Record<string, string>): SourceFile[] =>
  Object.entries(sources).map(([path, source]) => ({ path, source }));

test('the sources keep the rules of the house', () => {
  const paths = globSync('src/**/*.ts', { cwd: root }).map((path) => path.replaceAll('\\', '/'));
  expect(paths.length).toBeGreaterThan(20);
  expect(violations(paths.map((path) => ({ path, source: readFileSync(join(root, path), 'utf8') })))).toEqual(
    [],
  );
});

test.each(Object.keys(TIMERS).filter((path) => path !== 'src/jobs/keeper.ts'))(
  'the exception for timers of %s is needed',
  (path) => expect(keepsTimers(parseModule(readFileSync(join(root, path), 'utf8')))).toBe(true),
);

describe('a planted violation is seen', () => {
  // rule | file | its source | what is said of it
  const planted = `
    main builds nothing | src/main.ts | import { a } from './db/client.ts'; | main may not import src/db/client.ts
    config imports nothing | src/config.ts | import { a } from './log.ts'; | config may not import
    log imports nothing | src/log.ts | import type { A } from './config.ts'; | not even its types
    errors import nothing | src/errors.ts | import { a } from './log.ts'; | errors may not import
    nobody imports app | src/rest/server.ts | import { a } from '../app.ts'; | rest may not import src/app.ts
    db knows tables only | src/db/client.ts | import { a } from '../domains/tasks/tasks.ts'; | (tasks's logic)
    configuration is passed in | src/db/client.ts | import type { Config } from '../config.ts'; | db may not import
    graphql knows no domains | src/graphql/builder.ts | import { a } from '../domains/tasks/graphql.ts'; | graphql may not
    schema lists graphql.ts only | src/lists/schema.ts | import '../domains/tasks/tasks.ts'; | lists may not import
    journal calls no verb | src/journal/drain.ts | import { a } from '../domains/tasks/tasks.ts'; | journal may not import
    events call no verb | src/events/feed.ts | import { a } from '../domains/tasks/tasks.ts'; | events may not import
    models call no verb | src/models/router.ts | import { a } from '../domains/tasks/tasks.ts'; | models may not import
    vectors call no verb | src/vectors/qdrant.ts | import { a } from '../domains/tasks/tasks.ts'; | vectors may not import
    http knows no domain | src/http/server.ts | import { a } from '../domains/tasks/tasks.ts'; | http may not import
    access calls no verb | src/access/keys.ts | import { a } from '../domains/tasks/tasks.ts'; | access may not import
    the runner calls no verb | src/jobs/runner.ts | import { a } from '../domains/tasks/tasks.ts'; | jobs may not import
    only the list lists jobs | src/jobs/runner.ts | import { a } from '../domains/tasks/jobs.ts'; | jobs may not import
    the list lists jobs.ts only | src/lists/jobs.ts | import { a } from '../domains/tasks/tasks.ts'; | lists may not import
    rest calls verbs | src/rest/query.ts | import { a } from '../domains/tasks/graphql.ts'; | rest may not import
    rest has no reads | src/rest/query.ts | import { a } from '../domains/tasks/reads.ts'; | rest may not import
    the hall knows no domain | src/http/hall.ts | import { a } from '../domains/tasks/tasks.ts'; | http may not import
    rest has no SQL | src/rest/query.ts | import { a } from '../db/client.ts'; | rest may not import src/db/client.ts
    rest is imported only by app | src/graphql/server.ts | import { a } from '../rest/server.ts'; | graphql may not import
    the live page is a client | src/dashboard/page.ts | import { a } from '../db/client.ts'; | dashboard may not import
    the importer is a client | src/import/run.ts | import { a } from '../db/client.ts'; | import may not import
    tables know tables | src/domains/tasks/tables.ts | import { a } from './tasks.ts'; | tasks's tables may not import
    tables know columns | src/domains/tasks/tables.ts | import { a } from '../../db/client.ts'; | tasks's tables may not
    verbs know no GraphQL | src/domains/tasks/tasks.ts | import { a } from './graphql.ts'; | tasks's logic may not import
    verbs know no context | src/domains/tasks/tasks.ts | import type { A } from '../../graphql/context.ts'; | tasks's logic
    verbs know no GraphQL package | src/domains/tasks/tasks.ts | import { A } from 'graphql'; | knows no GraphQL and no HTTP
    jobs know no HTTP | src/domains/tasks/jobs.ts | import { a } from 'node:http'; | knows no GraphQL and no HTTP
    verbs know ports only | src/domains/memory/memory.ts | import { a } from '../../vectors/qdrant.ts'; | memory's logic may not
    verbs know no rest | src/domains/tasks/tasks.ts | import { a } from '../../rest/server.ts'; | tasks's logic may not import
    sections of others | src/domains/tasks/tasks.ts | import { a } from '../learning/sections.ts'; | tasks's logic may not import
    resolvers know no sections | src/domains/tasks/graphql.ts | import { a } from './sections.ts'; | tasks's graphql may not
    sections are listed from sections | src/lists/sections.ts | import { a } from '../domains/tasks/tasks.ts'; | lists may not import
    domains are opened by their parts | src/lists/domains.ts | import { a } from '../domains/tasks/tasks.ts'; | lists may not import
    the product is made of lists | src/lists/product.ts | import { a } from '../domains/tasks/parts.ts'; | lists may not import
    promises of others | src/domains/tasks/tasks.ts | import { a } from '../learning/promises.ts'; | tasks's logic may not import
    resolvers know no promises | src/domains/tasks/graphql.ts | import { a } from './promises.ts'; | tasks's graphql may not
    a list lists files of its name | src/lists/promises.ts | import { a } from '../domains/tasks/tasks.ts'; | lists may not import
    lists are at the top | src/domains/health/health.ts | import { a } from '../../lists/promises.ts'; | health's logic may not
    the floor knows no lists | src/graphql/context.ts | import { a } from '../lists/promises.ts'; | graphql may not import
    parts of others | src/domains/tasks/parts.ts | import { a } from '../learning/parts.ts'; | tasks's parts may not import
    verbs know no parts | src/domains/tasks/tasks.ts | import { a } from './parts.ts'; | tasks's logic may not import
    resolvers know no parts | src/domains/tasks/graphql.ts | import { a } from './parts.ts'; | tasks's graphql may not
    parts know no GraphQL | src/domains/tasks/parts.ts | import { a } from './graphql.ts'; | tasks's parts may not import
    the list of parts builds none | src/parts.ts | import { a } from './domains/tasks/tasks.ts'; | parts may not import
    the list of parts knows no ports | src/parts.ts | import { a } from './vectors/qdrant.ts'; | parts may not import
    ports know no domain | src/ports.ts | import { a } from './domains/tasks/tasks.ts'; | ports may not import
    the ground knows no domain | src/ground/input.ts | import { a } from '../domains/tasks/tasks.ts'; | ground may not import
    nothing lies loose among the domains | src/domains/input.ts | export const a = 1; | the house has no room for it
    db lists no tables | src/db/client.ts | import { a } from '../domains/tasks/tables.ts'; | db may not import
    tables are listed from tables | src/lists/tables.ts | import { a } from '../domains/tasks/tasks.ts'; | lists may not import
    duties are listed from tables | src/lists/duties.ts | import { a } from '../db/client.ts'; | lists may not import
    doors are listed from doors | src/lists/doors.ts | import { a } from '../domains/tasks/tasks.ts'; | lists may not import
    another list | src/lists/helpers.ts | import { a } from '../domains/tasks/tables.ts'; | lists may not import
    no import runs up | src/models/router.ts | import { a } from '../events/feed.ts'; | models may not import
    ports are declared on the ground | src/ground/input.ts | import type { A } from '../journal/journal.ts'; | ground may not
    jobs of others | src/domains/tasks/tasks.ts | import { a } from '../learning/jobs.ts'; | tasks's logic may not import
    resolvers have no SQL | src/domains/tasks/graphql.ts | import { a } from '../../db/client.ts'; | tasks's graphql may not
    resolvers know no ports but events | src/domains/tasks/graphql.ts | import { a } from '../../models/router.ts'; | tasks's graphql may not
    resolvers call own verbs | src/domains/tasks/graphql.ts | import { a } from '../goals/goals.ts'; | tasks's graphql may not
    resolvers know the floor | src/domains/tasks/graphql.ts | import { a } from '../../lists/schema.ts'; | tasks's graphql
    src imports src | src/db/client.ts | import { a } from '../../tests/x.ts'; | which is not in src
    every file has a room | src/helpers.ts | export const a = 1; | the house has no room for it
    every folder is a room | src/utils/a.ts | export const a = 1; | the house has no room for it
    a room that is not there | src/app.ts | import { a } from './utils/a.ts'; | for which the house has no room
    processes | src/domains/tasks/tasks.ts | import { spawn } from 'node:child_process'; | may start processes
    processes by import() | src/app.ts | await import('child_process'); | may start processes
    processes by require() | src/app.ts | require('child_process'); | may start processes
    processes without import | src/app.ts | process.getBuiltinModule('node:child_process'); | may start processes
    computed imports | src/app.ts | await import(\`./\${name}.ts\`); | computed at run time
    environment | src/app.ts | const a = \`\${process.env.HOME}\`; | reads the environment
    environment beside the reader | src/config/access.ts | const a = process.env.HOME; | reads the environment
    environment after a quote | src/app.ts | const a = /\`/; const b = process.env.A; | reads the environment
    environment by name | src/app.ts | const a = process['env']; | reads the environment
    environment taken apart | src/app.ts | const { env } = process; | reads the environment
    environment imported | src/app.ts | import { env } from 'node:process'; | reads the environment
    rounds by an interval | src/db/client.ts | setInterval(() => void look(), 5); | use a keeper
    rounds by a timer set again | src/db/client.ts | class A { #t; go() { this.#t = setTimeout(() => this.go(), 5); } } | use a keeper
    rounds by a timer set once | src/db/client.ts | class A { go() { this.timer ??= setTimeout(a, 5); } } | use a keeper
    rounds by an iterator | src/db/client.ts | import { setInterval as every } from 'node:timers/promises'; | use a keeper
    barrels | src/db/index.ts | export { a } from './client.ts'; export * from './migrate.ts'; | is a barrel
    barrels in two steps | src/db/index.ts | import { a } from './client.ts'; export { a }; | is a barrel
  `
    .trim()
    .split('\n')
    .map((line) => line.split(' | ').map((cell) => cell.trim()) as [string, string, string, string]);

  test.each(planted)('%s', (_rule, path, source, message) => {
    const found = violations(files({ [path]: source }));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(path);
    expect(found[0]).toContain(message);
  });

  test('a cycle of values within a folder', () => {
    const found = violations(
      files({
        'src/db/a.ts': "import { b } from './b.ts';",
        'src/db/b.ts': "export { c } from './c.ts';\nexport const b = 1;",
        'src/db/c.ts': "import { type A } from './a.ts';",
      }),
    );
    expect(found).toEqual(['cycle of imports: src/db/a.ts → src/db/b.ts → src/db/c.ts → src/db/a.ts']);
  });

  test('a file that imports itself', () => {
    expect(violations(files({ 'src/db/a.ts': "import { b } from './a.ts';" }))).toEqual([
      'cycle of imports: src/db/a.ts → src/db/a.ts',
    ]);
  });

  test('a cycle between folders, though one half is types', () => {
    const found = violations(
      files({
        'src/events/outbox.ts': "import { a } from '../journal/journal.ts';",
        'src/journal/journal.ts': "import type { A } from '../events/outbox.ts';",
      }),
    );
    expect(found).toContain(
      'cycle of imports between folders (with types): src/events/outbox.ts → src/journal/journal.ts → src/events/outbox.ts',
    );
  });

  test.each([
    ['tables', 'tables.ts'],
    ['graphql', 'graphql.ts'],
    ['logic', 'reads.ts'],
  ])('a cycle of domains through %s, though no file is in one', (layer, file) => {
    const other = file.replace('.ts', '-more.ts');
    const found = violations(
      files({
        [`src/domains/tasks/${file}`]: `import type { A } from '../goals/${file}';`,
        [`src/domains/goals/${other}`]: `import { b } from '../tasks/${other}';`,
      }),
    );
    expect(found).toEqual([`cycle of domains (${layer}): goals → tasks → goals`]);
  });
});

describe('what is allowed', () => {
  test('the house as it is drawn', () => {
    const house = {
      'src/main.ts':
        "import { a } from './app.ts';\nimport { readConfig } from './config.ts';\nimport { createLogger } from './log.ts';",
      'src/app.ts':
        "import { a } from './vectors/qdrant.ts';\nimport { b } from './rest/server.ts';\nimport { c } from './domains/tasks/tasks.ts';",
      'src/config.ts': 'export const a = process.env.HOST;',
      'src/lists/tables.ts':
        "export { tasks } from '../domains/tasks/tables.ts';\nexport { events } from '../events/tables.ts';",
      'src/db/embedded/process.ts': "import { spawn } from 'node:child_process';",
      'src/domains/repairs/service-restart.ts': "import { execFile } from 'node:child_process';",
      'src/lists/schema.ts':
        "import '../domains/tasks/graphql.ts';\nimport { builder } from '../graphql/builder.ts';",
      'src/lists/doors.ts': "import { a } from '../rest/routes.ts';",
      'src/lists/promises.ts':
        "import { a } from '../domains/tasks/promises.ts';\nexport const promises = [a];",
      'src/lists/domains.ts': "import { a } from '../domains/tasks/parts.ts';",
      'src/lists/product.ts': "import { a } from './domains.ts';",
      'src/lists/sections.ts': "import { a } from '../domains/tasks/sections.ts';",
      'src/domains/tasks/sections.ts':
        "import type { Section } from '../../ground/section.ts';\nimport { a } from './tasks.ts';",
      'src/domains/tasks/promises.ts':
        "import { definePromise } from '../../ground/promise.ts';\nimport { a } from './tasks.ts';",
      'src/parts.ts': "import { a } from './domains/tasks/parts.ts';",
      'src/ports.ts':
        "import { a } from './journal/journal.ts';\nimport type { Ports } from './ground/ports.ts';",
      'src/ground/ports.ts': "import type { Journal } from '../journal/journal.ts';",
      'src/domains/tasks/parts.ts':
        "import type { Ports } from '../../ground/ports.ts';\nimport { a } from '../../vectors/qdrant.ts';\nimport { b } from './promises.ts';",
      'src/lists/jobs.ts': "import { a } from '../domains/tasks/jobs.ts';\nexport const jobs = [a];",
      'src/domains/tasks/tables.ts':
        "import { id } from '../../db/columns.ts';\nimport { goals } from '../goals/tables.ts';",
      'src/domains/tasks/tasks.ts':
        "import type { Db } from '../../db/client.ts';\nimport type { V } from '../../vectors/vector-store.ts';\nimport { e } from '../../errors.ts';\nimport { f } from '../goals/goals.ts';",
      'src/domains/tasks/graphql.ts':
        "import { builder } from '../../graphql/builder.ts';\nimport { a } from './tasks.ts';\nimport { Goal } from '../goals/graphql.ts';\nimport { GraphQLError } from 'graphql';",
      'src/domains/tasks/jobs.ts':
        "import { defineJob } from '../../jobs/job.ts';\nimport { a } from './tasks.ts';",
      'src/rest/server.ts':
        "import { a } from '../domains/tasks/tasks.ts';\nimport { createServer } from 'node:http';",
      'src/import/run.ts': "import type { Logger } from '../log.ts';",
    };
    expect(violations(files(house))).toEqual([]);
  });

  test('types may go in a circle within a folder', () => {
    const circle = {
      'src/db/a.ts': "import { b } from './b.ts';",
      'src/db/b.ts': "import type { A } from './a.ts';",
    };
    expect(violations(files(circle))).toEqual([]);
  });

  test('a file that re-exports only types, or that defines something too, is no barrel', () => {
    expect(violations(files({ 'src/db/a.ts': "export type { B } from './b.ts';" }))).toEqual([]);
    expect(violations(files({ 'src/db/a.ts': "export { b } from './b.ts';\nexport const c = 1;" }))).toEqual(
      [],
    );
  });

  test('words in comments, strings, templates and regular expressions are no code', () => {
    const source = [
      "// import { a } from '../app.ts';",
      "/* process.env */ const a = 'process.env', b = \"import { a } from '../app.ts'\";",
      `const c = \`import { a } from '../app.ts' process.env \${a ? \`\${{ b }} process.env\` : ''} process.env\`;`,
      "const d = /'/.test(a) || /[/']\\/\\//.test(b); // it's",
      "const e = a / 2; const f = 'x' /* / */; const g = b / c;",
    ].join('\n');
    expect(violations(files({ 'src/db/a.ts': source }))).toEqual([]);
  });
});

test('imports of every form are read', () => {
  const source = [
    "import a, { b as c, type D } from './1.ts';",
    "import type E from './2.ts';",
    "import type { F } from './3.ts';",
    "import * as g from './4.ts';",
    "import './5.ts';",
    "export * from './6.ts';",
    "export type { H } from './7.ts';",
    "import {\n  i, // one\n  j,\n} from './8.ts';",
    "const k = await import('./9.ts');",
    "type L = typeof import('./10.ts');",
    "import json from './11.json' with { type: 'json' };",
    "import type from './12.ts';",
    "import { 'odd name' as m } from './13.ts';",
    'const from = import.meta.dirname; export const type = from;',
    `const n = \`\${\`\${await import('./14.ts')}\`}\`;`,
  ].join('\n');
  const { imports } = parseModule(source);
  const found = imports.map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? ' type' : ''}`).sort();
  const expected = ['1', '2 type', '3 type', '4', '5', '6', '7 type', '8', '9', '10 type', '12', '13', '14'];
  expect(found).toEqual(['./11.json', ...expected.map((text) => text.replace(/^\d+/, './$&.ts'))].sort());
});
