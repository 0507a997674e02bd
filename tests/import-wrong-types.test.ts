import { writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import { FORMATS, type Format } from '../src/import/formats.ts';
import { ImportFileError } from '../src/import/records.ts';
import { directory, fixture, temporary } from './fixtures/import/support.ts';

afterAll(() => rm(directory, { recursive: true }));

/** A file of each format, and the fields that are put to the test with a value of every type that is not theirs. */
const FILES: readonly [Format, string][] = [
  ['turns', 'turns.jsonl'],
  ['dialogue', 'dialogue.json'],
  ['messages', 'messages.jsonl'],
  ['chatgpt', 'chatgpt.json'],
  ['claude', 'claude.json'],
  ['claude-memory', 'claude-memories.json'],
  ['gemini', 'gemini.json'],
  ['aistudio', 'aistudio.json'],
  ['grok', 'grok.json'],
  ['openwebui', 'openwebui.json'],
  ['librechat', 'librechat.json'],
  ['sillytavern', 'sillytavern.jsonl'],
  ['sillytavern', 'sillytavern-group.jsonl'],
  ['mem0', 'mem0.json'],
  ['hindsight', 'hindsight.json'],
  ['hindsight', 'hindsight-document.json'],
  ['server-memory', 'server-memory.jsonl'],
  ['character', 'card-v1.json'],
  ['character', 'card-v2.json'],
];
const VALUES: readonly unknown[] = [7, 'word', [7]];

test('every format is put to the test', () => {
  expect(new Set(FILES.map(([format]) => format))).toEqual(new Set(Object.keys(FORMATS)));
});

type Path = readonly (string | number)[];

function* pathsIn(value: unknown, at: Path = []): Generator<Path> {
  if (at.length > 0) yield at;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value))
    yield* pathsIn(inner, [...at, Array.isArray(value) ? Number(key) : key]);
}

// biome-ignore lint/suspicious/noExplicitAny: any JSON
function changed(value: any, path: Path, into: unknown): unknown {
  const copy = structuredClone(value);
  let parent = copy;
  for (const key of path.slice(0, -1)) parent = parent[key];
  parent[path.at(-1) as string] = into;
  return copy;
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

/** What was taken, and all that is said about what was not. @throws what is no clear error */
async function read(format: Format, file: string) {
  const leftOut = new Map<string, number>();
  const [texts, problems, kinds]: [string[], string[], unknown[]] = [[], [], []];
  try {
    for await (const record of FORMATS[format].read(file, { bytes: 0, leftOut })) {
      if (record.kind === 'bad') problems.push(`${record.field} ${record.message}`);
      else if (record.kind === 'character') {
        texts.push(...Object.values(record.character).flat().map(String));
        problems.push(...(record.told ?? []));
      } else {
        texts.push(record.turn.query, record.turn.response ?? '');
        kinds.push(...[record.turn.metadata?.nonTextParts ?? []].flat());
      }
    }
  } catch (error) {
    if (!(error instanceof ImportFileError)) throw error;
    problems.push(error.message);
  }
  return { texts: texts.join('\n'), problems, kinds, leftOut };
}
type Read = Awaited<ReturnType<typeof read>>;

/** Whether something is said that was not said of the whole file; a value that is taken for a text is not lost. */
function isTold(got: Read, whole: Read, value: unknown): boolean {
  return (
    got.problems.length > whole.problems.length ||
    got.problems.some((problem) => !whole.problems.includes(problem)) ||
    got.kinds.some((kind) => !whole.kinds.includes(kind)) ||
    [...got.leftOut].some(([what, count]) => count > (whole.leftOut.get(what) ?? 0)) ||
    (typeof value !== 'object' && got.texts.includes(String(value)))
  );
}

test.each(FILES)(
  '%s (%s): a wrong type in any place breaks nothing, and nothing is lost without a word',
  async (format, name) => {
    const text = await readFile(fixture(name), 'utf8');
    const isLines = name.endsWith('.jsonl');
    const lines = text.split('\n').filter((line) => line.startsWith('{'));
    const value: unknown = isLines ? lines.map((line) => JSON.parse(line)) : JSON.parse(text);
    const written = (given: unknown) =>
      isLines ? (given as unknown[]).map((line) => JSON.stringify(line)).join('\n') : JSON.stringify(given);
    const file = await temporary(`wrong-${name}`, '');
    const readValue = (given: unknown) => {
      writeFileSync(file, written(given));
      return read(format, file);
    };
    const whole = await readValue(value);
    // What is not text is named in brackets.
    const said = whole.texts.split('\n').filter((line) => line.trim().length > 1 && !/^\[.*\]$/.test(line));
    expect(said.length).toBeGreaterThan(0);
    const silent: string[] = [];
    for (const path of pathsIn(value)) {
      // biome-ignore lint/suspicious/noExplicitAny: any JSON
      const was = path.reduce((inner: any, key) => inner[key], value);
      for (const wrong of VALUES) {
        if (typeOf(wrong) === typeOf(was)) continue;
        const got = await readValue(changed(value, path, wrong));
        if (isTold(got, whole, wrong)) continue;
        const lost = said.filter((line) => !got.texts.includes(line));
        if (lost.length > 0) silent.push(`${path.join('.')} = ${JSON.stringify(wrong)}: ${lost[0]}`);
      }
    }
    expect(silent).toEqual([]);
  },
);
