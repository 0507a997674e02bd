import { execFile, execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { buildSchema, Kind, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SECRET_SETTINGS } from '../src/config/secrets.ts';
import { SETTING_NAMES } from '../src/config.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
/** Pages whose examples need nothing that is not in a server that was just started. */
const WITH_EXAMPLES = ['subscriptions', 'media', 'rest', 'openai', 'feature-flags'].map(
  (name) => `docs/${name}.md`,
);

test('the table of settings has exactly those that the server reads', () => {
  const documented = [...read('docs/configuration.md').matchAll(/^\| `([A-Z][A-Z0-9_]*)` \|/gm)].map(
    ([, name]) => name,
  );
  expect(SETTING_NAMES.length).toBeGreaterThan(10);
  expect(documented.sort()).toEqual(['ECHO_CONFIG', ...SETTING_NAMES].sort());
});

test('the secrets that may come from Vault are named as the server takes them', () => {
  const [, named = ''] =
    /^## Secrets\n\n(.*?) may be keys of one secret in Vault/ms.exec(read('docs/access.md')) ?? [];
  expect([...named.matchAll(/`([A-Z_0-9]+)`/g)].map(([, name]) => name).sort()).toEqual(
    [...SECRET_SETTINGS].sort(),
  );
});

/** Every page that people read. */
const pages = globSync('{*.md,docs/**/*.md}', { cwd: join(import.meta.dirname, '..') });

test.each(pages)('%s names commands and files that exist', (page) => {
  const text = read(page);
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const [, name = ''] of text.matchAll(/npm run (?:-s )?([a-z][a-z-:]*[a-z])/g))
    expect(scripts).toHaveProperty([name]);
  for (const [, path = '', anchor] of text.matchAll(/\]\((?!https?:)([\w./-]*)(#[\w-]+)?\)/g)) {
    const target = path === '' ? page : join(dirname(page), path);
    if (path.endsWith('decisions')) continue;
    const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map(
      ([, heading = '']) => `#${slugOf(heading)}`,
    );
    if (anchor) expect(headings).toContain(anchor);
    else expect(read(target)).not.toBe('');
  }
});

test('each decision is listed', () => {
  const listed = [...read('ARCHITECTURE.md').matchAll(/\(docs\/decisions\/([\w-]+\.md)\)/g)].map(
    ([, name]) => name,
  );
  expect(listed.sort()).toEqual(
    globSync('*.md', { cwd: join(import.meta.dirname, '../docs/decisions') }).sort(),
  );
});

test('each invariant names a place that enforces it and a test that sees it', () => {
  const rows = [...read('docs/invariants.md').matchAll(/^\| (I\d+) \| (.+) \| (.+) \| (.+) \|$/gm)];
  expect(rows.map(([, number]) => number)).toEqual(rows.map((_row, index) => `I${index + 1}`));
  expect(rows.length).toBeGreaterThan(15);
  for (const [, number, , enforced = '', tested = ''] of rows) {
    const [places, tests] = [enforced, tested].map((cell) =>
      [...cell.matchAll(/`([\w./-]+\.(?:ts|sql))`/g)].map(([, path = '']) => path),
    ) as [string[], string[]];
    expect([number, places.length > 0, tests.length > 0]).toEqual([number, true, true]);
    for (const path of places) expect(read(`src/${path}`)).not.toBe('');
    for (const path of tests) expect(read(path.includes('/') ? path : `tests/${path}`)).not.toBe('');
  }
});

test('what the comparison with others quotes of this project stands in the figures', () => {
  const quoted = [...read('docs/comparison.md').matchAll(/(\d+\.\d+)(?= %| times)/g)].map(
    ([, figure = '']) => figure,
  );
  expect(quoted).toHaveLength(3);
  for (const figure of quoted) expect(read('docs/figures.md')).toMatch(new RegExp(`\\| ${figure} `));
});

describe.each(pages)('%s has examples', (page) => {
  const schema = buildSchema(read('schema.graphql'));
  const text = read(page);
  const bodies = [...text.matchAll(/-d '(\{\s*"query"[^']*\})'|<<'JSON'\n([\s\S]*?)\nJSON\n/g)].flatMap(
    ([, quoted, here]) => quoted ?? here ?? [],
  );
  const blocks = [...text.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, block = '']) => block);

  test('whose bodies are JSON and whose operations the server takes', () => {
    const asked = bodies.map((body) => (JSON.parse(body) as { query?: unknown }).query);
    const documents = [...asked.filter((query) => typeof query === 'string' && query !== ''), ...blocks];
    for (const document of documents.filter(isOperation))
      for (const definition of parse(document).definitions)
        expect([
          document,
          validate(schema, { kind: Kind.DOCUMENT, definitions: [definition] }).map(({ message }) => message),
        ]).toEqual([document, []]);
  });
});

/** The older doors ask their questions in a field of the same name. */
function isOperation(text: unknown): text is string {
  return typeof text === 'string' && /^\s*(?:\{|query|mutation|subscription)[\s{(]/.test(text);
}

function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .trim()
    .replaceAll(/\s+/g, '-');
}

describe.skipIf(!hasCurl())('each curl example works as printed', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ seed: true });
  });
  afterAll(() => app.close());

  const examples = ['README.md', ...WITH_EXAMPLES].flatMap((page) =>
    [...read(page).matchAll(/```sh\n(curl [\s\S]*?)```/g)].map(([, text = '']) => text),
  );

  test('they are found', () => expect(examples.length).toBe(8));

  test.each(examples)('%s', async (example) => {
    const command = example.replaceAll(/(?:http:\/\/127\.0\.0\.1|localhost):4000/g, app.url);
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { timeout: 60_000 });
    expect(stdout).not.toMatch(/"errors"|"code"|error_code|"type":"FAILED"/);
    expect(stdout).toMatch(
      /"(COMMITTED|modelUsed|type":"COMPLETED|model_used|mediaStats|featureFlag|chat\.completion)"|"interaction":\{"conversationId":"notes"/,
    );
  });
});

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version']);
    return true;
  } catch {
    return false;
  }
}

test('the transcript of a fact that is superseded and undone goes as printed', async () => {
  const app = await startTestApp();
  const [, operations = '', printed = ''] =
    /```graphql\n(mutation \{\n {2}recordTurns[\s\S]*?)```\n\n```json\n([\s\S]*?)```/.exec(
      read('docs/facts.md'),
    ) ?? [];
  const steps = operations.split(/\n(?=query|mutation)/);
  let changeId = '';
  const got: string[] = [];
  for (const step of steps) {
    const { data, errors } = await app.graphql(step.replace('CHANGE-ID', changeId), {}, 'ada');
    expect([step, errors]).toEqual([step, undefined]);
    if (data.runLearning)
      await expect
        .poll(
          async () =>
            (await app.graphql('{ learningStatus { turnsWaiting lastRun { endedAt } } }', {}, 'ada')).data,
          { timeout: 60_000 },
        )
        .toEqual({ learningStatus: { turnsWaiting: 0, lastRun: { endedAt: expect.any(String) } } });
    changeId = data.facts?.nodes[0].changes?.[0].changeId ?? changeId;
    got.push(JSON.stringify(data).replaceAll(/"changeId":"[^"]+"/g, '"changeId":"CHANGE-ID"'));
  }
  expect(got.length).toBe(6);
  expect(
    printed
      .trim()
      .split('\n')
      .map((line) => JSON.stringify(JSON.parse(line))),
  ).toEqual(got);
  await app.close();
});
