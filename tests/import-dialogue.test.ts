import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { parseDialogueDate } from '../src/import/dialogue.ts';
import { badOf, directory, fixture, readAll, temporary, turnsOf } from './fixtures/import/support.ts';

afterAll(() => rm(directory, { recursive: true }));

describe('dialogue', () => {
  test('one utterance is one turn with its text unchanged and its order kept', async () => {
    const records = turnsOf(await readAll('dialogue', fixture('dialogue.json')));
    expect(records.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
    expect(records[0]).toEqual({
      kind: 'turn',
      line: 1,
      conversationId: 'pond',
      turn: {
        query: '  The heron is back.  ',
        speaker: 'Ines',
        sessionId: 'pond/1',
        timestamp: '2022-12-31T23:59:00.000Z',
        metadata: { dialogueId: 'S1:1', date: '11:59 pm on 31 December, 2022' },
        idempotencyKey: 'pond/S1:1',
      },
    });
    expect(records[1]!.turn).toMatchObject({
      timestamp: '2022-12-31T23:59:01.000Z',
      metadata: { caption: 'a grey bird on one leg' },
    });
    expect(records[2]!.turn).toMatchObject({ sessionId: 'pond/2', timestamp: '2023-01-02T00:05:00.000Z' });
    expect(records[3]).toMatchObject({
      conversationId: 'forge',
      turn: { timestamp: '2023-03-03T12:30:00.000Z' },
    });
  });

  test('bad conversations and utterances are named by their path', async () => {
    const turn = { id: 'x', session: 1, date: '1:00 pm on 1 May, 2023', speaker: 'A', text: 'hi' };
    const turns = [
      { ...turn, date: '25:00 pm on 1 May, 2023' },
      { ...turn, date: '1:00 pm on 31 June, 2023' },
      { ...turn, text: '' },
      { ...turn, text: undefined },
      { ...turn, speaker: undefined },
      { ...turn, session: null },
      { ...turn, id: null },
      'hello',
    ];
    const file = await temporary(
      'bad-dialogue.json',
      JSON.stringify({ conversations: [{ id: 'a' }, { id: 'b', turns }] }),
    );
    const records = badOf(await readAll('dialogue', file));
    expect(records.map(({ line, field }) => `${line} ${field}`)).toEqual([
      '1 conversations[0]',
      '2 conversations[1].turns[0].date',
      '3 conversations[1].turns[1].date',
      '4 conversations[1].turns[2].text',
      '5 conversations[1].turns[3].text',
      '6 conversations[1].turns[4].speaker',
      '7 conversations[1].turns[5].session',
      '8 conversations[1].turns[6].id',
      '9 conversations[1].turns[7]',
    ]);
  });

  test.each([
    ['12:00 am on 8 May, 2023', '2023-05-08T00:00:00.000Z'],
    ['12:00 pm on 8 May, 2023', '2023-05-08T12:00:00.000Z'],
    ['1:56 PM on 8 may 2023', '2023-05-08T13:56:00.000Z'],
    ['2023-05-08T13:56:00+02:00', '2023-05-08T11:56:00.000Z'],
  ])('the date %s is %s', (text, expected) =>
    expect(new Date(parseDialogueDate(text)!).toISOString()).toBe(expected),
  );

  test('a truncated file is a clear error', async () => {
    const file = await temporary('cut.json', '{"conversations": [{"id": "a", "turns": [');
    await expect(readAll('dialogue', file)).rejects.toThrow(
      /is not valid JSON after element 0 \(is it truncated\?\)/,
    );
  });
});
