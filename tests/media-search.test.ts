import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conditionsOf } from '../src/domains/media-insights/filter.ts';
import { mediaPage } from '../src/domains/media-insights/reads.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type GivenInsight, hashNamed, storeInsight } from './support/media.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

async function found(user: string, filter: Record<string, unknown>): Promise<string[]> {
  const { data, errors } = await app.graphql(
    'query ($filter: MediaFilter) { mediaInsights(filter: $filter, first: 100) { nodes { filePath } } }',
    { filter },
    user,
  );
  if (errors) throw new Error(errors[0]?.message);
  return data.mediaInsights.nodes
    .map(({ filePath }: { filePath: string }) => filePath.split('/').at(-1))
    .sort();
}
const red = [
  { name: 'red', hex: '#ff0000', share: 0.4 },
  { name: 'black', hex: '#000000', share: 0.2 },
];
const evening = { dateTaken: new Date('2024-07-06T20:00:00Z'), dateTakenLocal: '2024-07-06T22:00:00' };
const atSea = { locationData: { altitude: 0, places: { sublocation: 'Baltic Sea', country: 'Germany' } } };

describe('“red sunset at the sea 2024”', () => {
  const whole: GivenInsight = { ...evening, ...atSea, colorPalette: red, ruleTags: ['sunset'] };
  const lacking: Record<string, GivenInsight> = {
    'no red': { ...whole, colorPalette: [{ name: 'blue', hex: '#0000ff', share: 1 }] },
    'no sunset': { ...whole, ruleTags: ['dawn'] },
    'no sea': { ...whole, locationData: { altitude: 0, places: { city: 'Berlin' } } },
    'no year': { ...whole, dateTaken: null, dateTakenLocal: null },
    'another year': {
      ...whole,
      dateTaken: new Date('2023-07-06T20:00:00Z'),
      dateTakenLocal: '2023-07-06T22:00:00',
    },
  };
  const names = ['all', ...Object.keys(lacking)];
  /** The names of files would be found, too. */
  const foundIn = async (filter: Record<string, unknown>) =>
    (await found('ada', filter)).map((number) => names[Number(number)]).sort();
  beforeAll(async () => {
    await storeInsight(app, 'ada', '0', whole);
    for (const [at, given] of Object.values(lacking).entries())
      await storeInsight(app, 'ada', String(at + 1), given);
    await storeInsight(app, 'somebody else', 'all', whole);
  });

  test('finds what has all of it, in whatever order and form, and nothing that lacks one', async () => {
    for (const text of [
      'red sunset at the sea 2024',
      '2024: the SEA, a red sunset!',
      'reds sunsets seas 2024',
      'Sunset photo of the red sea in 2024',
    ])
      expect([text, await foundIn({ text })]).toEqual([text, ['all']]);
    expect(await foundIn({ text: 'red sunset 2024' })).toEqual(['all', 'no sea']);
    expect(await foundIn({ text: 'red sunset at the sea 2024 dog' })).toEqual([]);
    expect(await foundIn({ text: 'sunset', takenBefore: '2024-01-01T00:00:00Z' })).toEqual(['another year']);
  });

  test('goes by the index of terms, and reads nobody else’s', async () => {
    await app.sql(
      `insert into echo_media_insights (user_id, file_path, file_hash, state, media_type, analysis_tier, analysis_method, analysis_confidence, reader_version, search_terms)
       select 'ada', '/x', md5(n::text), 'VANISHED', 'image/png', 'FILE', 'x', 0, 1, array['x:' || n, 'x:all'] from generate_series(1, 3000) n`,
    );
    await app.sql('analyze echo_media_insights');
    const owner = { tenantId: 'default', userId: 'ada' };
    const sent: { text: string; values: unknown[] }[] = [];
    const pool = {
      query: async ({ text, values }: { text: string; values: unknown[] }) => {
        sent.push({ text, values });
        return { rows: [] };
      },
    };
    const conditions = conditionsOf(owner, { text: 'red sunset at the sea July 2024' });
    if (!conditions) throw new Error('the text has words');
    const page = { after: null, before: null, limit: 20, inverted: false };
    await mediaPage({ pool } as never, owner, conditions, page);
    const [{ text, values } = { text: '', values: [] }] = sent;
    const plan = await app.sql<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain(
      'Bitmap Index Scan on echo_media_insights_terms_idx',
    );
    await app.sql("delete from echo_media_insights where state = 'VANISHED' and user_id = 'ada'");
    const keys = await app.sql<{ user_id: string; key: string }>(
      `select distinct user_id, substr(t, 1, 8) as key from echo_media_insights, unnest(search_terms) t`,
    );
    expect(new Set(keys.map(({ key }) => key)).size).toBe(keys.length);
    expect(keys.length).toBeGreaterThan(1);
  });
});

describe('words', () => {
  const user = 'ben';
  const given: Record<string, GivenInsight> = {
    tag: { tags: ['Geburtstag von Zoë'] },
    rule: { ruleTags: ['backlit'] },
    model: { modelTags: ['golden retriever'] },
    category: { categories: ['landscape'] },
    palette: { colorPalette: red },
    title: { visualAnalysis: { words: { title: 'Straße im Regen', caption: null, keywords: [] } } },
    caption: { visualAnalysis: { words: { title: null, caption: 'Grandma baking cookies', keywords: [] } } },
    keywords: { visualAnalysis: { words: { title: null, caption: null, keywords: ['wedding', 'Müller'] } } },
    seen: { visualAnalysis: { model: { description: 'two children building a sandcastle' } } },
    place: { locationData: { altitude: null, places: { city: 'Zürich', country: 'Switzerland' } } },
    camera: {
      cameraMake: 'NIKON CORPORATION',
      cameraModel: 'NIKON D3500',
      cameraMetadata: { lens: 'AF-P DX 18-55mm' },
    },
    character: { characterReferences: [{ name: 'Kai Nakamura' }] },
    composition: { compositionNotes: 'strong diagonals' },
    folder: { filePath: '/photos/Hochzeit Oma/Kirche/folder' },
    'IMG_20190309_081500.jpg': { filePath: '/photos/IMG_20190309_081500.jpg' },
    'clip.mp4': { mediaType: 'video/mp4' },
    'Москва.png': { mediaType: 'image/png', filePath: '/photos/Красная площадь/Москва.png' },
    '東京タワー.webp': { mediaType: 'image/webp', filePath: '/photos/東京タワー.webp' },
  };
  beforeAll(async () => {
    for (const [name, each] of Object.entries(given))
      await storeInsight(app, user, name, { mediaType: 'image/heic', filePath: `/photos/${name}`, ...each });
  });

  test.each<[string, string[]]>([
    ['geburtstag zoe', ['tag']],
    ['backlit', ['rule']],
    ['RETRIEVERS', ['model']],
    ['landscapes', ['category']],
    ['black', ['palette']],
    ['strasse', ['title']],
    ['Straße', ['title']],
    ['bake cookie grandmother', ['caption']],
    ['muller wedding', ['keywords']],
    ['kids build', ['seen']],
    ['zurich', ['place']],
    ['nikon d3500', ['camera']],
    ['18-55mm', ['camera']],
    ['kai', ['character']],
    ['diagonal', ['composition']],
    ['hochzeit kirche', ['folder']],
    ['2019-03-09', ['IMG_20190309_081500.jpg']],
    ['2019-03', ['IMG_20190309_081500.jpg']],
    ['2019', ['IMG_20190309_081500.jpg']],
    ['mp4', ['clip.mp4']],
    ['movie', ['clip.mp4']],
    ['площади', ['Москва.png']],
    ['東京', ['東京タワー.webp']],
    ['photo png', ['Москва.png']],
    ['nothing of that', []],
    // Without a word that carries meaning there is nothing to be found.
    ['the of and', []],
    ['!!!', []],
    ["' or 1=1 --", []],
    ['100%', []],
  ])('“%s”', async (text, expected) => {
    expect(await found(user, { text })).toEqual([...expected].sort());
  });

  test.each<[Record<string, unknown>, string[]]>([
    [{ tag: 'GOLDEN Retriever' }, ['model']],
    [{ tag: 'golden' }, []],
    [{ tag: 'geburtstag von zoe' }, ['tag']],
    [{ category: 'Landscape' }, ['category']],
    [{ character: 'kai nakamura' }, ['character']],
    [{ character: 'Kai' }, []],
    [{ camera: 'nikon' }, ['camera']],
    [{ camera: 'D3500 Nikon' }, ['camera']],
    [{ camera: 'canon' }, []],
    // A word of the lens, and of other things, is none of make and model.
    [{ camera: 'dx' }, []],
    [{ camera: 'folder' }, []],
    [{ tag: 'backlit', kind: 'VIDEO' }, []],
    [{ text: 'mp4', kind: 'VIDEO' }, ['clip.mp4']],
  ])('%j', async (filter, expected) => {
    expect(await found(user, filter)).toEqual(expected);
  });
});

describe('dates', () => {
  const user = 'cid';
  const shownAs: string[] = [];
  beforeAll(async () => {
    const dated = (name: string, local: string, given: GivenInsight = {}) =>
      storeInsight(app, user, name, {
        dateTaken: new Date(`${local}Z`),
        dateTakenLocal: local,
        // The name would be found, too.
        filePath: `/photos/${shownAs.push(name) - 1}`,
        ...given,
      });
    await dated('saturday in july', '2024-07-06T23:59:59.9');
    await dated('monday in may', '2023-05-01T00:00:00');
    await dated('july in the south', '2024-07-08T12:00:00', { latitude: -33.9, longitude: 151 });
    await dated('new year', '2025-01-01T00:00:00');
    await dated('leap day', '2024-02-29T08:00:00');
    await storeInsight(app, user, 'no date');
  });

  test.each<[string, string[]]>([
    ['2024', ['july in the south', 'leap day', 'saturday in july']],
    ['2024-07', ['july in the south', 'saturday in july']],
    ['2024-07-06', ['saturday in july']],
    ['6 July 2024', ['saturday in july']],
    ['July 6th, 2024', ['saturday in july']],
    ['6th of july 2024', ['saturday in july']],
    ['7 July 2024', []],
    ['February 2024', ['leap day']],
    ['feb 2024', ['leap day']],
    ['Juli 2024', ['july in the south', 'saturday in july']],
    ['juillet', ['july in the south', 'saturday in july']],
    ['июль', ['july in the south', 'saturday in july']],
    ['mai', ['monday in may']],
    ['mayo 2023', ['monday in may']],
    ['january', ['new year']],
    ['saturday', ['saturday in july']],
    ['Samstag', ['saturday in july']],
    ['weekend', ['saturday in july']],
    ['Mondays in May', ['monday in may']],
    ['summer', ['saturday in july']],
    ['winter 2024', ['july in the south', 'leap day']],
    ['winter', ['july in the south', 'leap day', 'new year']],
    ['spring', ['monday in may']],
    ['autumn', []],
    ['2024-02-29', ['leap day']],
    ['2024-02-30', []],
    ['2024-13', []],
    ['1999', []],
  ])('“%s”', async (text, expected) => {
    const numbers = await found(user, { text });
    expect(numbers.map((number) => shownAs[Number(number)]).sort()).toEqual(expected);
  });
});

test('a tag that somebody gives is found with all the other words', async () => {
  await storeInsight(app, 'dora', 'x', { ...evening, ...atSea, colorPalette: red });
  expect(await found('dora', { text: 'red sunset sea 2024' })).toEqual([]);
  await app.graphql(
    `mutation { tagMedia(input: { fileHash: "${hashNamed('x')}", add: ["Sunset with Ole"] }) { __typename } }`,
    {},
    'dora',
  );
  expect(await found('dora', { text: 'red sunset sea 2024 ole' })).toEqual(['x']);
});
