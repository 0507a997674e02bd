import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { badOf, directory, fixture, readAll, temporary, turnsOf } from './fixtures/import/support.ts';

afterAll(() => rm(directory, { recursive: true }));

describe('chatgpt', () => {
  test('the visible path becomes turns: answers joined, tools left out, other branches ignored', async () => {
    const records = turnsOf(await readAll('chatgpt', fixture('chatgpt.json')));
    expect(
      records.map(({ line, conversationId, turn }) => [line, conversationId, turn.query, turn.response]),
    ).toEqual([
      [1, 'well', 'How deep is the well?', 'Let me look.\n\nIt is 12 metres deep.'],
      [1, 'well', 'Is this it?', undefined],
      [1, 'well', 'Hello?', undefined],
      [2, 'bucket', 'Welcome back!', undefined],
      [2, 'bucket', '[image_asset_pointer]', 'A nice bucket.'],
    ]);
    expect(records[0]!.turn).toMatchObject({
      timestamp: '2023-11-14T22:13:20.250Z',
      modelUsed: 'gpt-4o-mini',
      metadata: { source: 'chatgpt', messageIds: ['m1', 'm2', 'm5'] },
      idempotencyKey: 'chatgpt/well/m1+m2+m5',
    });
    expect(records[1]!.turn.metadata).toMatchObject({ nonTextParts: ['image_asset_pointer'] });
    // The message without a time has that of the one before.
    expect(records[2]!.turn.timestamp).toBe(records[1]!.turn.timestamp);
    expect(records[3]!.turn).toMatchObject({ speaker: 'assistant' });
  });

  test('bad conversations are named and do not hide the good one', async () => {
    const records = await readAll('chatgpt', fixture('chatgpt-bad.json'));
    expect(badOf(records).map(({ line, field, message }) => `${line} ${field} ${message}`)).toEqual([
      '1 id must be text (or "conversation_id")',
      '2 current_node must be text (conversation b2)',
      '3 mapping has no node "nowhere" (conversation b3)',
      '4 mapping has a cycle at node "n0" (conversation b4)',
      '5 mapping must be an object (conversation b5)',
      '6 null must be an object',
    ]);
    expect(turnsOf(records)).toMatchObject([{ line: 7, conversationId: 'good', turn: { query: 'ok' } }]);
  });

  test('a message over the limit is bad and names it', async () => {
    const message = (text: string) => ({
      id: 'm',
      author: { role: 'user' },
      content: { content_type: 'text', parts: [text] },
    });
    const file = await temporary(
      'long-chat.json',
      JSON.stringify([
        {
          id: 'c',
          current_node: 'n',
          mapping: { n: { message: message('x'.repeat(32_001)), parent: null } },
        },
      ]),
    );
    expect(badOf(await readAll('chatgpt', file))).toEqual([
      {
        kind: 'bad',
        line: 1,
        field: 'message m: content',
        message: 'must have 1 to 32000 characters, has 32001',
      },
    ]);
  });

  test('text that is split over read chunks inside a character stays whole', async () => {
    const text = 'é🌱'.repeat(5_000);
    const chats = Array.from({ length: 40 }, (_, index) => ({
      id: `c${index}`,
      current_node: 'n',
      mapping: {
        n: { message: { id: 'm', author: { role: 'user' }, content: { parts: [text] } }, parent: null },
      },
    }));
    const records = turnsOf(await readAll('chatgpt', await temporary('utf8.json', JSON.stringify(chats))));
    expect(records.map(({ turn }) => turn.query === text)).toEqual(Array(40).fill(true));
  });
});
