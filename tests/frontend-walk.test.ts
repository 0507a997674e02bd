import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { blocksOf, pageOf, takeStep } from './support/walk.ts';

const ROOT = join(import.meta.dirname, '..');
const run = promisify(execFile);
const page = await pageOf('frontend-walk.md');
let app: TestApp;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-frontend-walk-'));
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  // As in the folder of Echo Brain.
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  app = await startTestApp();
  for (const text of [...blocksOf(page, 'graphql'), ...blocksOf(page, 'ts')]) {
    const [, name = ''] = /^(?:\/\/|#) (app\/\S+)\n/.exec(text) ?? [];
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text.replaceAll('http://127.0.0.1:4000', app.url));
  }
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

test('each step goes as it is printed', async () => {
  const shown: string[] = [];
  for (const step of blocksOf(page, 'sh'))
    shown.push(
      await takeStep(step, { directory, env: {}, put: () => ({ 'node app': `${process.execPath} app` }) }),
    );
  expect(shown).toHaveLength(4);
  expect(shown[1]).toMatch(/^COMMITTED\n\d\.\d\d /);
  expect(shown[3]).toMatch(/^turns\.0\.query is wrong\nBAD_USER_INPUT correct it\nNO_ANSWER try again\n$/);
});

test('the program has types that hold, and no other', async () => {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const options =
    '--noEmit --strict --target esnext --module nodenext --allowImportingTsExtensions --skipLibCheck --exactOptionalPropertyTypes --types node';
  const check = (file: string) =>
    run(process.execPath, [tsc, ...options.split(' '), file], { cwd: directory });
  await Promise.all(['note', 'watch', 'wrong'].map((name) => check(`app/${name}.ts`)));
  await writeFile(
    join(directory, 'app', 'mistyped.ts'),
    `import { createEchoBrain, Find } from './queries/echo-brain.ts';\nawait createEchoBrain({ url: '' })(Find, { word: 1 });\n`,
  );
  await expect(check('app/mistyped.ts')).rejects.toMatchObject({ stdout: expect.stringContaining("'word'") });
});

test('an operation that does not fit is told with its file and place', async () => {
  await writeFile(
    join(directory, 'app', 'queries', 'z.graphql'),
    '{\n  memorySearch(query: "x") { hit }\n}\n',
  );
  const made = run(process.execPath, [join(ROOT, 'scripts/codegen.ts'), 'app/queries'], { cwd: directory });
  await expect(made).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/"hit"[\s\S]*app\/queries\/z\.graphql:2:30/),
  });
});
