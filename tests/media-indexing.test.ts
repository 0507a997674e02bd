import { execFileSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  link,
  mkdir,
  readdir,
  rename,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type MediaReader, READER_VERSION } from '../src/media/facts.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import {
  askToIndex,
  expectWhole,
  files,
  hashOf,
  index,
  insights,
  mediaFolder,
  picture,
  removeFolder,
  startMediaApp,
  writePicture,
} from './support/media-folders.ts';
import { gate, runTask, task, untilTask } from './support/tasks.ts';

/** What the reader was asked, and what is put in place of its answers. */
const spy = vi.hoisted(() => ({
  calls: [] as string[],
  before: null as ((path: Buffer, call: 'identify' | 'read') => Promise<unknown>) | null,
}));
vi.mock('../src/media/reader.ts', async (original) => {
  const { openMediaReader } = await original<typeof import('../src/media/reader.ts')>();
  return {
    openMediaReader: (...args: Parameters<typeof openMediaReader>): MediaReader => {
      const reader = openMediaReader(...args);
      const watched = async (call: 'identify' | 'read', path: Buffer) => {
        spy.calls.push(`${call} ${path.toString('latin1').split('/').at(-1)}`);
        return spy.before?.(path, call);
      };
      return {
        concurrency: reader.concurrency,
        identify: async (path, options, signal) =>
          ((await watched('identify', path)) as never) ?? reader.identify(path, options, signal),
        read: async (path, options, signal) =>
          ((await watched('read', path)) as never) ?? reader.read(path, options, signal),
        jpeg: (path, side, signal) => reader.jpeg(path, side, signal),
        // To start processes anew for each run is most of what a run costs; that they end is a test of the reader.
        rest: async () => undefined,
        close: () => reader.close(),
      };
    },
  };
});

let root: string;
let app: TestApp;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ root, app, close } = await startMediaApp({ MEDIA_WORKERS: '2' }));
});
afterAll(() => close());
beforeEach(async () => {
  spy.calls = [];
  spy.before = null;
  await removeFolder(root);
  await mkdir(root);
  await app.sql('truncate echo_media_files, echo_media_insights, echo_media_pairs');
});
afterEach(() => {
  spy.before = null;
});
const at = (...parts: string[]) => join(root, ...parts);

describe('what may be indexed', () => {
  test('without folders of media nothing is, and it says so', async () => {
    const bare = await startTestApp();
    try {
      expect(await askToIndex(bare, '/tmp')).toMatchObject({
        ...{ code: 'NOT_CONFIGURED', message: expect.stringContaining('MEDIA_ROOTS') },
      });
      const { data } = await bare.graphql('{ taskTypes { name } }');
      expect(data.taskTypes.map(({ name }: { name: string }) => name)).not.toContain('index_media');
    } finally {
      await bare.close();
    }
  });

  test('only admins may ask for it', async () => {
    await writePicture(at('a.jpg'), 1);
    const [refused] = await askToIndex(app, root, undefined, 'ann');
    expect(refused.extensions.code).toBe('FORBIDDEN');
    const { data } = await app.graphql('{ taskTypes { name } }', {}, 'ann');
    expect(data.taskTypes.map(({ name }: { name: string }) => name)).not.toContain('index_media');
    await expect(runTask(app, { type: 'index_media', payload: { path: root } }, 'ann')).rejects.toThrow(
      'admin',
    );
  });

  test('only what lies in the folders of media, also behind links', async () => {
    const outside = await mediaFolder();
    try {
      await writePicture(join(outside.path, 'secret.jpg'), 1);
      await mkdir(at('folder'));
      await writePicture(at('folder', 'a.jpg'), 2);
      await symlink(outside.path, at('out'));
      await symlink(join(outside.path, 'secret.jpg'), at('out.jpg'));
      await symlink(at('loop'), at('loop'));
      await symlink(at('folder'), at('in'));
      execFileSync('mkfifo', [at('fifo')]);
      const socket = createServer().listen(at('socket'));
      const refused: [string, string][] = [
        ['/etc', 'MEDIA_ROOTS'],
        ['/', 'MEDIA_ROOTS'],
        ['/dev/zero', 'MEDIA_ROOTS'],
        [dirname(root), 'MEDIA_ROOTS'],
        [`${root}x`, 'MEDIA_ROOTS'],
        [outside.path, 'MEDIA_ROOTS'],
        [at('out'), 'MEDIA_ROOTS'],
        [at('out', 'secret.jpg'), 'MEDIA_ROOTS'],
        [at('out.jpg'), 'MEDIA_ROOTS'],
        [`${root}/folder/../../..${outside.path}`, '".."'],
        [`${root}/..`, '".."'],
        [`${root}/folder/.`, '"."'],
        [`${root}//folder`, '"//"'],
        ['folder', 'absolute'],
        ['', '1 to'],
        ['\0', 'NUL'],
        [`${root}/${'x'.repeat(5_000)}`, '4095'],
        [`${root}/${'x'.repeat(300)}`, 'too long'],
        [at('nothing'), 'nothing is there'],
        [at('folder', 'a.jpg', 'x'), 'nothing is there'],
        [at('loop'), 'circle'],
        [at('fifo'), 'FIFO'],
        [at('socket'), 'FIFO'],
      ];
      for (const [path, words] of refused) {
        const asked = await askToIndex(app, path);
        expect({ path, ...asked }).toMatchObject({
          ...{ __typename: 'InvalidInputError', field: 'path', code: 'BAD_USER_INPUT' },
          message: expect.stringContaining(words),
        });
        await expect(runTask(app, { type: 'index_media', payload: { path } }), path).rejects.toThrow(
          'payload.path',
        );
      }
      expect(await app.sql("select from autonomous_tasks where task_type = 'index_media'")).toEqual([]);
      socket.close();
      // A link that leads to another place in the folders is that place.
      const { result } = await index(app, at('in'));
      expect(result).toMatchObject({ path: at('folder'), new: 1 });
      const { result: whole } = await index(app, `${root}/`);
      expect(whole).toMatchObject({ unchanged: 1, ignoredBecause: { link: 4, 'no regular file': 1 } });
      expect((await files(app)).map(({ path }) => path)).toEqual([at('folder', 'a.jpg')]);
    } finally {
      await outside.remove();
    }
  });

  test('not what the server has made itself', async () => {
    const own = await mediaFolder();
    const inside = await startTestApp({
      env: { MEDIA_ROOTS: own.path, DATA_DIR: join(own.path, 'data'), MEDIA_WORKERS: '1' },
    });
    try {
      await writePicture(join(own.path, 'a.jpg'), 1);
      for (const counts of [{ new: 1 }, { unchanged: 1 }]) {
        const { result } = await index(inside, own.path);
        expect(result).toMatchObject({ seen: 1, ...counts });
      }
      const asked = await askToIndex(inside, join(own.path, 'data', 'media'));
      expect(asked.message).toContain('data directory');
    } finally {
      await inside.close();
      await own.remove();
    }
  });

  test('for another user, who alone has what is found', async () => {
    await writePicture(at('a.jpg'), 1);
    await index(app, root, 'ann');
    expect(await insights(app)).toEqual([]);
    expect(await insights(app, 'ann')).toMatchObject([{ path: at('a.jpg') }]);
    await index(app, root);
    expect(await insights(app)).toMatchObject([{ path: at('a.jpg') }]);
  });
});

describe('a run', () => {
  test('keeps what it finds, tells how far it is, and reads nothing the second time', async () => {
    await mkdir(at('deep', 'er'), { recursive: true });
    const hash = await writePicture(at('a.jpg'), 1);
    await writePicture(at('deep', 'b.jpg'), 2);
    await writeFile(at('deep', 'er', 'c.png'), await picture(3, 'png'));
    await writeFile(at('notes.txt'), 'no picture');
    const first = await index(app, root);
    expect(first.result).toMatchObject({
      ...{ path: root, seen: 4, new: 3, ignored: 1, folders: 3, unreadableFolders: 0, withoutThumbnails: 0 },
      ...{ vanished: 0, kept: 0, keptReason: null, attempt: 1, problems: [] },
    });
    expect(first.result.bytes).toBeGreaterThan(0);
    expect(first.result.bytesRead).toBeGreaterThanOrEqual(first.result.bytes);
    expect(first.progress).toMatchObject({
      done: 4,
      total: 4,
      note: expect.stringMatching(/^4 of 4 files, .*files\/s/),
    });
    const [row] = await app.sql('select * from echo_media_insights where file_hash = $1', [hash]);
    expect(row).toMatchObject({
      ...{ file_path: at('a.jpg'), state: 'PRESENT', media_type: 'image/jpeg', width: 72, height: 64 },
      ...{
        analysis_tier: 'FEATURES',
        rule_tags: expect.arrayContaining(['landscape']),
        categories: ['picture'],
      },
      perceptual_hash: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(row?.search_terms).toEqual(expect.arrayContaining([expect.stringMatching(/:landscap/)]));
    const thumbnails = await readdir(join(app.directory, 'media'), { recursive: true });
    // Another user of these tests may have the same picture.
    const sizes = thumbnails.filter((name) => name.includes(hash)).map((name) => name.split('-').at(-1));
    expect([...new Set(sizes)].sort()).toEqual(['1024.webp', '256.webp']);
    expect(spy.calls.filter((call) => call.startsWith('read'))).toHaveLength(4);
    spy.calls = [];
    const { result } = await index(app, root);
    expect(result).toMatchObject({ seen: 4, unchanged: 3, ignored: 1, bytesRead: 0, problems: [] });
    expect(spy.calls).toEqual([]);
  });

  test('of one file is a run, too', async () => {
    await writePicture(at('a.jpg'), 1);
    await writePicture(at('b.jpg'), 2);
    expect((await index(app, at('a.jpg'))).result).toMatchObject({ seen: 1, new: 1, folders: 0 });
    expect((await index(app, at('a.jpg'))).result).toMatchObject({ seen: 1, unchanged: 1 });
    expect(await insights(app)).toHaveLength(1);
  });

  test('follows files that were moved, copied, changed and touched', async () => {
    const [a, b] = [await writePicture(at('a.jpg'), 1), await writePicture(at('b.jpg'), 2)];
    await writePicture(at('c.jpg'), 3);
    await index(app, root);
    await app.sql(
      "update echo_media_insights set tags = '{mine}', learned_by_echo = true where file_hash = $1",
      [a],
    );
    await mkdir(at('new'));
    await rename(at('a.jpg'), at('new', 'moved.jpg'));
    await writeFile(at('copy.jpg'), await picture(2));
    const c = await writePicture(at('c.jpg'), 4);
    await utimes(at('b.jpg'), new Date(), new Date(1e12));
    spy.calls = [];
    const { result } = await index(app, root);
    expect(result).toMatchObject({ seen: 4, moved: 1, duplicates: 1, changed: 1, unchanged: 1, vanished: 0 });
    // Known contents are recognised by their bytes: only the new one is looked at.
    expect(spy.calls.filter((call) => call.startsWith('read'))).toEqual(['read c.jpg']);
    const [moved] = await app.sql('select * from echo_media_insights where file_hash = $1', [a]);
    expect(moved).toMatchObject({ tags: ['mine'], learned_by_echo: true, file_path: at('new', 'moved.jpg') });
    expect(moved?.search_terms).toEqual(expect.arrayContaining([expect.stringMatching(/:move/)]));
    expect((await files(app)).map(({ path, state, hash }) => [path, state, hash])).toEqual([
      [at('b.jpg'), 'PRESENT', b],
      [at('c.jpg'), 'PRESENT', c],
      [at('copy.jpg'), 'PRESENT', b],
      [at('new', 'moved.jpg'), 'PRESENT', a],
    ]);
    expect((await insights(app)).map(({ state }) => state).sort()).toEqual([
      ...['PRESENT', 'PRESENT', 'PRESENT', 'VANISHED'],
    ]);
    expect((await index(app, root)).result).toMatchObject({ seen: 4, unchanged: 4, bytesRead: 0 });
  });

  test('of a file that was renamed over another one', async () => {
    const [a, b] = [await writePicture(at('a.jpg'), 1), await writePicture(at('b.jpg'), 2)];
    await index(app, root);
    await rename(at('a.jpg'), at('b.jpg'));
    expect((await index(app, root)).result).toMatchObject({ seen: 1, changed: 1 });
    expect(await insights(app)).toEqual(
      expect.arrayContaining([
        { hash: a, path: at('b.jpg'), state: 'PRESENT' },
        { hash: b, path: at('b.jpg'), state: 'VANISHED' },
      ]),
    );
  });

  test('notices what vanished, and what is back', async () => {
    const hash = await writePicture(at('a.jpg'), 1);
    await writePicture(at('b.jpg'), 2);
    await mkdir(at('folder'));
    await rename(at('a.jpg'), at('folder', 'a.jpg'));
    await writeFile(at('truncated.jpg'), (await picture(3)).subarray(0, 400));
    await index(app, root);
    await rename(at('folder'), `${root}-away`);
    await rename(at('truncated.jpg'), `${root}-truncated`);
    try {
      expect((await index(app, root)).result).toMatchObject({ seen: 1, unchanged: 1, vanished: 2, kept: 0 });
      expect((await insights(app)).map(({ state }) => state).sort()).toEqual([
        'PRESENT',
        'VANISHED',
        'VANISHED',
      ]);
      expect((await index(app, root)).result).toMatchObject({ vanished: 0, kept: 0 });
    } finally {
      await rename(`${root}-away`, at('folder'));
      await rename(`${root}-truncated`, at('truncated.jpg'));
    }
    spy.calls = [];
    const { result } = await index(app, root);
    expect(result).toMatchObject({ seen: 3, unchanged: 2, broken: 1, bytesRead: 0 });
    expect(spy.calls).toEqual([]);
    expect(await insights(app)).toEqual(
      expect.arrayContaining([
        { hash, path: at('folder', 'a.jpg'), state: 'PRESENT' },
        expect.objectContaining({ path: at('truncated.jpg'), state: 'BROKEN' }),
      ]),
    );
  });

  test('of a part notices what vanished there, and nothing else', async () => {
    for (const folder of ['one', 'two', 'one-more']) {
      await mkdir(at(folder));
      await writePicture(at(folder, 'a.jpg'), folder.length);
      await writePicture(at(folder, 'b.jpg'), folder.length + 100);
    }
    await index(app, root);
    for (const folder of ['one', 'two', 'one-more']) await unlink(at(folder, 'a.jpg'));
    expect((await index(app, at('one'))).result).toMatchObject({ seen: 1, vanished: 1 });
    expect((await files(app)).filter(({ state }) => state === 'VANISHED')).toMatchObject([
      { path: at('one', 'a.jpg') },
    ]);
  });

  test('that is asked for twice is one run', async () => {
    await writePicture(at('a.jpg'), 1);
    const { open, passed } = gate();
    spy.before = () => passed(null);
    const first = await askToIndex(app, root);
    const again = await Promise.all([askToIndex(app, root), askToIndex(app, `${root}/`)]);
    expect(again.map(({ task: { taskId } }) => taskId)).toEqual([first.task.taskId, first.task.taskId]);
    await expect.poll(() => spy.calls).toHaveLength(1);
    const second = await runTask(app, { type: 'index_media', payload: { path: root } });
    const failed = await untilTask(app, second.taskId, 'FAILED');
    expect(failed.error).toContain(first.task.taskId);
    // Another user's run over the same folder is their own.
    const other = await askToIndex(app, root, 'ann');
    expect(other.task.taskId).not.toBe(first.task.taskId);
    open();
    await untilTask(app, first.task.taskId, 'COMPLETED');
    await untilTask(app, other.task.taskId, 'COMPLETED');
  });
});

describe('of what is away nothing is said', () => {
  test('when the root is removed in the middle', async () => {
    for (let number = 0; number < 6; number++) await writePicture(at(`${number}.jpg`), number);
    await index(app, root);
    await writePicture(at('new.jpg'), 7);
    const away = `${root}-away`;
    spy.before = async () => {
      spy.before = null;
      await rename(root, away);
    };
    try {
      const { result } = await index(app, root);
      expect(result).toMatchObject({ vanished: 0, keptReason: null });
      await mkdir(root);
      // As an unmounted device leaves it.
      const { result: empty } = await index(app, root);
      expect(empty).toMatchObject({
        seen: 0,
        vanished: 0,
        // With the new one, which was away before it could be read.
        kept: 7,
        keptReason: expect.stringContaining('empty'),
      });
      expect((await files(app)).map(({ state }) => state).sort()).toEqual([
        ...['PRESENT', 'PRESENT', 'PRESENT', 'PRESENT', 'PRESENT', 'PRESENT', 'UNREADABLE'],
      ]);
    } finally {
      await rm(root, { recursive: true, force: true });
      await rename(away, root);
    }
    expect((await index(app, root)).result).toMatchObject({ seen: 7, unchanged: 6, new: 1, vanished: 0 });
  });

  test('when the root is exchanged before the run has come to its end', async () => {
    for (const name of ['a', 'b']) await writePicture(at(`${name}.jpg`), name.charCodeAt(0));
    await index(app, root);
    await unlink(at('a.jpg'));
    await writePicture(at('new.jpg'), 1);
    const away = `${root}-away`;
    spy.before = async () => {
      spy.before = null;
      await rename(root, away);
      await mkdir(root);
      await writePicture(at('other.jpg'), 2);
    };
    try {
      const { result } = await index(app, root);
      expect(result).toMatchObject({ vanished: 0, keptReason: expect.stringContaining('another one') });
      expect((await files(app)).filter(({ state }) => state === 'VANISHED')).toEqual([]);
    } finally {
      await rm(root, { recursive: true, force: true });
      await rename(away, root);
    }
  });

  test('when a folder is on another device than it was', async () => {
    await mkdir(at('disk'));
    await mkdir(at('here'));
    for (const folder of ['disk', 'here'])
      for (const name of ['a', 'b'])
        await writePicture(at(folder, `${name}.jpg`), `${folder}${name}`.length * name.charCodeAt(0));
    await index(app, root);
    await app.sql("update echo_media_files set folder_device = '1234567' where shown_path like '%/disk/%'");
    await unlink(at('disk', 'a.jpg'));
    await unlink(at('disk', 'b.jpg'));
    await unlink(at('here', 'a.jpg'));
    const { result } = await index(app, root);
    expect(result).toMatchObject({ vanished: 1, kept: 2, keptReason: expect.stringContaining('device') });
    // Numbers of devices may change: where others of the folder are there, it is that.
    await writePicture(at('disk', 'a.jpg'), 1_000);
    await app.sql("update echo_media_files set created_at = created_at - interval '1 day'");
    const { result: back } = await index(app, root);
    expect(back).toMatchObject({ changed: 1, vanished: 1, kept: 0 });
  });

  test('when the run is cancelled', async () => {
    for (let number = 0; number < 4; number++) await writePicture(at(`${number}.jpg`), number);
    await index(app, root);
    await unlink(at('0.jpg'));
    await writePicture(at('new.jpg'), 7);
    const cancelled = gate();
    spy.before = async () => {
      await cancelled.passed(null);
      throw new Error('told to stop');
    };
    const { task: asked } = await askToIndex(app, root);
    await expect.poll(() => spy.calls.includes('read new.jpg')).toBe(true);
    const told = app.graphql(`mutation { cancelTask(taskId: "${asked.taskId}") { __typename } }`);
    await untilTask(app, asked.taskId, 'CANCELLED');
    cancelled.open();
    await told;
    expect(await task(app, asked.taskId)).toMatchObject({ status: 'CANCELLED' });
    expect((await files(app)).map(({ state }) => state)).toEqual([
      'PRESENT',
      'PRESENT',
      'PRESENT',
      'PRESENT',
    ]);
    spy.before = null;
    expect((await index(app, root)).result).toMatchObject({ new: 1, vanished: 1 });
  });
});

describe('bad files', () => {
  test('cost themselves only', async () => {
    await writePicture(at('good.jpg'), 1);
    await writeFile(at('empty.jpg'), '');
    await writeFile(at('truncated.jpg'), (await picture(2)).subarray(0, 500));
    await writeFile(at('huge.png'), hugePng());
    await writeFile(at('text.jpg'), 'no picture at all');
    await writeFile(
      at('entities.svg'),
      '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&x;</text></svg>',
    );
    const { result } = await index(app, root);
    expect(result).toMatchObject({ seen: 6, unreadable: 0, failed: 0 });
    expect(result.new).toBeGreaterThanOrEqual(1);
    expect(result.broken).toBeGreaterThanOrEqual(1);
    const known = new Map((await files(app)).map((file) => [file.path, file]));
    expect(known.get(at('good.jpg'))).toMatchObject({ state: 'PRESENT', problem: null });
    expect(known.get(at('truncated.jpg'))).toMatchObject({ state: 'BROKEN', problem: expect.any(String) });
    expect(known.get(at('text.jpg'))).toMatchObject({ state: 'BROKEN', problem: expect.any(String) });
    expect(known.get(at('entities.svg'))).toMatchObject({ state: 'IGNORED', problem: expect.any(String) });
    expect(known.get(at('huge.png'))?.state).toMatch(/PRESENT|BROKEN/);
    expect(known.size).toBe(6);
    const rows = await app.sql<{ all: string }>(
      'select row_to_json(i)::text as all from echo_media_insights i',
    );
    expect(JSON.stringify(rows)).not.toContain('root:');
    expect((await index(app, root)).result).toMatchObject({ seen: 6, bytesRead: 0, broken: result.broken });
  });

  test('that kill their reader are tried three times, until they or the reader are others', async () => {
    await writePicture(at('good.jpg'), 1);
    await writePicture(at('poison.jpg'), 2);
    const kill = async (path: Buffer) =>
      path.toString().endsWith('poison.jpg')
        ? { outcome: 'failed', problem: 'the process that read it died' }
        : null;
    spy.before = kill;
    for (let run = 1; run <= 5; run++) {
      const { result } = await index(app, root);
      expect(result).toMatchObject({
        ...{ seen: 2, failed: 1, new: run === 1 ? 1 : 0, unchanged: run === 1 ? 0 : 1 },
        problems: [{ path: at('poison.jpg'), reason: 'the process that read it died' }],
      });
    }
    const ofPoison = () => spy.calls.filter((call) => call.endsWith('poison.jpg'));
    expect(ofPoison()).toHaveLength(3);
    await app.sql('update echo_media_files set reader_version = 0');
    await index(app, root);
    expect(ofPoison()).toHaveLength(4);
    await appendFile(at('poison.jpg'), 'changed');
    spy.before = null;
    expect((await index(app, root)).result).toMatchObject({ failed: 0, new: 1 });
    expect(await app.sql('select from echo_media_files where failures > 0')).toEqual([]);
  });

  test('that cannot be stored cost themselves only', async () => {
    await writePicture(at('good.jpg'), 1);
    await writePicture(at('odd.jpg'), 2);
    spy.before = async (path) =>
      path.toString().endsWith('odd.jpg')
        ? {
            ...{
              outcome: 'media',
              fileHash: 'f'.repeat(64),
              stat: { size: 1, modifiedNs: 1n, device: '1', inode: '1' },
            },
            facts: {
              ...FACTS,
              width: 99_999_999_999,
              words: { title: 'nul \0 \ud800', caption: null, keywords: [] },
            },
          }
        : null;
    const { result } = await index(app, root);
    expect(result).toMatchObject({ new: 1, failed: 1, problems: [{ path: at('odd.jpg') }] });
  });

  test('that vanish or change while they are read', async () => {
    await writePicture(at('stays.jpg'), 1);
    await writePicture(at('goes.jpg'), 2);
    await writePicture(at('changes.jpg'), 3);
    spy.before = async (path) => {
      const name = path.toString().split('/').at(-1);
      if (name === 'goes.jpg') await unlink(path);
      if (name === 'changes.jpg')
        return { outcome: 'unreadable', problem: 'it changed while it was read', isGone: false };
    };
    const { result } = await index(app, root);
    expect(result).toMatchObject({ seen: 3, new: 1, unreadable: 2 });
    expect((await files(app)).map(({ path, state }) => [path, state])).toEqual([
      [at('changes.jpg'), 'UNREADABLE'],
      [at('stays.jpg'), 'PRESENT'],
    ]);
    spy.before = null;
    expect((await index(app, root)).result).toMatchObject({ seen: 2, new: 1, unchanged: 1, unreadable: 0 });
  });

  test('have names of any bytes', async () => {
    const latin = Buffer.concat([Buffer.from(`${root}/caf`), Buffer.of(0xe9), Buffer.from('.jpg')]);
    await writePicture(latin, 1);
    await writePicture(at('new\nline.jpg'), 2);
    await writePicture(at(`${'x'.repeat(251)}.jpg`), 3);
    await writePicture(at('ünï\u{1f600}.jpg'), 4);
    await writePicture(at('it\'s "quoted" \\x41 %s.jpg'), 5);
    const folder = Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff, 0xfe)]);
    await mkdir(folder);
    await writePicture(Buffer.concat([folder, Buffer.from('/in.jpg')]), 6);
    expect((await index(app, root)).result).toMatchObject({ seen: 6, new: 6 });
    expect((await files(app)).map(({ path }) => path)).toEqual(
      expect.arrayContaining([at('caf\\xe9.jpg'), at('new\nline.jpg'), at('\\xff\\xfe', 'in.jpg')]),
    );
    const [row] = await app.sql<{ path: Buffer }>(
      "select path from echo_media_files where shown_path like '%caf%'",
    );
    expect(row?.path).toEqual(latin);
    expect((await index(app, root)).result).toMatchObject({ seen: 6, unchanged: 6, bytesRead: 0 });
    await unlink(latin);
    expect((await index(app, root)).result).toMatchObject({ seen: 5, unchanged: 5, vanished: 1 });
  });

  test('where thumbnails cannot be written, what was seen is kept', async () => {
    await writePicture(at('a.jpg'), 1);
    const media = join(app.directory, 'media');
    await rm(media, { recursive: true, force: true });
    await writeFile(media, 'no folder');
    try {
      const { result } = await index(app, root);
      expect(result).toMatchObject({ new: 1, withoutThumbnails: 1, problems: [{ path: at('a.jpg') }] });
      expect(await insights(app)).toMatchObject([{ state: 'PRESENT' }]);
    } finally {
      await rm(media);
    }
  });

  test('are no media, and many: they are written down together, and none is read twice', async () => {
    for (let number = 0; number < 250; number++) await writeFile(at(`${number}.txt`), String(1000 + number));
    app.statements.length = 0;
    const { result } = await index(app, root);
    expect(result).toMatchObject({ seen: 250, ignored: 250, bytesRead: result.bytes });
    expect(app.statements.filter((name) => name === 'lock_media').length).toBeLessThan(10);
    expect(
      await app.sql("select count(*)::int as count from echo_media_files where state = 'IGNORED'"),
    ).toEqual([{ count: 250 }]);
    expect(new Set(spy.calls.map((call) => call.split(' ')[1])).size).toBe(spy.calls.length);
    expect((await index(app, root)).result).toMatchObject({ seen: 250, ignored: 250, bytesRead: 0 });
  });

  test('are many, and of each there is one row', async () => {
    const bytes = await picture(1);
    await writeFile(at('first.jpg'), bytes);
    await mkdir(at('many'));
    // More than are walked through at once.
    for (let number = 0; number < 300; number++) await link(at('first.jpg'), at('many', `${number}.jpg`));
    // Hard links are files like others; the content is looked at once, or some times where they are read at once.
    const { result } = await index(app, root);
    expect(result).toMatchObject({ seen: 301, failed: 0, unreadable: 0 });
    expect(result.new + result.duplicates).toBe(301);
    expect(await insights(app)).toMatchObject([{ hash: hashOf(bytes), state: 'PRESENT' }]);
    expect(await app.sql('select count(*)::int as count from echo_media_files')).toEqual([{ count: 301 }]);
    const { result: again } = await index(app, root);
    expect(again).toMatchObject({ seen: 301, unchanged: 301, bytesRead: 0 });
  }, 240_000);
});

test('files that an older reader has read are read again, and keep what was added', async () => {
  const hash = await writePicture(at('a.jpg'), 1);
  await index(app, root);
  await app.sql(
    `update echo_media_insights set reader_version = 0, tags = '{mine}', model_tags = '{theirs}', rule_tags = '{}',
       composition_notes = 'notes', analysis_tier = 'MODEL', analysis_method = 'a model', analysis_confidence = 0.9,
       categories = '{people}', visual_analysis = visual_analysis || '{"model": {"caption": "seen"}}'`,
  );
  await app.sql('update echo_media_files set reader_version = 0');
  expect((await index(app, root)).result).toMatchObject({ seen: 1, unchanged: 1 });
  expect(spy.calls.filter((call) => call.startsWith('read'))).toHaveLength(2);
  const [row] = await app.sql('select * from echo_media_insights where file_hash = $1', [hash]);
  expect(row).toMatchObject({
    ...{ tags: ['mine'], model_tags: ['theirs'], composition_notes: 'notes', categories: ['people'] },
    ...{ analysis_tier: 'MODEL', analysis_method: 'a model', reader_version: READER_VERSION },
    rule_tags: expect.arrayContaining(['landscape']),
    visual_analysis: expect.objectContaining({ model: { caption: 'seen' } }),
  });
  expectWhole((await index(app, root)).result);
});

test('folders that cannot be read are told, and what is known of them stays', async ({ skip }) => {
  if (process.getuid?.() === 0) skip();
  await mkdir(at('closed'));
  await writePicture(at('closed', 'a.jpg'), 1);
  await index(app, root);
  await chmod(at('closed'), 0o000);
  try {
    const { result } = await index(app, root);
    expect(result).toMatchObject({ unreadableFolders: 1, vanished: 0, kept: 1 });
  } finally {
    await chmod(at('closed'), 0o755);
  }
});

const FACTS = {
  ...{
    kind: 'image',
    mediaType: 'image/jpeg',
    width: 1,
    height: 1,
    durationSeconds: null,
    codec: null,
    taken: null,
  },
  ...{ location: null, placeNames: null, camera: null, features: null, isBroken: false, problem: null },
  ...{ method: 'test', thumbnails: [] },
};

/** A header of 30,000 × 30,000 pixels, and little else. */
function hugePng(): Buffer {
  const header = Buffer.alloc(33);
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(header);
  header.writeUInt32BE(30_000, 16);
  header.writeUInt32BE(30_000, 20);
  Buffer.from('0802000000', 'hex').copy(header, 24);
  // The checksum of the header, as Node's zlib has it.
  header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
  return Buffer.concat([header, Buffer.alloc(50_000)]);
}
