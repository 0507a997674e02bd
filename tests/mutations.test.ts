import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MUTATIONS } from '../mutation/mutations.ts';
import { mutateCommand, mutated, USAGE } from '../mutation/run.ts';
import { holds, outcomeOf, type Report } from '../mutation/tests.ts';

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

test.each<[string, boolean, [fileStatus: string, ...testStatus: string[]], object]>([
  ['all passed', true, ['passed', 'passed', 'skipped'], { verdict: 'passed', failed: [] }],
  ['one failed', false, ['failed', 'passed', 'failed'], { verdict: 'failed', failed: ['test 2'] }],
  [
    'the file could not be prepared',
    false,
    ['failed'],
    { verdict: 'failed', failed: ['x.test.ts as a whole'] },
  ],
  ['none ran', true, ['passed', 'skipped'], { verdict: 'broken', failed: [] }],
  ['something else went wrong', false, ['passed', 'passed'], { verdict: 'broken', failed: [] }],
])('a report in which %s', (_what, success, [status, ...statuses], outcome) => {
  const assertionResults = statuses.map((each, index) => ({ status: each, fullName: `test ${index + 1}` }));
  const numPassedTests = statuses.filter((each) => each === 'passed').length;
  const report: Report = {
    success,
    numPassedTests,
    testResults: [{ name: '/tmp/x.test.ts', status, assertionResults }],
  };
  expect(outcomeOf(report)).toEqual(outcome);
});

describe('tests of a mutation hold in a run of many', () => {
  const file = (name: string, status: string, fullName: string) => ({
    ...{ name: `/tmp/tests/${name}.test.ts`, status },
    assertionResults: [{ status, fullName }],
  });
  const testResults = [file('x', 'passed', 'x is right'), file('y', 'failed', 'y is right')];
  const report: Report = { success: false, numPassedTests: 1, testResults };

  test.each<[string, boolean, { tests: string[]; named: string[] }]>([
    ['if they passed, whatever others did', true, { tests: ['tests/x.test.ts'], named: [] }],
    ['if one of them has a name that is meant', true, { tests: ['tests/x.test.ts'], named: ['is right'] }],
    ['unless none has', false, { tests: ['tests/x.test.ts'], named: ['y is right'] }],
    ['unless one failed', false, { tests: ['tests/x.test.ts', 'tests/y.test.ts'], named: [] }],
    ['unless they did not run', false, { tests: ['tests/z.test.ts'], named: [] }],
  ])('%s', (_what, expected, choice) => {
    expect(holds(report, choice)).toBe(expected);
    expect(holds(null, choice)).toBe(false);
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
