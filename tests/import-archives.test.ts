import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { directory, fixture, png, temporary, zip } from './fixtures/import/support.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { importInto } from './support/import.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

async function queriesOf(id: string): Promise<string[]> {
  const { data } = await app.graphql(
    'query ($id: String!) { conversation(conversationId: $id) { interactions(first: 50) { nodes { query } } } }',
    { id },
  );
  return (data.conversation?.interactions.nodes ?? []).map(({ query }: { query: string }) => query);
}
const content = (name: string) => readFile(fixture(name));
const asked = (id: string, text: string) =>
  JSON.stringify([{ id, messages: [{ id: `${id}-1`, role: 'user', content: text }] }]);

describe('whole exports', () => {
  test('of Claude: its chats and what it remembers, and the rest is passed over', async () => {
    const file = await temporary(
      'claude.zip',
      zip({
        'conversations.json': await content('claude.json'),
        'memories.json': await content('claude-memories.json'),
        'projects.json': '[{"uuid":"p-1","name":"Organs","docs":[{"filename":"a.md","content":"x"}]}]',
        'users.json': '[{"uuid":"acc","full_name":"A"}]',
      }),
    );
    const { code, stdout, stderr } = await importInto(app.url, [file]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/claude\.zip: conversations\.json: imported as claude\n/);
    expect(stdout).toMatch(/claude\.zip: memories\.json: imported as claude-memory\n/);
    expect(stdout).toMatch(
      /in all: 2 files, 2 passed over\n {2}turns sent +5\n {2}stored new +5\n {2}replayed +0\n/,
    );
    expect(stdout).toMatch(/left out: calls of tools 2, thoughts 1, [^\n]*\n$/);
    expect(stderr).toMatch(/^left out: "[^"]*projects\.json" is of no known format$/m);
    const again = await importInto(app.url, [file]);
    expect(again.stdout).toMatch(/in all: 2 files, 2 passed over\n.*\n {2}stored new +0\n {2}replayed +5\n/);
  });

  test('of ChatGPT: conversations in parts; pictures, pages and settings are passed over', async () => {
    const chats: unknown[] = JSON.parse((await content('chatgpt.json')).toString());
    const { code, stdout, stderr } = await importInto(app.url, [
      await temporary(
        'chatgpt.zip',
        zip({
          'chat.html': '<html></html>',
          'user.json': '{"id":"u","email":"a@example.org"}',
          'message_feedback.json': '[{"id":"f","conversation_id":"well","rating":"thumbs_up"}]',
          'conversations-000.json': JSON.stringify(chats.slice(0, 1)),
          'conversations-001.json': JSON.stringify(chats.slice(1)),
          'file-1.png': png(),
          'dalle-generations/file-2.png': png(),
        }),
      ),
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/in all: 2 files, 2 passed over\n {2}turns sent +5\n/);
    expect(stderr).not.toContain('png');
    expect(await queriesOf('well')).toContain('How deep is the well?');
  });

  test('of Google: the prompts, and nothing of other products', async () => {
    const watched = [
      { header: 'YouTube', title: 'Watched Lilacs', time: '2026-01-01T00:00:00Z', products: ['YouTube'] },
    ];
    const { code, stdout, stderr } = await importInto(app.url, [
      await temporary(
        'takeout.zip',
        zip({
          'Takeout/archive_browser.html': '<html></html>',
          'Takeout/My Activity/YouTube/MyActivity.json': JSON.stringify(watched),
          'Takeout/My Activity/Gemini Apps/MyActivity.json': await content('gemini.json'),
        }),
      ),
      '--skip-bad',
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/in all: 1 files, 1 passed over\n {2}turns sent +3\n/);
    expect(await queriesOf('gemini-2026-02-02')).toHaveLength(2);
  });

  test('of Google as pages: what to do instead', async () => {
    const file = await temporary('pages.zip', zip({ 'Takeout/My Activity/Gemini Apps/MyActivity.html': '' }));
    const { code, stderr } = await importInto(app.url, [file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/holds nothing to import.*order the export as JSON/);
  });

  test('of Hindsight: all its documents', async () => {
    const document = (await content('hindsight-document.json')).toString();
    const parts = Array.from({ length: 30 }, (_, index): [string, string] => [
      `documents/${String(index).padStart(6, '0')}.json`,
      document.replace('chat/2025-01-12', `doc-${index}`),
    ]);
    const file = await temporary(
      'bank.zip',
      zip([['manifest.json', '{"schema_version":1,"source_bank_id":"b","document_count":30}'], ...parts]),
    );
    const { code, stdout } = await importInto(app.url, [file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/in all: 30 files, 1 passed over\n {2}turns sent +60\n {2}stored new +60\n/);
    expect(await queriesOf('hindsight-doc-29')).toHaveLength(2);
  });
});

describe('what a file holds is told by its content', () => {
  test('whatever it is called, also twice the same', async () => {
    const file = await temporary(
      'wrong.json',
      zip([
        ['conversations.json', await content('openwebui.json')],
        ['mem0.jsonl', asked('n1', 'One?')],
        ['twice.json', asked('n2', 'Two?')],
        ['twice.json', asked('n3', 'Three?')],
      ]),
    );
    const { code, stdout } = await importInto(app.url, [file]);
    expect(code).toBe(0);
    expect(stdout).toContain('conversations.json: imported as openwebui');
    expect(await Promise.all(['n1', 'n2', 'n3'].map(queriesOf))).toEqual([['One?'], ['Two?'], ['Three?']]);
  });

  test('where nothing is known, it is said, and the exit code is 1', async () => {
    const file = await temporary('unknown.zip', zip({ 'a.json': '{"a":1}', 'b.json': '{"b":1}' }));
    const { code, stderr } = await importInto(app.url, [file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^left out: .*a\.json" is of no known format$/m);
    expect(stderr).toMatch(/unknown\.zip" holds nothing that can be imported\n$/);
  });
});

describe('hostile archives', () => {
  test.each(['../outside.json', '/tmp/outside.json', 'a/../../outside.json', 'C:\\outside.json'])(
    'the name %s leads nowhere',
    async (name) => {
      const file = await temporary('path.zip', zip({ [name]: asked('outside', 'Out?') }));
      const checkpoints = join(directory, 'in', 'checkpoints');
      const { code, stderr } = await importInto(app.url, [file], { checkpointDirectory: checkpoints });
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/cannot be read: (invalid relative|absolute) path/),
      ]);
      for (const place of ['/tmp', directory, join(directory, 'in'), checkpoints])
        expect(existsSync(join(place, 'outside.json'))).toBe(false);
    },
  );

  test('names cannot steer a terminal', async () => {
    const file = await temporary('controls.zip', zip({ '\u001b[2J\u202egnp.json': asked('esc', 'Esc?') }));
    const { code, stdout } = await importInto(app.url, [file]);
    expect(code).toBe(0);
    expect(stdout).toContain('controls.zip: \ufffd[2J\ufffdgnp.json: imported as messages');
  });

  test('sizes beyond what the archive could hold are not unpacked', async () => {
    const file = await temporary(
      'large.zip',
      zip({ 'a.json': asked('large', 'Large?') }, { saidBytes: 3 * 1024 ** 3 }),
    );
    const checkpoints = join(directory, 'large-checkpoints');
    const { code, stderr } = await importInto(app.url, [file], { checkpointDirectory: checkpoints });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /a\.json is not unpacked, as the archive would unpack to more than 200 times its size/,
    );
    expect(await readdir(join(checkpoints, 'unpacked'))).toEqual([]);
  });

  test('archives within archives share what may be unpacked', async () => {
    const inner = zip({ 'a.json': asked('inner', 'Inner?') }, { saidBytes: 700 * 1024 ** 2 });
    const file = await temporary('shared.zip', zip({ 'one.zip': inner, 'two.zip': inner }));
    const { code, stderr } = await importInto(app.url, [file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/two\.zip" *: a\.json is not unpacked, as the archive would unpack to more than/);
  });

  test('one that is cut in the middle is told of, and the next file comes in', async () => {
    const whole = zip({ 'a.json': asked('cut', 'Cut?') });
    const { code, stderr } = await importInto(app.url, [
      await temporary('cut.zip', whole.subarray(0, whole.length - 30)),
      await temporary('next.json', asked('next', 'Next?')),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cut\.zip" is a ZIP archive that cannot be read: .*truncated/i);
    expect(await queriesOf('next')).toEqual(['Next?']);
  });
});

describe('exports cut in the middle', () => {
  test.each([
    ['claude.json', -60, 'conversation 3', 'claude'],
    ['openwebui.json', -60, 'conversation 2', 'openwebui'],
    ['gemini.json', -30, 'activity 7', 'gemini'],
    ['mem0.json', -120, '', 'mem0'],
    ['sillytavern.jsonl', -20, 'line 8', 'sillytavern'],
    ['messages.jsonl', -10, 'line 8', 'messages'],
    ['grok.json', -40, 'conversation 5', 'grok'],
    ['server-memory.jsonl', -20, 'memory 5', 'server-memory'],
  ])('%s: what is whole is stored, and where it ends is told', async (name, end, place, format) => {
    const file = await temporary(`cut-${name}`, (await content(name)).subarray(0, end));
    const { code, stdout, stderr } = await importInto(app.url, [file]);
    expect(code).toBe(1);
    if (place === '') expect(stderr).toMatch(/is not valid JSON after element 0 \(is it truncated\?\)/);
    else {
      expect(stdout).toContain(`imported as ${format}`);
      expect(stdout).toMatch(new RegExp(`^${place}: .*(breaks off|ends too early|broken)`, 'm'));
    }
  });
});
