import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { JournalFile } from '../src/journal/file.ts';
import { Journal, JournalFull, JournalLocked } from '../src/journal/journal.ts';
import { PowerDisk } from '../torture/power.ts';

const MEBIBYTE = 2 ** 20;
const PAGE_BYTES = 4096;
/** SQLite's log: a header, then frames of a header and a page (https://sqlite.org/fileformat2.html#walformat). */
const LOG_HEADER_BYTES = 32;
const FRAME_BYTES = 24 + PAGE_BYTES;

let directory: string;
let path: string;
const opened: Journal[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-journal-'));
  path = join(directory, 'journal.db');
});
afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  await rm(directory, { recursive: true, force: true });
});

async function open(maxBytes = 64 * MEBIBYTE, at = path): Promise<Journal> {
  const journal = await Journal.open(at, maxBytes);
  opened.push(journal);
  return journal;
}

const entry = (body: string) => ({ kind: 'turns', stream: 'a conversation', body });
const add = async (journal: Journal, body: string) => (await journal.write({ add: [entry(body)] }))[0]!;
const bodies = (journal: Journal) => journal.recovered.entries.map(({ body }) => body);
const numbered = (count: number, size = 0) =>
  Array.from({ length: count }, (_, n) => `${n} ${'x'.repeat(size)}`);

/** The files as a power cut at this moment would leave them, under another name. */
function copyOf(at: string): string {
  const copy = join(directory, `copy-${readdirSync(directory).length}`, 'journal.db');
  mkdirSync(join(copy, '..'));
  for (const suffix of ['', '-wal']) if (existsSync(at + suffix)) copyFileSync(at + suffix, copy + suffix);
  return copy;
}

function asFile(script: string): string {
  const file = join(directory, 'script.mjs');
  writeFileSync(file, script);
  return file;
}

function edit(file: string, change: (bytes: Buffer) => Buffer): void {
  writeFileSync(file, change(readFileSync(file)));
}

const flip = (offset: number) => (bytes: Buffer) => {
  bytes[offset]! ^= 0xff;
  return bytes;
};

describe('the journal', () => {
  test('holds what was written, in order, with its counters, after it was closed', async () => {
    const first = await open();
    const seqs: number[] = [];
    for (const body of ['one', 'two', 'three é 🙂']) seqs.push(await add(first, body));
    await first.write({ count: { attempted: 3, succeeded: 1 } });
    await first.write({ remove: [seqs[0]!], count: { attempted: 2 } });
    await first.close();
    const { recovered } = await open();
    expect(recovered.entries).toMatchObject([
      { seq: seqs[1], kind: 'turns', stream: 'a conversation', body: 'two' },
      { seq: seqs[2], body: 'three é 🙂', acceptedAt: expect.closeTo(Date.now(), -6) },
    ]);
    expect(recovered.counters).toEqual({ attempted: 5, succeeded: 1 });
    expect(recovered.damage).toEqual([]);
  });

  test('never gives a seq twice, not even after all entries were removed and it was opened again', async () => {
    const first = await open();
    const seq = await add(first, 'one');
    await first.write({ remove: [seq] });
    await first.close();
    expect(await add(await open(), 'two')).toBeGreaterThan(seq);
  });

  test('holds every acknowledged entry after its process was killed', async () => {
    const script = `
      import { Journal } from ${JSON.stringify(new URL('../src/journal/journal.ts', import.meta.url).href)};
      const journal = await Journal.open(${JSON.stringify(path)}, ${MEBIBYTE * 64});
      for (let n = 0; ; n++) {
        await Promise.all([0, 1, 2].map((m) => journal.write({ add: [{ kind: 'k', stream: 's', body: n + '.' + m }] })));
        process.stdout.write(n + '\\n');
      }`;
    const child = spawn(process.execPath, [asFile(script)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    let acknowledged = -1;
    for await (const line of createInterface(child.stdout)) {
      acknowledged = Number(line);
      if (acknowledged === 50) child.kill('SIGKILL');
    }
    await exited;
    const found = bodies(await open());
    const expected = Array.from({ length: acknowledged + 1 }, (_, n) => [`${n}.0`, `${n}.1`, `${n}.2`]);
    expect(acknowledged).toBeGreaterThanOrEqual(50);
    expect(found.slice(0, expected.length * 3)).toEqual(expected.flat());
  });

  test('is told by SQLite itself, at each commit, that the commit waits for the disk', async () => {
    const asked: unknown[] = [];
    const { exec } = DatabaseSync.prototype;
    const watched = vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (
      this: DatabaseSync,
      sql: string,
    ) {
      if (sql === 'commit')
        asked.push(['synchronous', 'journal_mode'].map((name) => this.prepare(`pragma ${name}`).get()));
      exec.call(this, sql);
    });
    try {
      const file = new JournalFile({ path, maxBytes: MEBIBYTE });
      asked.length = 0;
      const none = { remove: [], bury: [], revive: [], discard: [], forget: [] };
      const write = { op: 'write', id: 1, add: [entry('kept')], ...none, count: {} } as const;
      expect([file.commit([write]), file.commit([write])]).toMatchObject([
        { failure: null },
        { failure: null },
      ]);
      file.close();
    } finally {
      watched.mockRestore();
    }
    // 2 is FULL: with 1 (NORMAL), SQLite writes the log and leaves it to the system when that reaches the disk.
    const full = [{ synchronous: 2 }, { journal_mode: 'wal' }];
    expect(asked).toEqual([full, full]);
  });

  test('keeps what was acknowledged when the power is cut in the same moment', async ({ skip }) => {
    const disk = new PowerDisk(directory);
    try {
      await disk.create();
    } catch (error) {
      skip(`needs loop devices, which take root and a kernel that has them (${(error as Error).message})`);
    }
    try {
      const at = join(disk.mountPoint, 'journal.db');
      const journal = await Journal.open(at, 64 * MEBIBYTE);
      await add(journal, 'before');
      await disk.sync();
      const written = numbered(20);
      for (const body of written) await add(journal, body);
      await disk.snapshot();
      await journal.close();
      await disk.restore();
      const again = await Journal.open(at, 64 * MEBIBYTE);
      expect(bodies(again)).toEqual(['before', ...written]);
      await again.close();
    } finally {
      await disk.close();
    }
  });

  test('is for one at a time, within the process and across processes', async () => {
    const journal = await open();
    await expect(Journal.open(path, MEBIBYTE)).rejects.toThrow(JournalLocked);
    const script = `
      import { Journal } from ${JSON.stringify(new URL('../src/journal/journal.ts', import.meta.url).href)};
      await Journal.open(${JSON.stringify(path)}, ${MEBIBYTE}).catch((error) => console.log(error.name));`;
    const said = execFileSync(process.execPath, [asFile(script)], { encoding: 'utf8' });
    expect(said.trim()).toBe('JournalLocked');
    await add(journal, 'goes on');
  });

  test('gives concurrent writes distinct, rising seqs, each in its place', async () => {
    const journal = await open();
    const given = await Promise.all(
      numbered(500).map((body) => journal.write({ add: [entry(body), entry(`${body}b`)] })),
    );
    const seqs = given.flat();
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
    await journal.close();
    const found = new Map((await open()).recovered.entries.map(({ seq, body }) => [seq, body]));
    for (const [n, [seq = 0, next = 0]] of given.entries())
      expect([found.get(seq), found.get(next)]).toEqual([`${n} `, `${n} b`]);
  });

  test('writes a change whole or not at all', async () => {
    const journal = await open();
    const seq = await add(journal, 'stays');
    const failed = journal.write({
      remove: [seq],
      add: [{ ...entry('bad'), kind: null as unknown as string }],
    });
    await expect(failed).rejects.toThrow();
    expect(bodies(await open(MEBIBYTE, copyOf(path)))).toEqual(['stays']);
  });
});

describe('without space', () => {
  test('refuses additions at its limit, still removes, and takes additions again', async () => {
    const journal = await open(MEBIBYTE);
    const seqs: number[] = [];
    await expect(async () => {
      for (;;) seqs.push(await add(journal, 'x'.repeat(20_000)));
    }).rejects.toThrow(JournalFull);
    expect(journal.failure).toBeInstanceOf(JournalFull);
    expect(journal.size).toBeGreaterThan(MEBIBYTE);
    // Removals that share a commit with refused additions must not be refused with them.
    const removing = seqs.slice(0, 30).map((seq) => {
      add(journal, 'may be refused').catch(() => undefined);
      return journal.write({ remove: [seq] });
    });
    await Promise.all(removing);
    expect(journal.size).toBeLessThan(MEBIBYTE / 2);
    await add(journal, 'fits again');
    expect(journal.failure).toBeNull();
    await journal.close();
    const found = bodies(await open()).filter((body) => body !== 'may be refused');
    expect(found).toEqual([...seqs.slice(30).map(() => 'x'.repeat(20_000)), 'fits again']);
  });

  test.skipIf(!mayMount())(
    'of its disk: nothing half written, and it goes on when there is some',
    async () => {
      const disk = join(directory, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
      try {
        const journal = await open(64 * MEBIBYTE, join(disk, 'journal.db'));
        const filler = join(disk, 'filler');
        writeFileSync(filler, Buffer.alloc(MEBIBYTE));
        const acknowledged: string[] = [];
        await expect(async () => {
          for (let n = 0; ; n++) {
            const pair = [`${n} ${'x'.repeat(9_000)}`, `${n} ${'y'.repeat(9_000)}`];
            await journal.write({ add: pair.map(entry) });
            acknowledged.push(...pair);
          }
        }).rejects.toThrow(JournalFull);
        expect(acknowledged.length).toBeGreaterThan(4);
        expect(bodies(await open(MEBIBYTE * 64, copyOf(join(disk, 'journal.db'))))).toEqual(acknowledged);
        rmSync(filler);
        await add(journal, 'after');
        await journal.close();
        expect(bodies(await open(MEBIBYTE * 64, join(disk, 'journal.db')))).toEqual([
          ...acknowledged,
          'after',
        ]);
        await opened.at(-1)!.close();
      } finally {
        execFileSync('umount', [disk]);
      }
    },
  );
});

test('nobody else can read it, whatever could be read before', async () => {
  const modes = () =>
    Object.fromEntries(
      readdirSync(directory).map((name) => [name, statSync(join(directory, name)).mode & 0o777]),
    );
  const journal = await open();
  await add(journal, 'a secret');
  expect(modes()).toEqual({ 'journal.db': 0o600, 'journal.db-wal': 0o600 });
  const before = copyOf(path);
  for (const suffix of ['', '-wal']) chmodSync(before + suffix, 0o644);
  await add(await open(MEBIBYTE, before), 'another');
  for (const suffix of ['', '-wal']) expect(statSync(before + suffix).mode & 0o777).toBe(0o600);
});

describe('damage', () => {
  test('at the end of the log is a commit that nobody was told of: it is ignored', async () => {
    const journal = await open();
    for (const body of numbered(10)) await add(journal, body);
    const torn = copyOf(path);
    await add(journal, 'torn off');
    copyFileSync(`${path}-wal`, `${torn}-wal`);
    edit(`${torn}-wal`, (bytes) => bytes.subarray(0, -100));
    const garbage = copyOf(path);
    edit(`${garbage}-wal`, (bytes) => Buffer.concat([bytes, Buffer.alloc(FRAME_BYTES * 2, 0xa5)]));
    for (const [at, expected] of [
      [torn, numbered(10)],
      [garbage, [...numbered(10), 'torn off']],
    ] as const) {
      const reopened = await open(MEBIBYTE, at);
      expect(bodies(reopened)).toEqual(expected);
      expect(reopened.recovered.damage).toEqual([]);
      await add(reopened, 'goes on');
    }
  });

  /** A copy of a journal that was killed with its entries in the log: which bytes of that are flipped? */
  async function killed(texts: string[], offsets: (log: Buffer) => number[]): Promise<string> {
    const journal = await open();
    for (const body of texts) await add(journal, body);
    await journal.write({ count: { attempted: texts.length } });
    const copy = copyOf(path);
    edit(`${copy}-wal`, (log) => offsets(log).reduce((bytes, offset) => flip(offset)(bytes), log));
    return copy;
  }
  const frameAt = (log: Buffer, share: number) =>
    LOG_HEADER_BYTES + Math.floor(((log.length - LOG_HEADER_BYTES) / FRAME_BYTES) * share) * FRAME_BYTES;
  const short = numbered(60);

  test.each<[string, string[], (log: Buffer) => number[], number]>([
    ['a page', short, (log) => [frameAt(log, 0.5) + 2_000], 0],
    ['the header of a frame', short, (log) => [frameAt(log, 0.5) + 9], 0],
    ['the checksum of a frame', short, (log) => [frameAt(log, 0.5) + 17], 0],
    ['the number of a page', short, (log) => [frameAt(log, 0.5) + 3], 0],
    ['the first frame', short, () => [LOG_HEADER_BYTES + 100], 0],
    ['the header of the log', short, () => [17], 0],
    ['the checksum of the log', short, () => [25], 0],
    ['several places', short, (log) => [0.2, 0.4, 0.6, 0.8].map((share) => frameAt(log, share) + 1_000), 0],
    ['a page that is written once', numbered(60, 3_500), (log) => [frameAt(log, 0.5) + 2_000], 1],
  ])('in the middle of the log costs no entry behind it: %s', async (_where, texts, offsets, lost) => {
    const damaged = await killed(texts, offsets);
    const size = readFileSync(`${damaged}-wal`).length;
    const reopened = await open(64 * MEBIBYTE, damaged);
    const found = bodies(reopened);
    expect(texts).toEqual(expect.arrayContaining(found));
    expect(found).toEqual(texts.filter((text) => found.includes(text)));
    expect(found.length).toBeGreaterThanOrEqual(texts.length - lost);
    expect(reopened.recovered.counters).toEqual({ attempted: texts.length });
    expect(reopened.recovered.damage).toEqual([
      expect.stringMatching(/damaged in the middle.*entries behind/),
    ]);
    const files = readdirSync(join(damaged, '..'));
    const aside = files.find((name) => name.includes('-wal.corrupt-'));
    expect(readFileSync(join(damaged, '..', aside!))).toHaveLength(size);
    expect(files.filter((name) => name.includes('.image'))).toEqual([]);
    const seq = await add(reopened, 'goes on');
    expect(seq).toBeGreaterThan(Math.max(...reopened.recovered.entries.map((each) => each.seq)));
    // The lock of the file is still held.
    await expect(Journal.open(damaged, MEBIBYTE)).rejects.toThrow(JournalLocked);
    await reopened.close();
    opened.splice(opened.indexOf(reopened), 1);
    expect(bodies(await open(MEBIBYTE * 64, damaged))).toEqual([...found, 'goes on']);
  });

  test('names the turns of an entry that is lost', async () => {
    const turnId = '01890a5d-ac96-774b-bcce-b302099a8057';
    const texts = numbered(5, 3_000).map((text, n) =>
      n === 2 ? `{"turnId":"${turnId}","query":"${text}"}` : text,
    );
    const damaged = await killed(texts, (log) => [log.indexOf(turnId) + 200]);
    const { recovered } = await open(MEBIBYTE, damaged);
    expect(recovered.entries.map(({ body }) => body)).toEqual(texts.filter((_text, n) => n !== 2));
    expect(recovered.damage.join()).toContain(turnId);
  });

  test.each(['closed', 'killed'])('of a page costs its entries only (%s before)', async (end) => {
    const first = await open();
    for (const body of numbered(40, 3_000)) await add(first, body);
    await first.write({ count: { attempted: 40 } });
    await first.close();
    const second = await open();
    await add(second, 'last');
    const damaged = copyOf(path);
    if (end === 'closed') rmSync(`${damaged}-wal`);
    edit(damaged, (bytes) => flip(Math.floor(bytes.length / PAGE_BYTES / 2) * PAGE_BYTES)(bytes));
    const { recovered } = await open(MEBIBYTE, damaged);
    const found = recovered.entries.map(({ body }) => body);
    const all = [...numbered(40, 3_000), ...(end === 'killed' ? ['last'] : [])];
    expect(all).toEqual(expect.arrayContaining(found));
    expect(found.length).toBe(all.length - 1);
    expect(recovered.counters).toEqual({ attempted: 40 });
    expect(recovered.damage).toEqual([expect.stringMatching(/corrupt.*put aside.*entries were saved/s)]);
    expect(readdirSync(join(damaged, '..')).some((name) => name.startsWith('journal.db.corrupt-'))).toBe(
      true,
    );
  });

  test('of an entry moves it to the table "dead"; the others stay', async () => {
    const journal = await open();
    for (const body of ['one', 'two', 'three']) await add(journal, body);
    await journal.close();
    const file = new DatabaseSync(path);
    file.exec("update entries set body = 'forged' where body = 'two'");
    // As if the process had been killed while it moved the entry.
    file.exec(
      "insert into dead select seq, kind, stream, body, 'half moved', 0 from entries where body = 'forged'",
    );
    file.close();
    const reopened = await open();
    expect(bodies(reopened)).toEqual(['one', 'three']);
    expect(reopened.recovered.damage).toEqual([expect.stringContaining('table "dead"')]);
    await reopened.close();
    const dead = new DatabaseSync(path);
    expect(dead.prepare('select body, reason from dead').all()).toEqual([
      { body: 'forged', reason: 'checksum mismatch' },
    ]);
    dead.close();
    expect((await open()).recovered.damage).toEqual([]);
  });
});

/** Whether this user can make a small disk. */
function mayMount(): boolean {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return false;
  const at = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at], { stdio: 'ignore' });
    execFileSync('umount', [at]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}
