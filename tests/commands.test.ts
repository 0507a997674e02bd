import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InvalidInput, NotFound } from '../src/errors.ts';
import { EXIT, printList, runCommand } from '../src/ground/command.ts';
import { BARE_ENV } from './support/child-server.ts';

const ROOT = join(import.meta.dirname, '..');
const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
/** What npm runs by itself; and programs of others, which have options of their own. */
const OF_OTHERS = ['postinstall', 'sbom', 'test', 'test:unit', 'test:watch', 'check', 'format', 'migration'];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-commands-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs a script as npm does; its data directory does not exist yet. */
function run(
  args: readonly string[],
  settings: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...BARE_ENV, HOME: directory, PORT: '0', DATA_DIR: join(directory, 'data'), ...settings };
  return new Promise((resolve) =>
    execFile(process.execPath, args, { cwd: directory, env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    ),
  );
}

/** What npm runs under a name. */
function commandOf(name: string): string[] {
  const [program, ...words] = (scripts[name] ?? '').split(' ').filter((word) => word !== '--watch');
  expect([name, program, words.includes('&&')]).toEqual([name, 'node', false]);
  return words.map((word) => (/^(src|scripts|bench)\//.test(word) ? join(ROOT, word) : word));
}

describe('npm run', () => {
  const names = Object.keys(scripts).filter((name) => !OF_OTHERS.includes(name));

  test.concurrent.each(names)(
    '%s says how it is used, takes no option that it does not know, and starts nothing for either',
    async (name) => {
      // Who asks for help may well have mistyped a setting.
      const wrong = { PORT: 'abc' };
      const asked = await run([...commandOf(name), '--help'], wrong);
      expect(asked).toEqual({
        code: EXIT.done,
        stdout: expect.stringMatching(/^usage: npm (run|start)/),
        stderr: '',
      });
      // In the words that are typed.
      expect(asked.stdout).toContain(name === 'dev' ? 'npm start' : name);
      const mistyped = await run([...commandOf(name), '--no-migrat'], wrong);
      // Whoever reads results reads none.
      expect(mistyped).toEqual({
        code: EXIT.usage,
        stdout: '',
        stderr: expect.stringMatching(/--no-migrat[\s\S]*usage: npm/),
      });
      expect(mistyped.stderr).not.toMatch(/\n +at .*:\d+:\d+/);
      expect(await readdir(directory)).toEqual([]);
    },
  );

  test.concurrent.each([
    ['export', ['ada.jsonl', '--url', 'nourl'], 2, '--url: "nourl" is not an http(s) address\nusage: npm'],
    ['restore', ['ada.jsonl', '--url', 'nourl'], 2, '--url: "nourl" is not an http(s) address\nusage: npm'],
    [
      'adopt',
      ['--from', 'postgres://x', '--url', 'nourl'],
      2,
      '--url: "nourl" is not an http(s) address\n\nusage: npm',
    ],
    ['evaluate', ['--data', 'none.json'], 1, '--data: "none.json" cannot be read (ENOENT)\n'],
    ['evaluate', ['--data', ROOT], 1, `--data: "${ROOT}" cannot be read (EISDIR)\n`],
    [
      'evaluate',
      ['--data', join(ROOT, 'README.md')],
      1,
      `--data: "${join(ROOT, 'README.md')}" is not valid JSON\n`,
    ],
    [
      'evaluate',
      ['--data', join(ROOT, 'package.json')],
      1,
      'holds no dialogues with questions (conversations: ',
    ],
  ])('%s %j says what is wrong with an argument, and nothing else', async (name, args, code, words) => {
    const said = await run([...commandOf(name), ...args]);
    expect(said).toEqual({ code, stdout: '', stderr: expect.stringContaining(words) });
    expect(said.stderr).not.toMatch(/\n +at .*:\d+:\d+/);
  });

  test('takes options of a command for its own where -- is missing, which is said before anything is done', async () => {
    const npm = { npm_config_dry_run: 'true', npm_config_user: 'true', npm_lifecycle_event: 'import' };
    const advice = /^--dry-run, --user: npm took this .* npm run import -- … --dry-run … --user\n$/;
    const meant = await run([...commandOf('import'), 'ada', 'chat.json'], npm);
    expect(meant).toEqual({ code: EXIT.usage, stdout: '', stderr: expect.stringMatching(advice) });
    // The others look in the same way.
    for (const name of names.filter((one) => !['start', 'dev'].includes(one))) {
      const [script = ''] = commandOf(name).filter((word) => word.endsWith('.ts'));
      expect([name, await readFile(script, 'utf8')]).toEqual([
        name,
        expect.stringMatching(/await (runScript|runCommandHere)\(/),
      ]);
    }
    // What was given as it should be, and what npm always says.
    const asked = await run([...commandOf('tasks'), 'list', '--status', 'FAILED', '--no-migrat'], {
      ...{ npm_config_status: 'true', npm_config_cache: '/x', npm_config_user_agent: 'npm' },
      // Of a file of settings, which is not about this command.
      ...{ npm_config_json: 'true', npm_config_yes: 'true', npm_config_user: '' },
    });
    expect(asked.stderr).toContain('--no-migrat');
    expect(await readdir(directory)).toEqual([]);
  });

  test.concurrent.each([
    'audit',
    'backup',
    'export',
    'journal',
    'migrate',
    'models',
    'seed',
    'tasks',
    'verify',
  ])('%s complains of a wrong setting on standard error, and has no results', async (name) => {
    const words = { audit: 'verify', export: 'FILE', migrate: null, seed: null, verify: null }[name];
    const args = words === null ? [] : [words ?? 'list'];
    const failed = await run([...commandOf(name), ...args], { PORT: 'none', LLM_BASE_URL: 'none' });
    expect(failed).toEqual({ code: EXIT.failed, stdout: '', stderr: expect.stringMatching(/PORT: /) });
  });

  test('a command that does not exist starts nothing', async () => {
    expect(await run([join(ROOT, 'scripts/keys.ts'), 'lsit'])).toMatchObject({
      code: EXIT.usage,
      stdout: '',
      stderr: expect.stringMatching(/usage/i),
    });
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('a command', () => {
  const codeOf = async (error: Error) => {
    const lines: string[] = [];
    const code = await runCommand(
      'usage',
      [],
      (line, to) => lines.push(`${to}: ${line}`),
      () => Promise.reject(error),
    );
    return [code, ...lines];
  };

  test('that is given a wrong value was used wrongly; what is refused or not there has failed', async () => {
    expect(await codeOf(new InvalidInput('--limit', 'must be 1'))).toEqual([2, 'errors: --limit: must be 1']);
    expect(await codeOf(new InvalidInput('NAME', 'is none'))).toEqual([2, 'errors: NAME: is none']);
    expect(await codeOf(new InvalidInput('confirmation', 'say yes'))).toEqual([
      1,
      'errors: confirmation: say yes',
    ]);
    expect(await codeOf(new NotFound('WHICH', 'nothing'))).toEqual([1, 'errors: WHICH: nothing']);
  });

  test('lists lines for people, JSON for programs, and tells people of an empty list', () => {
    const printed = (rows: readonly { id: number }[], json: boolean) => {
      const lines: string[] = [];
      printList(rows, { json, none: 'nothing', line: ({ id }) => `row ${id}` }, (line) => lines.push(line));
      return lines;
    };
    expect(printed([{ id: 1 }, { id: 2 }], false)).toEqual(['row 1', 'row 2']);
    expect(printed([{ id: 1 }], true)).toEqual(['{"id":1}']);
    expect([printed([], false), printed([], true)]).toEqual([['nothing'], []]);
  });
});

test('an installation by a Node that cannot run the server says so, without a stack', async () => {
  const [, look = ''] = /^node -e "(.+)" && /.exec(scripts.postinstall ?? '') ?? [];
  const by = (version: string) =>
    run(['-e', `Object.defineProperty(process.versions, 'node', { value: '${version}' }); ${look}`]);
  const stderr = 'Echo Brain needs Node 24 or newer, and this is 20.20.2\n';
  expect(await by('20.20.2')).toMatchObject({ code: 1, stderr });
  expect(await by('24.0.0')).toMatchObject({ code: 0, stderr: '' });
});
