import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const ROOT = join(import.meta.dirname, '..');
const page = await readFile(join(ROOT, 'docs', 'clients.md'), 'utf8');
/** What needs packages that are not here; the page says when they were run. */
const BY_HAND = /from '(?:@urql\/core|@apollo\/client\/core|openai|ai)'|^from openai/m;

let app: TestApp;
let directory: string;
beforeAll(async () => {
  app = await startTestApp();
  directory = await mkdtemp(join(tmpdir(), 'echo-clients-'));
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

const blocksOf = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
const examples = ['sh', 'js', 'python'].flatMap((language) =>
  blocksOf(language).map((text) => ({ language, text, name: text.split('\n', 1)[0] })),
);
const run = promisify(execFile);

/** Runs a program as it is printed, but for the address. @returns what it prints */
async function printedBy(program: string, file: string, text: string): Promise<string> {
  const path = join(directory, file);
  await writeFile(path, text.replaceAll('127.0.0.1:4000', new URL(app.url).host));
  return (await run(program, [path], { timeout: 60_000 })).stdout;
}

test('each example either is run, or is known to need other packages', () => {
  const byHand = examples.filter(({ text }) => BY_HAND.test(text));
  expect([examples.length - byHand.length, byHand.length]).toEqual([5, 5]);
  for (const { text } of examples) expect(text).toMatch(/^(?:\/\/|#) prints: \S.*$/m);
});

const PROGRAMS: Record<string, [program: string, file: string]> = {
  sh: ['sh', 'example.sh'],
  js: [process.execPath, 'example.mjs'],
  python: ['python3', 'example.py'],
};

test.each(examples.filter(({ text }) => !BY_HAND.test(text)))(
  '$language: $name',
  async ({ language, text }) => {
    if (!isThere(language === 'sh' ? 'curl' : language === 'python' ? 'python3' : process.execPath)) return;
    const [program, file] = PROGRAMS[language] as [string, string];
    const [, printed = ''] = /^(?:\/\/|#) prints: (.*)$/m.exec(text) ?? [];
    expect(await printedBy(program, file, text)).toContain(printed);
  },
);

test('the typed client asks for the operations of a folder', async () => {
  await app.record('typed', ['My bicycle is called Rosalind.']);
  await writeFile(join(directory, 'search.graphql'), blocksOf('graphql')[0] ?? '');
  await run(process.execPath, [join(ROOT, 'scripts', 'codegen.ts'), directory]);
  expect(await readFile(join(directory, 'echo-brain.ts'), 'utf8')).toContain(
    'SearchData = { readonly memorySearch: { readonly hits: readonly ({ readonly score: number; readonly interaction: { readonly query: string } })[] } }',
  );
  const program = `${blocksOf('ts')[0]}
import { EchoBrainError } from './echo-brain.ts';
await ask(Search, { query: '' }).catch((error: unknown) => {
  if (error instanceof EchoBrainError) console.log(error.code, error.retryable);
});`;
  const printed = await printedBy(process.execPath, 'typed.ts', program);
  expect(printed).toBe('My bicycle is called Rosalind.\nBAD_USER_INPUT false\n');
  const wrong = 'query Wrong { nothing }';
  await writeFile(join(directory, 'wrong.graphql'), wrong);
  await expect(run(process.execPath, [join(ROOT, 'scripts', 'codegen.ts'), directory])).rejects.toMatchObject(
    {
      code: 1,
      stderr: expect.stringContaining('Cannot query field "nothing"'),
    },
  );
});

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version']);
    return true;
  } catch {
    return false;
  }
}
