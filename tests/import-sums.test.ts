import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { writeExport } from '../bench/import/export.ts';
import { FORMATS, type Format } from '../src/import/formats.ts';
import { silentProgress } from '../src/import/progress.ts';
import { formatReport } from '../src/import/report.ts';
import { runImport } from '../src/import/run.ts';
import { directory, fixture, temporary } from './fixtures/import/support.ts';

afterAll(() => rm(directory, { recursive: true }));

const reportOf = (file: string, format: Format | 'auto' = 'auto') =>
  runImport(
    {
      ...{ file, format, user: null, restart: false, strict: false, dryRun: true, target: 'http://test' },
      checkpointDirectory: join(directory, 'checkpoints'),
    },
    {
      send: () => Promise.reject(new Error('a dry run sends nothing')),
      ...{ progress: silentProgress, log: pino({ level: 'silent' }) },
    },
  );

type Counts = Readonly<Record<string, number>>;
type Sums = {
  /** Messages, statements, lines or cards in the file, counted by hand. */
  holds: number;
  /** Of these: what became a turn or a character, what went into a turn as a further message, what is bad. */
  taken: number;
  joined?: number;
  bad?: number;
  /** Of these: what is left out, and why. */
  leftOut?: Counts;
  /** Parts of messages that are taken, left out. */
  parts?: Counts;
};

/** What each fixture holds; the fixtures are small enough to be counted by whoever reads them. */
const SUMS: readonly [Format, string, Sums][] = [
  ['turns', 'turns.jsonl', { holds: 5, taken: 5 }],
  ['turns', 'turns-bad.jsonl', { holds: 18, taken: 2, bad: 16 }],
  ['dialogue', 'dialogue.json', { holds: 4, taken: 4 }],
  // Two questions with an answer, one without: the last two say the same.
  [
    'messages',
    'messages.jsonl',
    {
      ...{ holds: 8, taken: 3, joined: 1, bad: 1 },
      leftOut: { 'messages of the system': 1, 'calls of tools': 1, 'messages of tools': 1 },
    },
  ],
  // The system says nothing, so that it holds no message.
  [
    'chatgpt',
    'chatgpt.json',
    {
      ...{ holds: 11, taken: 5, joined: 3 },
      leftOut: { 'calls of tools': 1, 'messages of tools': 1, 'messages of other branches': 1 },
    },
  ],
  [
    'claude',
    'claude.json',
    {
      ...{ holds: 7, taken: 3, joined: 2 },
      leftOut: { 'calls of tools': 1, 'messages of other branches': 1 },
      parts: { thoughts: 1, 'calls of tools': 1, 'messages of tools': 1 },
    },
  ],
  ['claude-memory', 'claude-memories.json', { holds: 2, taken: 2 }],
  [
    'gemini',
    'gemini.json',
    {
      ...{ holds: 7, taken: 3, bad: 1 },
      leftOut: { 'activities that are no prompts': 2, 'activities of other products': 1 },
    },
  ],
  // The document stands in a chunk of its own and belongs to the question behind it; the draft was never sent.
  [
    'aistudio',
    'aistudio.json',
    {
      ...{ holds: 8, taken: 2, joined: 2 },
      leftOut: { 'messages of the system': 1, thoughts: 1, errors: 1, drafts: 1 },
    },
  ],
  [
    'grok',
    'grok.json',
    {
      ...{ holds: 6, taken: 3, joined: 1, bad: 1 },
      leftOut: { 'messages of other branches': 1 },
      parts: { thoughts: 1 },
    },
  ],
  [
    'openwebui',
    'openwebui.json',
    {
      ...{ holds: 8, taken: 3, joined: 2 },
      leftOut: { 'messages of the system': 1, 'messages of other branches': 2 },
      parts: { thoughts: 1, 'calls of tools': 1 },
    },
  ],
  [
    'librechat',
    'librechat.json',
    {
      ...{ holds: 5, taken: 2, joined: 1 },
      leftOut: { errors: 1, 'messages of other branches': 1 },
      parts: { thoughts: 1, 'calls of tools': 1 },
    },
  ],
  [
    'sillytavern',
    'sillytavern.jsonl',
    {
      ...{ holds: 6, taken: 2, joined: 1, bad: 1 },
      leftOut: { 'hidden messages': 1, greetings: 1 },
      parts: { 'other swipes': 3, thoughts: 1 },
    },
  ],
  ['sillytavern', 'sillytavern-group.jsonl', { holds: 5, taken: 3, joined: 2 }],
  [
    'mem0',
    'mem0.json',
    {
      ...{ holds: 7, taken: 4, bad: 1 },
      leftOut: { 'expired memories': 1, 'relations between memories': 1 },
    },
  ],
  ['hindsight', 'hindsight.json', { holds: 3, taken: 2, bad: 1 }],
  ['hindsight', 'hindsight-document.json', { holds: 2, taken: 2 }],
  [
    'server-memory',
    'server-memory.jsonl',
    { holds: 6, taken: 4, bad: 1, leftOut: { 'entities without observations': 1 } },
  ],
  ['character', 'card-v2.json', { holds: 1, taken: 1 }],
];

test('each format is summed up', () => {
  expect(new Set(SUMS.map(([format]) => format))).toEqual(new Set(Object.keys(FORMATS)));
});

test.each(SUMS)(
  '%s (%s): what is taken and what is left out is what the file holds',
  async (format, name, sums) => {
    const { holds, taken, joined = 0, bad = 0, leftOut = {}, parts = {} } = sums;
    const report = await reportOf(fixture(name), format);
    expect(report).toMatchObject({ turnsFound: format === 'character' ? 0 : taken, badCount: bad });
    expect(report.characters).toBe(format === 'character' ? taken : 0);
    const both = new Set([...Object.keys(leftOut), ...Object.keys(parts)]);
    expect(Object.fromEntries(report.leftOut)).toEqual(
      Object.fromEntries([...both].map((what) => [what, (leftOut[what] ?? 0) + (parts[what] ?? 0)])),
    );
    const sum = (counts: Counts) => Object.values(counts).reduce((total, count) => total + count, 0);
    expect(taken + joined + bad + sum(leftOut)).toBe(holds);
  },
);

test('a large export is summed up to the last message, as who made it counted', async () => {
  const file = await temporary('made.json', '');
  const made = await writeExport(file, { megabytes: 2, seed: 7 });
  const report = await reportOf(file);
  expect(report).toMatchObject({ turnsFound: made.turns, conversations: made.conversations, badCount: 0 });
  expect(Object.fromEntries(report.leftOut)).toEqual(made.leftOut);
  const messages = (await readFile(file, 'utf8')).match(/"author":/g)?.length ?? 0;
  const leftOut = Object.values(made.leftOut).reduce((sum, count) => sum + count, 0);
  // Each turn is a question and its answer.
  expect(2 * report.turnsFound + leftOut).toBe(messages);
  for (const [what, count] of Object.entries(made.leftOut))
    expect(formatReport(report, 'F')).toContain(`${what} ${count}`);
});
