import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import config from '../vitest.config.ts';
import { parseModule } from './support/imports.ts';

/** What a test waits for a state at the least: how long it takes is what no test is about, and costs nothing where it comes. */
const USUAL_MS = config.test?.expect?.poll?.timeout ?? 0;

/** Waits that a busy machine would end. Below a second it is no wait, but a limit that a test gives to what it looks at. */
function shortWaits(source: string): string[] {
  const { code } = parseModule(source);
  const limits = [...code.matchAll(/\btimeout: ([\d_]+)/g)].filter(([, digits = '']) => {
    const ms = Number(digits.replaceAll('_', ''));
    return ms >= 1_000 && ms < USUAL_MS;
  });
  // Left to itself, each of these waits for one second.
  const bare = [...code.matchAll(/\bvi\s*\.\s*wait(?:For|Until)\(/g)].filter(
    ({ index, 0: call }) => !/\btimeout: /.test(argumentsFrom(code, index + call.length)),
  );
  return [...limits, ...bare].map(([text]) => text);
}

/** @param at after the bracket that opens them */
function argumentsFrom(code: string, at: number): string {
  let end = at;
  for (let open = 1; open > 0 && end < code.length; end++)
    open += code[end] === '(' ? 1 : code[end] === ')' ? -1 : 0;
  return code.slice(at, end);
}

test('no test waits for a state for less than the usual time', () => {
  expect(USUAL_MS).toBeGreaterThanOrEqual(45_000);
  const paths = globSync('**/*.ts', { cwd: import.meta.dirname });
  expect(paths.length).toBeGreaterThan(100);
  expect(
    paths.flatMap((path) =>
      shortWaits(readFileSync(join(import.meta.dirname, path), 'utf8')).map((wait) => `${path}: ${wait}`),
    ),
  ).toEqual([]);
});

test.each([
  ['await expect.poll(state, { timeout: 20_000 }).toBe(1);', ['timeout: 20_000']],
  ['const soon = { timeout: 1000, interval: 5 };', ['timeout: 1000']],
  ['await vi.waitFor(() => expect(read(a)).toBe(1));', ['vi.waitFor(']],
  ['await vi.waitUntil(() => done(), 90);', ['vi.waitUntil(']],
  ['await vi.waitFor(() => done()); const limits = { timeout: 60_000 };', ['vi.waitFor(']],
  ['await vi.waitFor(() => done(), { interval: 5, timeout: 60_000 });', []],
  ['await expect.poll(state, { interval: 5, timeout: 90_000 }).toBe(1); // timeout: 5_000', []],
  ["const task = { name: 'vi.waitFor(', timeout: 300 };", []],
])('%s', (source, found) => {
  expect(shortWaits(source)).toEqual(found);
});
