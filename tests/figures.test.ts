import { expect, test } from 'vitest';
import { pageWith, sectionsOf } from '../bench/figures/page.ts';
import { PARTS } from '../bench/figures/parts.ts';

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
