import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pageWith, sectionsOf } from '../bench/figures/page.ts';
import { PARTS } from '../bench/figures/parts.ts';
import { aboutSoak } from '../bench/figures/soak.ts';

const order = ['Reads', 'Writes', 'Starts'];
const section = (title: string, text: string) => ({ title, text: `## ${title}\n\n${text}` });

test('a part that is measured again takes the place of what was there, and the others stay', () => {
  const first = pageWith('', [section('Starts', '600 ms'), section('Reads', '2,000')], order);
  expect(sectionsOf(first).map(({ title }) => title)).toEqual(['Reads', 'Starts']);
  const second = pageWith(first, [section('Starts', '500 ms')], order);
  expect(sectionsOf(second)).toEqual([section('Reads', '2,000'), section('Starts', '500 ms')]);
  expect(pageWith(second, [], order)).toBe(second);
  expect(pageWith(second, [], ['Reads'])).not.toContain('500 ms');
});

test('what a torture and an evaluation print becomes tables', async () => {
  const [recall, durability] = ['recall', 'durability'].map((name) =>
    PARTS.find((part) => part.name === name),
  );
  const printed = `               questions    recall@5         MRR
         all         764        72.1        63.5
configuration 3c2b363f5618: words alone
2665 turns, 764 questions, p50 16.1 ms, p95 23.9 ms, 421 tokens in ten hits
no earlier run of these questions`;
  expect(await recall?.table(printed, '')).toEqual([
    '| | questions | recall@5 | MRR |',
    '| --- | --- | --- | --- |',
    '| all | 764 | 72.1 | 63.5 |',
    '',
    '2665 turns, 764 questions, p50 16.1 ms, p95 23.9 ms, 421 tokens in ten hits.',
  ]);
  const summary = {
    seed: '7',
    sabotage: null,
    passed: true,
    lost: 0,
    acknowledgedTurns: { COMMITTED: 9_000 },
    findings: [],
  };
  expect(await durability?.table(`round 1\n${JSON.stringify(summary, null, 2)}\n`, '')).toEqual([
    ...['| | |', '| --- | --- |', '| seed | 7 |', '| passed | true |', '| lost | 0 |'],
    '| acknowledgedTurns | COMMITTED 9,000 |',
  ]);
  await expect(durability?.table('it ended', '')).rejects.toThrow('no summary: it ended');
});

test('a soak that was is told with its counts, its time and its commit', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'echo-figures-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(
    join(folder, 'soak.json'),
    JSON.stringify({
      ...{
        seconds: 3_601,
        seed: 'x',
        commit: 'abc1234',
        startedAt: '2026-11-30T02:31:00.000Z',
        machine: '2 cores',
      },
      ...{ turns: { stored: 9_000 }, once: { fact: { asked: 8, acknowledged: 7, stored: 7 } } },
      ...{ tasks: { ended: 5, attempts: 6 }, slots: { decided: 3 }, backups: { made: 2, restored: 2 } },
      ...{ faults: { 'models away': 2 }, health: { judged: 100, falseGreen: 0, falseRed: 1, unjudged: 9 } },
      ...{ flatness: [{ isFlat: true }, { isFlat: false }, { isFlat: null }], findings: [{}] },
    }),
  );
  expect(await aboutSoak(folder)).toBe(
    '`npm run torture -- --soak 60 --seed x`, commit abc1234, 2026-11-30 02:31 UTC, 2 cores',
  );
  const part = PARTS.find(({ name }) => name === 'soak');
  expect(part?.command({ data: null, soak: null, out: '' })).toEqual({ needs: '--soak FOLDER' });
  expect(await part?.table('', folder)).toEqual([
    ...['| | |', '| --- | --- |', '| faults | models away 2 |', '| turns stored | 9,000 |'],
    ...['| fact | 7 acknowledged, 7 stored |', '| tasks | 5, 6 attempts |', '| slots of a schedule | 3 |'],
    '| backups | 2, 2 restored |',
    '| answers of health judged | 100, green in a fault 0, not green without one 1, not judged 9 |',
    ...['| figures that stayed flat | 1 of 2 |', '| findings | 1 |'],
  ]);
});
