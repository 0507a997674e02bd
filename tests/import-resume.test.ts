import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import type { Mark, Position } from '../src/import/files.ts';
import { FORMATS, type Format } from '../src/import/formats.ts';
import type { Operation } from '../src/import/operations.ts';
import { silentProgress } from '../src/import/progress.ts';
import type { ImportRecord } from '../src/import/records.ts';
import { runImport } from '../src/import/run.ts';
import { directory, fixture, temporary } from './fixtures/import/support.ts';

afterAll(() => rm(directory, { recursive: true }));

const GOING_ON = (Object.keys(FORMATS) as Format[]).filter((format) => FORMATS[format].goesOn);

/** The records of a file from a mark on, and the marks that came by, each with how many records were before it. */
async function readFrom(format: Format, file: string, from?: Mark) {
  const records: ImportRecord[] = [];
  const marks: { mark: Mark; before: number }[] = [];
  const position: Position = { bytes: 0, from };
  for await (const record of FORMATS[format].read(file, position)) {
    if (position.mark && position.mark !== marks.at(-1)?.mark)
      marks.push({ mark: position.mark, before: records.length });
    records.push(record);
  }
  return { records, marks };
}

describe('readers that can go on', () => {
  /** Several conversations of a fixture, with what may stand between them. */
  async function several(format: Format) {
    const text = await readFile(fixture(`${format}.json`), 'utf8');
    const elements: unknown[] = [JSON.parse(text)].flat();
    const written = elements.map((element) => JSON.stringify(element));
    const [first = ''] = written;
    return {
      'a list with broken ones': `[${first} ,\n{"id":},${written.join(',')},7 , ${first}, ${first.slice(0, 60)}`,
      'one a line': [...written, ...written, first].join('\r\n'),
      'lists beside each other': `[${written.join(',')}] [${first},${first}]\n${first}`,
      'lists in a list': `[[${first},${first}],${first}]`,
    };
  }

  test.each(GOING_ON)('of %s give the same from each place as from the beginning', async (format) => {
    for (const [what, text] of Object.entries(await several(format))) {
      const file = await temporary(`${format}.json`, text);
      const whole = await readFrom(format, file);
      expect(whole.records.length, what).toBeGreaterThan(2);
      expect(whole.marks.length, what).toBeGreaterThan(0);
      for (const { mark, before } of whole.marks)
        expect((await readFrom(format, file, mark)).records, `${what} from ${mark.bytes}`).toEqual(
          whole.records.slice(before),
        );
    }
  });

  test('a text in UTF-16 has no such places, and is read', async () => {
    const text = await readFile(fixture('chatgpt.json'), 'utf8');
    const file = await temporary('wide.json', Buffer.from(`\ufeff${text}`, 'utf16le'));
    const { records, marks } = await readFrom('chatgpt', file);
    expect(records.length).toBeGreaterThan(2);
    expect(marks).toEqual([]);
  });
});

describe('an import that was stopped', () => {
  const chat = (id: number) => ({
    id: `c${id}`,
    current_node: 'n2',
    mapping: Object.fromEntries(
      [0, 1, 2].map((n) => [
        `n${n}`,
        {
          message: {
            id: `m${id}-${n}`,
            author: { role: 'user' },
            content: { parts: [`${n} of ${id} ${'word '.repeat(200)}`] },
          },
          parent: n === 0 ? null : `n${n - 1}`,
        },
      ]),
    ),
  });

  /** A server that takes so many conversations, and what it was sent. */
  async function importChats(file: string, most = Number.POSITIVE_INFINITY) {
    const sent: string[] = [];
    const steps: string[] = [];
    let conversations = 0;
    const send = async ({ variables }: Operation) => {
      if (++conversations > most) throw new Error('connection lost');
      const { turns } = variables.input as { turns: { idempotencyKey: string }[] };
      sent.push(...turns.map(({ idempotencyKey }) => idempotencyKey));
      const interactions = turns.map((_, index) => ({ turnId: String(index) }));
      return { data: { result: { __typename: 'RecordTurnsSuccess', replayed: 0, interactions } } };
    };
    const options = { format: 'auto', user: null, restart: false, strict: false, dryRun: false } as const;
    const progress = { ...silentProgress, start: (what: string) => void steps.push(what) };
    const report = await runImport(
      { ...options, file, target: 'http://test', checkpointDirectory: join(directory, 'checkpoints') },
      { send, progress, log: pino({ level: 'silent' }) },
    ).catch((error: Error) => error.message);
    return { report, sent, steps };
  }

  test('reads neither what was checked nor what was stored again, and stores the rest once', async () => {
    const broken = '{"id":"x"}, {"mapping": []]';
    const chats = Array.from({ length: 600 }, (_, index) => JSON.stringify(chat(index)));
    const file = await temporary('large.json', `[${chats.slice(0, 3)},${broken},${chats.slice(3)}]`);
    const first = await importChats(file, 200);
    expect(first).toMatchObject({ report: 'connection lost', steps: ['reading', 'checking', 'sending'] });
    const [name = ''] = await readdir(join(directory, 'checkpoints'));
    const saved = JSON.parse(await readFile(join(directory, 'checkpoints', name), 'utf8'));
    expect(saved.checked).toMatchObject({ records: 1801, badCount: 1 });
    expect(saved.place.mark.bytes).toBeGreaterThan(100_000);
    expect(saved.recordsDone - saved.place.records).toBeLessThan(3);
    const second = await importChats(file);
    expect(second.steps).toEqual(['reading', 'sending']);
    expect(second.report).toMatchObject({
      ...{ outcome: 'finished', badCount: 1, turnsSent: 1801 - saved.recordsDone },
      bad: [{ line: 5 }],
    });
    expect(new Set([...first.sent, ...second.sent]).size).toBe(1800);
    expect(second.sent[0]).toMatch(/^chatgpt\/c\d+\/m\d+-0$/);
  });

  test('begins anew where the content is another one, whatever the times and both ends say', async () => {
    const chats = Array.from({ length: 600 }, (_, index) => JSON.stringify(chat(index)));
    const file = await temporary('same.json', `[${chats}]`);

    await utimes(file, 1_000, 1_000);
    await importChats(file, 200);
    await writeFile(file, `[${chats}]`.replace('0 of 300 word', '0 of 300 wood'));
    await utimes(file, 1_000, 1_000);
    const { report, sent, steps } = await importChats(file);
    expect(steps).toEqual(['reading', 'checking', 'sending']);
    expect(report).toMatchObject({ outcome: 'finished', resumedAfter: 0 });
    expect(sent.length).toBe(1800);
  });

  test('begins anew where an earlier version counted the records of its format otherwise', async () => {
    const line = (n: number) => ({
      ...{ name: n % 2 ? 'Tom' : 'Mara', is_user: n % 2 === 1, mes: `${n} ${'word '.repeat(1_000)}` },
      send_date: new Date(Date.UTC(2024, 0, 1, 0, n)).toISOString(),
    });
    const header = { chat_metadata: { integrity: 'c' }, user_name: 'Tom', character_name: 'Mara' };
    const lines = [header, ...Array.from({ length: 1_001 }, (_, n) => line(n))];
    const file = await temporary('older.jsonl', lines.map((each) => JSON.stringify(each)).join('\n'));
    const before = new Set(await readdir(join(directory, 'checkpoints')));
    const first = await importChats(file, 1);
    expect(first.report).toBe('connection lost');
    const name = (await readdir(join(directory, 'checkpoints'))).find((each) => !before.has(each)) ?? '';
    const path = join(directory, 'checkpoints', name);
    const { reader, ...saved } = JSON.parse(await readFile(path, 'utf8'));
    expect([reader, saved.recordsDone]).toEqual([2, first.sent.length]);
    await writeFile(path, JSON.stringify({ ...saved, recordsDone: saved.recordsDone + 1 }));
    const second = await importChats(file);
    expect(second.report).toMatchObject({ outcome: 'finished', resumedAfter: 0 });
    expect(second.sent.length).toBe(500);
  });
});
