import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { directory, temporary } from './fixtures/import/support.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { importInto } from './support/import.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true });
});

type Said = [id: string, role: 'user' | 'assistant', text: string, more?: object];

/** A conversation of a ChatGPT export that goes straight on. */
function chat(id: string, said: readonly Said[], more: object = {}) {
  const nodes = said.map(([messageId, role, text, rest], index) => ({
    id: messageId,
    parent: said[index - 1]?.[0] ?? null,
    message: {
      id: messageId,
      author: { role },
      content: { content_type: 'text', parts: [text] },
      create_time: 1_700_000_000 + index,
      ...rest,
    },
  }));
  const mapping = Object.fromEntries(nodes.map((node) => [node.id, node]));
  return { id, title: id, create_time: 1_700_000_000, mapping, current_node: said.at(-1)?.[0], ...more };
}

const exportFile = (name: string, chats: readonly object[]) => temporary(name, JSON.stringify(chats));

const said = async (conversationId: string): Promise<[string, string | null][]> => {
  const { data } = await app.graphql(
    'query ($id: String!) { conversation(conversationId: $id) { interactions(first: 50) { nodes { query response } } } }',
    { id: conversationId },
  );
  return (
    data.conversation?.interactions.nodes.map((turn: { query: string; response: string }) => [
      turn.query,
      turn.response,
    ]) ?? []
  );
};

describe('a later export', () => {
  const van = (answer: string, more: object = {}) =>
    chat('van', [
      ['u1', 'user', 'Which tyre pressure for the blue van?'],
      ['a1', 'assistant', answer, more],
      ['u2', 'user', 'And the trailer?'],
      ['a2', 'assistant', '3.0 bar.'],
    ]);
  const hedge = chat('hedge', [
    ['u3', 'user', 'When do I cut the hedge?'],
    ['a3', 'assistant', 'In June.'],
  ]);
  const kiln = chat('kiln', [
    ['u4', 'user', 'How hot is the kiln?'],
    ['a4', 'assistant', '1,240 degrees.'],
  ]);

  test('whose answer changed is imported to its end; the new text is stored once, the earlier one stays', async () => {
    expect(await importInto(app.url, [await exportFile('1.json', [van('2.4'), hedge])])).toMatchObject({
      ...{ code: 0, stored: 3 },
    });
    const newer = '2.4 bar in front, 2.8 bar at the back.';
    const file = await exportFile('2.json', [van(newer), hedge, kiln]);
    const second = await importInto(app.url, [file]);
    expect(second, second.stderr).toMatchObject({ code: 0, sent: 4, stored: 2, again: 2 });
    expect(second.stdout).toContain('1 turn changed since the last import');
    expect(await said('van')).toEqual([
      ['Which tyre pressure for the blue van?', '2.4'],
      ['And the trailer?', '3.0 bar.'],
      ['Which tyre pressure for the blue van?', newer],
    ]);
    expect(await said('kiln')).toEqual([['How hot is the kiln?', '1,240 degrees.']]);
    const { data } = await app.graphql(
      '{ memorySearch(query: "pressure at the back", limit: 3) { hits { interaction { response } } } }',
    );
    expect(data.memorySearch.hits[0].interaction.response).toBe(newer);
    for (const again of [[file], [file, '--restart'], [file, '--skip-bad']])
      expect(await importInto(app.url, again)).toMatchObject({ code: 0, stored: 0, again: 4 });
    // What was there before is known under its first key.
    expect(await importInto(app.url, [await exportFile('3.json', [van('2.4')])])).toMatchObject({
      ...{ stored: 0, again: 2 },
    });
  });

  test('that differs in model and time only changes nothing', async () => {
    const other = van('2.4', { create_time: 1_700_000_500, metadata: { model_slug: 'another' } });
    const changed = await importInto(app.url, [await exportFile('4.json', [other, hedge])]);
    expect(changed).toMatchObject({ code: 0, stored: 0, again: 3 });
    expect(changed.stdout).toContain('1 turn would be stored with another time, model or metadata today');
  });

  test('in which every turn of a long conversation changed is imported all the same', async () => {
    const long = (answer: string) =>
      chat(
        'long',
        Array.from({ length: 120 }, (_, n): Said[] => [
          [`q${n}`, 'user', `Question ${n}?`],
          [`r${n}`, 'assistant', `${answer} ${n}`],
        ]).flat(),
      );
    await importInto(app.url, [await exportFile('5.json', [long('old')])]);
    const file = await exportFile('6.json', [long('new'), chat('behind', [['b1', 'user', 'Still here?']])]);
    expect(await importInto(app.url, [file])).toMatchObject({ code: 0, sent: 121, stored: 121, again: 0 });
    expect(await importInto(app.url, [file])).toMatchObject({ code: 0, sent: 121, stored: 0, again: 121 });
  });

  test('brings no turn back that was deleted, and goes on', async () => {
    const file = await exportFile('7.json', [
      chat('attic', [
        ['d1', 'user', 'A secret.'],
        ['d2', 'user', 'Not a secret.'],
      ]),
    ]);
    await importInto(app.url, [file]);
    const { data } = await app.graphql(
      '{ conversation(conversationId: "attic") { interactions(first: 1) { nodes { turnId } } } }',
    );
    const [{ turnId }] = data.conversation.interactions.nodes;
    await app.graphql('mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }', {
      id: turnId,
    });
    const again = await importInto(app.url, [file]);
    expect(again, again.stderr).toMatchObject({ code: 0, stored: 0, again: 1 });
    expect(again.stdout).toContain('1 turn had been deleted: left out');
    expect(await said('attic')).toEqual([['Not a secret.', null]]);
  });
});

test('a line whose key names another content is stored under another key, in the turns format as well', async () => {
  const line = (query: string) => JSON.stringify({ conversationId: 'keys', query, idempotencyKey: 'k' });
  const file = await temporary(
    'keys.jsonl',
    [line('one'), line('two'), JSON.stringify({ conversationId: 'keys', query: 'three' })].join('\n'),
  );
  expect(await importInto(app.url, [file])).toMatchObject({ code: 0, sent: 3, stored: 3 });
  expect(await importInto(app.url, [file])).toMatchObject({ code: 0, sent: 3, stored: 0, again: 3 });
  expect((await said('keys')).map(([query]) => query).sort()).toEqual(['one', 'three', 'two']);
});

test('what the server refuses is left out by its place, the rest comes in, and the exit code says so', async () => {
  // The importer knows no upper limit of this field; the server does.
  const line = (query: string, processingTimeMs: number, conversationId = 'sent') =>
    JSON.stringify({ conversationId, query, processingTimeMs });
  const file = await temporary(
    'refused.jsonl',
    [
      ...Array.from({ length: 40 }, (_, n) => line(`good ${n}`, 5)),
      line('too slow', 1e13),
      ...Array.from({ length: 40 }, (_, n) => line(`fine ${n}`, 5)),
      line('slower', 1e13, 'other'),
      line('last', 5, 'other'),
    ].join('\n'),
  );
  const run = await importInto(app.url, [file]);
  expect(run).toMatchObject({ code: 1, sent: 81, stored: 81, refused: 2 });
  expect(run.stdout).toMatch(
    /line 41 \(conversation sent\): the server refused it, BAD_USER_INPUT: turns.*processingTimeMs/,
  );
  expect(run.stdout).toMatch(/line 82 \(conversation other\): the server refused it/);
  expect(run.stdout).not.toContain('run the same command again');
  expect((await said('other')).map(([query]) => query)).toEqual(['last']);
});
