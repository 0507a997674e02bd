import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { zip } from './fixtures/import/support.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { writePicture } from './support/media-folders.ts';

const ROOT = join(import.meta.dirname, '..');
const page = await readFile(join(ROOT, 'docs', 'first-hour.md'), 'utf8');
const run = promisify(execFile);

let app: TestApp;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-first-hour-'));
  const pictures = join(directory, 'pictures');
  await mkdir(pictures);
  await writePicture(join(pictures, 'garden.jpg'), 1);
  const conversations = await readFile(join(ROOT, 'tests/fixtures/import/chatgpt.json'));
  await writeFile(join(directory, 'export.zip'), zip({ 'conversations.json': conversations }));
  await symlink(join(ROOT, 'scripts'), join(directory, 'scripts'));
  app = await startTestApp({ seed: true, env: { MEDIA_ROOTS: pictures, MEDIA_WORKERS: '1' } });
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

test('each step goes as it is printed', async () => {
  const steps = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  expect(steps.length).toBe(10);
  let fact = '';
  for (const step of steps) {
    const [, printed = ''] = /^# prints: (.*)$/m.exec(step) ?? [];
    expect([step, printed]).not.toEqual([step, '']);
    const command = step
      .replaceAll('http://127.0.0.1:4000', app.url)
      .replace('npm run -s import --', `${process.execPath} scripts/import.ts --url ${app.url}`)
      .replace('FACT-ID', fact);
    let shown = '';
    // What a step asks for may still be under way: people look again.
    await expect
      .poll(
        async () => {
          shown = (await run('sh', ['-c', command], { cwd: directory, timeout: 30_000 })).stdout;
          return shown;
        },
        { timeout: 60_000, interval: 200 },
      )
      .toContain(printed);
    expect([step, shown]).toEqual([step, expect.not.stringMatching(/"errors"|"message":/)]);
    fact = /"factId":"([^"]+)"/.exec(shown)?.[1] ?? fact;
  }
});
