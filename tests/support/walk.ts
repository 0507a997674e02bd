import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { BARE_ENV } from './child-server.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

/** A page of `docs/` that is walked. */
export const pageOf = (name: string): Promise<string> => readFile(join(ROOT, 'docs', name), 'utf8');

/** The blocks of a language, in order. */
export const blocksOf = (page: string, language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);

export interface Walker {
  /** Where the steps are taken. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** What a walker puts into the commands, by what is printed there. */
  readonly put: () => Readonly<Record<string, string>>;
}

/**
 * Takes a step as it is printed, again and again until it prints what the page says: what it asks for may still be under way.
 *
 * @returns all that it prints
 */
export async function takeStep(step: string, { directory, env, put }: Walker): Promise<string> {
  const [, printed = ''] = /^# prints: (.*)$/m.exec(step) ?? [];
  expect([step, printed]).not.toEqual([step, '']);
  let command = await withoutNpm(step);
  for (const [from, to] of Object.entries(put())) command = command.replaceAll(from, to);
  let shown = '';
  await expect
    .poll(
      async () => {
        const given = { ...BARE_ENV, HOME: directory, LOG_LEVEL: 'warn', ...env };
        shown = await run('sh', ['-c', command], { cwd: directory, env: given, timeout: 60_000 }).then(
          ({ stdout }) => stdout,
          ({ stdout, stderr, message }) => `${message}\n${stdout}${stderr}`,
        );
        return shown;
      },
      { timeout: 60_000, interval: 200 },
    )
    .toContain(printed);
  expect([step, shown]).toEqual([step, expect.not.stringMatching(/"errors"|"message":"|"isError":true/)]);
  return shown;
}

/** What npm would run, with the Node of this run. */
async function withoutNpm(step: string): Promise<string> {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  return step.replaceAll(/npm run -s ([\w:-]+)( --)?/g, (_all, name: string) =>
    (scripts[name] ?? `there is no ${name}`)
      .replace(/^node /, `${process.execPath} `)
      .replace(/\b(?=(?:scripts|bench)\/)/, `${ROOT}/`),
  );
}
