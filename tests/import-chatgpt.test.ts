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

  test('conversations without a way to the current message are read as far as they go', async () => {
    const records = await readAll('chatgpt', fixture('chatgpt-bad.json'));
    expect(badOf(records).map(({ line, message }) => `${line} ${message}`)).toEqual(['6 must be an object']);
    expect(turnsOf(records).filter(({ line }) => line === 7)).toMatchObject([
      { conversationId: 'good', turn: { query: 'ok' } },
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
