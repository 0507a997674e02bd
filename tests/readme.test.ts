import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
const readme = read('README.md');

test('the table of settings has exactly those that the server reads', () => {
  const shapes = read('src/config.ts')
    .split(/const (?:Vault)?Settings = /)
    .slice(1);
  const known = shapes.flatMap((shape) =>
    [...(shape.split('\n});')[0] ?? '').matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name),
  );
  const section = readme.split('## Configuration')[1]?.split('\n## ')[0] ?? '';
  const documented = [...section.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name);
  expect(known.length).toBeGreaterThan(10);
  expect(documented.sort()).toEqual(['ECHO_CONFIG', ...known].sort());
});

test('commands and files that are named exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const [, name = ''] of readme.matchAll(/npm run (?:-s )?([a-z][a-z-]*)/g))
    expect(scripts).toHaveProperty(name);
  for (const [, path = ''] of readme.matchAll(/\]\(([\w./]+)\)/g)) expect(read(path)).not.toBe('');
});

describe.skipIf(!hasCurl())('each curl example works as printed', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ seed: true });
  });
  afterAll(() => app.close());

  const examples = [...readme.matchAll(/```sh\n(curl [\s\S]*?)```/g)].map(([, text = '']) => text);

  test('they are found', () => expect(examples.length).toBe(5));

  test.each(examples)('%s', async (example) => {
    const command = example.replaceAll('http://127.0.0.1:4000', app.url);
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { timeout: 10_000 });
    expect(stdout).not.toMatch(/"errors"|"code"|error_code|"type":"FAILED"/);
    expect(stdout).toMatch(
      /"(COMMITTED|modelUsed|type":"COMPLETED|model_used)"|"interaction":\{"conversationId":"notes"/,
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
