import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MUTATIONS } from '../mutation/mutations.ts';
import { mutateCommand, mutated, USAGE } from '../mutation/run.ts';

const ROOT = resolve(import.meta.dirname, '..');

async function run(...args: string[]) {
  const lines: string[] = [];
  const code = await mutateCommand(args, (line) => lines.push(line));
  return { code, lines };
}

describe('the mutations', () => {
  test.each(MUTATIONS)('find their place in the sources: $name', async (mutation) => {
    const sources = await mutated(ROOT, mutation);
    expect(sources.size).toBe(new Set(mutation.changes.map(({ file }) => file)).size);
    expect(mutation.tests.filter((file) => !existsSync(resolve(ROOT, file)))).toEqual([]);
  });

  test('have names of their own', () => {
    expect(new Set(MUTATIONS.map(({ name }) => name)).size).toBe(MUTATIONS.length);
  });

  test('are refused where the sources have moved on', async () => {
    const changes = [{ file: 'package.json', text: 'no such text', replacement: '' }];
    const lost = mutated(ROOT, { name: 'lost', changes, tests: [] });
    await expect(lost).rejects.toThrow('lost: package.json has its text 0 times: no such text');
    const doubled = mutated(ROOT, { name: 'twice', changes: [{ ...changes[0]!, text: '"' }], tests: [] });
    await expect(doubled).rejects.toThrow(/package\.json has its text \d\d+ times/);
  });
});

describe('the command', () => {
  test('lists them, and says how it is used', async () => {
    const { code, lines } = await run('--list');
    expect([code, lines.length]).toEqual([0, MUTATIONS.length]);
    expect(await run('--help')).toEqual({ code: 0, lines: [USAGE] });
  });

  test.each([
    [['--onyl'], /--onyl/],
    [['--only', 'no-such-name'], /no mutation "no-such-name"/],
    [['extra'], /extra/],
  ])('refuses %j', async (args, message) => {
    const { code, lines } = await run(...args);
    expect(code).toBe(2);
    expect(lines.join('\n')).toMatch(message);
  });
});
