import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportedLines, restored } from './support/exports.ts';
import type { TestApp } from './support/harness.ts';
import { type GivenInsight, hashNamed, storeInsight } from './support/media.ts';
import { index, picture, startMediaApp, writePicture } from './support/media-folders.ts';
import { runTask, untilTask } from './support/tasks.ts';

let root: string;
let app: TestApp;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ root, app, close } = await startMediaApp());
});
afterAll(() => close());

async function learn(user?: string) {
  const { taskId } = await runTask(app, { type: 'learn_from_media' }, user);
  return (await untilTask(app, taskId, 'COMPLETED', user, 60_000)).result;
}
const nothing = { users: 1, added: 0, changed: 0, dropped: 0, refused: 0 };

const FACTS = `{ facts(first: 20, filter: { status: null }) { nodes { factId statement predicate object category status origin confidence
  sources { quote start end saidAt field interaction { turnId } media { filePath fileHash learned } } changes { kind by } } } }`;
// biome-ignore lint/suspicious/noExplicitAny: what clients get
async function facts(user?: string): Promise<any[]> {
  const { data, errors } = await app.graphql(FACTS, {}, user);
  expect(errors).toBeUndefined();
  return data.facts.nodes;
}
const statements = async (user?: string) =>
  (await facts(user))
    .filter(({ status }) => status === 'ACTIVE')
    .map(({ statement }) => statement)
    .sort();

/** As a picture that was taken on a day of 2024, at an hour of its clock. */
function taken(day: number, hour = 9): GivenInsight {
  const at = new Date(Date.UTC(2024, 0, day, hour));
  return {
    dateTaken: at,
    dateTakenLocal: at.toISOString().slice(0, 19),
    dateTakenSource: 'EXIF DateTimeOriginal',
  };
}
/** Stores pictures of a user, one a day, each with what is given for its number. */
async function store(user: string, count: number, given: (number: number) => GivenInsight, prefix = 'p') {
  for (let number = 0; number < count; number++)
    await storeInsight(app, user, `${user} ${prefix}${number}`, { ...taken(1 + number), ...given(number) });
}
const palette = (...colors: [string, number][]) =>
  colors.map(([name, share]) => ({ name, hex: '#000000', share }));

describe('what pictures have in common', () => {
  test('becomes facts, with the pictures that show it', async () => {
    await store('ada', 40, (number) => ({
      // Mondays to Sundays alike, so no preference for the weekend.
      ...taken(1 + number, number % 10 < 6 ? 19 : 12),
      tags: number < 25 ? [number % 2 ? 'Dogs' : 'dog'] : ['mixed'],
      modelTags: number < 19 ? ['tree'] : [],
      ruleTags: ['landscape'],
      colorPalette: palette(['blue', number < 20 ? 0.4 : 0.2], ['grey', 0.6]),
      ...(number < 22 && {
        locationData: { altitude: null, places: { city: 'Lisbon', country: 'Portugal' } },
      }),
      ...(number >= 22 && { latitude: 48.137, longitude: 11.575 }),
    }));
    expect(await learn('ada')).toEqual({ ...nothing, pictures: 40, added: 4 });
    expect(await statements('ada')).toEqual([
      'user mostly photographs in the evening',
      'user often photographs dog',
      'user often photographs in Lisbon, Portugal',
      'user often photographs in blue',
    ]);
    const found = await facts('ada');
    const dog = found.find(({ object }) => object === 'dog');
    expect(dog).toMatchObject({
      ...{ predicate: 'photographs', category: 'PREFERENCE', origin: 'RULES', status: 'ACTIVE' },
      changes: [{ kind: 'ADDED', by: 'media' }],
    });
    expect(dog.sources).toHaveLength(25);
    expect(dog.sources[0]).toEqual({
      ...{ quote: 'dog', start: 0, end: 3, field: null, interaction: null },
      saidAt: '2024-01-25T19:00:00.000Z',
      media: { filePath: '/photos/ada p24', fileHash: hashNamed('ada p24'), learned: true },
    });
    const blue = found.find(({ object }) => object === 'blue');
    expect(blue.sources.map(({ quote }: { quote: string }) => quote)).toEqual(Array(20).fill('blue 40 %'));
    // Only of what something was learned.
    const { data } = await app.graphql('{ mediaStats { learned } }', {}, 'ada');
    expect(data.mediaStats.learned).toBe(32);
  });

  test('is the same in a second run, which changes nothing', async () => {
    const before = await app.sql('select * from echo_fact_sources order by id');
    const changes = await app.sql('select * from echo_fact_changes order by id');
    expect(await learn('ada')).toEqual({ ...nothing, pictures: 40 });
    expect(await app.sql('select * from echo_fact_sources order by id')).toEqual(before);
    expect(await app.sql('select * from echo_fact_changes order by id')).toEqual(changes);
  });

  test('is shown by enough pictures, of enough days, that are not one picture', async () => {
    await store('five', 5, () => ({ tags: ['sea'], colorPalette: palette(['blue', 0.9]) }));
    await store('day', 30, () => ({ ...taken(1), tags: ['sea'] }));
    await store('few', 19, () => ({ tags: ['sea'] }));
    await store('undated', 30, () => ({ dateTaken: null, dateTakenLocal: null, tags: ['sea'] }));
    await store('rare', 210, (number) => ({ tags: [number < 20 ? 'sea' : 'other'] }));
    await store('burst', 30, () => ({ tags: ['sea'], perceptualHash: '9d3c5a7e1f0b2846' }));
    await store('screens', 24, () => ({ tags: ['sea'], ruleTags: ['screenshot'] }));
    await store('gone', 24, () => ({ tags: ['sea'], state: 'VANISHED' }));
    await store('dull', 24, () => ({ colorPalette: palette(['grey', 0.9], ['brown', 0.1]) }));
    const said = async (user: string) => {
      await learn(user);
      return statements(user);
    };
    for (const user of ['five', 'day', 'few', 'undated', 'burst', 'screens', 'gone'])
      expect([user, (await said(user)).filter((text) => /sea|blue/.test(text))]).toEqual([user, []]);
    expect(await said('rare')).toContain('user often photographs other');
    expect(await statements('rare')).not.toContain('user often photographs sea');
    expect(await said('dull')).toEqual(['user mostly photographs in the morning']);
  }, 180_000);

  test('tells hours by the clock of a picture, and of an instant only where the zone of the user is known', async () => {
    // An evening in Los Angeles, as Takeout knows it: five in the morning in UTC.
    const instants = (number: number) => ({
      ...taken(2 + number, 5),
      dateTakenOffset: '+00:00',
      dateTakenSource: 'Takeout photoTakenTime',
    });
    for (const user of ['zoneless', 'angela']) await store(user, 28, instants);
    await app.graphql(
      'mutation { updateSettings(input: { timeZone: "America/Los_Angeles" }) { __typename } }',
      {},
      'angela',
    );
    for (const user of ['zoneless', 'angela']) await learn(user);
    expect(await statements('zoneless')).toEqual([]);
    expect(await statements('angela')).toEqual(['user mostly photographs in the evening']);
    const [{ sources }] = await facts('angela');
    expect(sources[0].quote).toBe('2024-01-28T21:00:00');
  });

  test('of places without a name is told by the cell of the earth, and of weekends', async () => {
    const weekends = [6, 7, 13, 14, 20, 21, 27, 28];
    await store('bea', 24, (number) => ({
      ...taken(weekends[number % 8] ?? 6, 23),
      ...(number < 12 ? { latitude: 48.137, longitude: 11.575 } : { latitude: -33.87, longitude: -70.6 }),
    }));
    await store(
      'bea',
      12,
      (number) => ({ ...taken(weekends[number % 8] ?? 6, 2), latitude: 48.138, longitude: 11.576 }),
      'q',
    );
    await learn('bea');
    expect(await statements('bea')).toEqual([
      'user mostly photographs at night',
      'user mostly photographs at the weekend',
      'user often photographs in 48.14 north, 11.58 east (u281z)',
    ]);
    const night = (await facts('bea')).find(({ object }) => object === 'night');
    expect(night.sources).toHaveLength(36);
  });
});

describe('a fact that pictures show', () => {
  const forget = (user: string, name: string) =>
    app.graphql(`mutation { forgetMedia(fileHash: "${hashNamed(name)}") { __typename } }`, {}, user);
  const words = async (word: string) =>
    app.sql('select quote from echo_fact_sources s where s::text ilike $1', [`%${word}%`]);

  test('loses those that are forgotten at once, and goes when too few are left', async () => {
    await store('cid', 24, () => ({ tags: ['lighthouse'], ...taken(1) }));
    for (let number = 0; number < 24; number++)
      await app.sql('update echo_media_insights set date_taken_local = $2 where file_hash = $1', [
        hashNamed(`cid p${number}`),
        `2024-02-${String(1 + number).padStart(2, '0')}T12:00:00`,
      ]);
    await learn('cid');
    const [fact] = (await facts('cid')).filter(({ object }) => object === 'lighthouse');
    expect(fact.sources).toHaveLength(24);
    for (let number = 0; number < 8; number++) await forget('cid', `cid p${number}`);
    const less = (await facts('cid')).find(({ factId }) => factId === fact.factId);
    expect(less).toMatchObject({ status: 'ACTIVE', object: 'lighthouse' });
    expect(less.sources).toHaveLength(16);
    // Three quarters of what it needed are enough for it to stay.
    expect(await learn('cid')).toMatchObject({ dropped: 0 });
    for (let number = 8; number < 10; number++) await forget('cid', `cid p${number}`);
    expect(await learn('cid')).toMatchObject({ dropped: 2, added: 0 });
    const gone = (await facts('cid')).find(({ factId }) => factId === fact.factId);
    expect(gone).toMatchObject({ status: 'RETRACTED', statement: '', object: '', sources: [] });
    expect(await words('lighthouse')).toEqual([]);
    // With all of them forgotten nothing is left of another one, without any run.
    await store('cora', 20, () => ({ tags: ['windmill'] }));
    await learn('cora');
    for (let number = 0; number < 20; number++) await forget('cora', `cora p${number}`);
    expect(await statements('cora')).toEqual([]);
    expect(await words('windmill')).toEqual([]);
  });

  test('is not learned again once a person took it back, or undid it', async () => {
    await store('dan', 20, () => ({ tags: ['boat', 'pier'], colorPalette: palette(['teal', 0.5]) }));
    await learn('dan');
    const named = async (object: string) => (await facts('dan')).find((fact) => fact.object === object);
    await app.graphql(
      `mutation { retractFact(factId: "${(await named('boat')).factId}") { __typename } }`,
      {},
      'dan',
    );
    const { data } = await app.graphql(
      `{ fact(factId: "${(await named('pier')).factId}") { changes { changeId } } }`,
      {},
      'dan',
    );
    await app.graphql(
      `mutation { undoLearningChange(changeId: "${data.fact.changes[0].changeId}", cascade: true) { __typename } }`,
      {},
      'dan',
    );
    await storeInsight(app, 'dan', 'dan new', { ...taken(30), tags: ['boat', 'pier'] });
    expect(await learn('dan')).toMatchObject({ added: 0 });
    expect((await named('boat')).status).toBe('RETRACTED');
    expect((await named('pier')).status).toBe('RETRACTED');
  });

  test('stays what was said in turns, too', async () => {
    await app.graphql(
      'mutation { addFact(input: { predicate: "photographs", object: "bridges" }) { __typename } }',
      {},
      'eva',
    );
    await store('eva', 20, () => ({ tags: ['bridge'] }));
    expect(await learn('eva')).toMatchObject({ changed: 1 });
    const [both] = (await facts('eva')).filter(({ predicate }) => predicate === 'photographs');
    expect(both).toMatchObject({ statement: 'user photographs bridges', origin: 'PERSON' });
    expect(both.sources).toHaveLength(21);
    for (let number = 0; number < 20; number++) await forget('eva', `eva p${number}`);
    const [left] = (await facts('eva')).filter(({ predicate }) => predicate === 'photographs');
    expect(left).toMatchObject({ status: 'ACTIVE', statement: 'user photographs bridges' });
    expect(left.sources).toHaveLength(1);
  });

  test('goes with its user, and comes back with an export', async () => {
    await store('fay', 20, () => ({ tags: ['orchid'] }));
    await learn('fay');
    const lines = await exportedLines(app, 'fay');
    const before = await facts('fay');
    const kinds = lines.map((line) => JSON.parse(line).kind);
    expect(kinds.lastIndexOf('mediaInsight')).toBeLessThan(kinds.indexOf('fact'));
    for (const table of ['echo_learned_facts', 'echo_media_files', 'echo_media_insights'])
      await app.sql(`delete from ${table} where user_id = 'fay'`);
    await restored(app, 'fay', lines);
    expect(await facts('fay')).toEqual(before);
    expect(await learn('fay')).toMatchObject({ added: 0, changed: 0, dropped: 0 });
    const { data } = await app.graphql(
      'mutation { eraseUser(userId: "fay", confirm: "fay") { ... on EraseUserSuccess { receipt } } }',
    );
    expect(data.eraseUser.receipt.left).toMatchObject({ media: 0, facts: 0 });
    expect(await words('orchid')).toEqual([]);
    expect(await facts('fay')).toEqual([]);
  });

  test('loses pictures that have vanished from their folder', async () => {
    const user = 'default';
    for (let number = 0; number < 20; number++) await writePicture(join(root, `${number}.jpg`), number);
    await index(app, root);
    await app.sql(
      `update echo_media_insights set tags = '{volcano}', date_taken_local = '2024-03-' || lpad((1 + id % 20)::text, 2, '0') || 'T12:00:00'
       where user_id = $1`,
      [user],
    );
    await learn();
    expect(await words('volcano')).toHaveLength(20);
    const { rm } = await import('node:fs/promises');
    for (let number = 0; number < 3; number++) await rm(join(root, `${number}.jpg`));
    await index(app, root);
    expect(await words('volcano')).toHaveLength(17);
    // What is back is a source again.
    await writeFile(join(root, '0.jpg'), await picture(0));
    await index(app, root);
    await learn();
    expect(await words('volcano')).toHaveLength(18);
  });
});
