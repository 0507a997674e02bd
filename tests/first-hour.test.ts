import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { zip } from './fixtures/import/support.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { writePicture } from './support/media-folders.ts';
import { blocksOf, pageOf, takeStep } from './support/walk.ts';

let app: TestApp;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-first-hour-'));
  const pictures = join(directory, 'pictures');
  await mkdir(pictures);
  await writePicture(join(pictures, 'garden.jpg'), 1);
  const conversations = await readFile(join(import.meta.dirname, 'fixtures/import/chatgpt.json'));
  await writeFile(join(directory, 'export.zip'), zip({ 'conversations.json': conversations }));
  app = await startTestApp({ seed: true, env: { MEDIA_ROOTS: pictures, MEDIA_WORKERS: '1' } });
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

test('each step goes as it is printed', async () => {
  const steps = blocksOf(await pageOf('first-hour.md'), 'sh');
  expect(steps.length).toBe(10);
  let fact = '';
  const env = { PORT: new URL(app.url).port, DATA_DIR: app.directory };
  const put = () => ({ 'http://127.0.0.1:4000': app.url, 'FACT-ID': fact });
  for (const step of steps) {
    const shown = await takeStep(step, { directory, env, put });
    fact = /"factId":"([^"]+)"/.exec(shown)?.[1] ?? fact;
  }
});
