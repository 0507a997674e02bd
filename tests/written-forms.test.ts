import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANALYSIS_VERSION } from '../src/domains/word-index/analysis.ts';
import { englishStem } from '../src/domains/word-index/english-stems.ts';
import { compactIndex, indexTurns } from '../src/domains/word-index/writer.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

async function record(user: string, turns: readonly { query: string; response?: string }[]) {
  for (const [number, turn] of turns.entries()) {
    // Each in a conversation of its own: no words of neighbours.
    await app.record(`c${number}`, [{ response: '', timestamp: '2024-03-01T10:00:00Z', ...turn }], user);
  }
}

async function found(user: string, query: string): Promise<string[]> {
  return (await app.search(query, user)).map((hit) => hit.interaction.query);
}

/** As the worker does, without waiting for it. */
async function index(user: string) {
  const owner = { tenantId: 'default', userId: user };
  const waiting = 'select 1 from echo_index_queue where user_id = $1 limit 1';
  while ((await app.sql(waiting, [user])).length > 0) await indexTurns(app.app.services, owner, 100);
  await compactIndex(app.app.services, owner);
}

const FORMS: readonly (readonly [said: string, ...asked: string[]])[] = [
  ['Łukasz repairs bikes', 'Lukasz', 'ŁUKASZ', 'łukasz'],
  ['Henrik likes Smørrebrød', 'smorrebrod', 'SMØRREBRØD'],
  ['Đorđe from Niš', 'Dorde', 'đorđe nis'],
  ['Işık hanım called', 'Isik', 'ışık', 'IŞIK'],
  ['Ma sœur est mariée', 'soeur', 'SŒUR'],
  ['Diyarbakır is hot', 'Diyarbakir', 'DİYARBAKIR'],
  ['Guðrún and Þór', 'Gudrun', 'Thor'],
  ['Ħamrun is in Malta', 'hamrun'],
  ['הוא אמר שָׁלוֹם', 'שלום'],
  ['ספר טוב מאוד', 'סֵפֶר'],
  ['این کتاب است', 'كتاب', 'کتاب'],
  ['يقيم أحمد هنا', 'احمد', 'أحـمد'],
  ['a word with kum\u00adquat in it', 'kumquat'],
  ['zero width in tama\u200brind', 'tamarind', 'tama\u00adrind'],
  ['I learn C++ at night', 'C++', 'c++'],
  ['the C# compiler broke', 'C#', 'c#', 'C♯'],
  ['F# is functional', 'F#'],
  ['statistics in R are neat', 'R', 'r'],
  ['this is plan B for Friday', 'What is plan B?', 'plan b'],
  ['take vitamin D daily', 'vitamin D', 'vitamin d'],
  ['a server on .NET eight', '.NET', 'NET'],
  ['the IT department moved', 'IT', 'Where is the IT desk?'],
  ['a service written in Go', 'Go', 'What is written in Go?'],
  ['customs of the US border', 'US', 'U.S.'],
  ['rent is 1,650 a month', '1650', '1.650', '1 650', "1'650", '1,650', '١٦٥٠'],
  ['deposit of 2780 paid', '2,780', '2.780', '2 780'],
  ['flight LH2044 was late', 'LH 2044', 'LH2044', 'lh-2044'],
  ['flight BA 117 was early', 'BA117', 'BA-117', 'ba 117'],
  ['call (415) 555-0132 now', '4155550132', '415 555 0132', '+1 415.555.0132', '555-0132', '5550132'],
  ['her number is +49 (0)30 7654321', '030 7654321', '0307654321', '765 43 21'],
  ['reach me at 2125550199', '(212) 555-0199', '212-555-0199', '+1 212 555 01 99'],
  ['a red t-shirt', 'tshirt', 'T-Shirt', 't shirt', 'tshirts'],
  ['my coworker Ann', 'co-worker', 'coworkers'],
  ['an X-ray of the knee', 'xray', 'x ray', 'X‑ray'],
  ['we flew to Japan 🇯🇵', '🇯🇵'],
  ['thumbs 👍🏽 for that', '👍', '👍🏿'],
  ['an astronaut 👩🏽‍🚀 today', '👩‍🚀', '🚀', '👩🏻‍🚀'],
  ['Wo ist der Hausschlüssel', 'Schlüssel', 'Haus', 'schlussel'],
  ['ein Gartenzauntor aus Holz', 'Garten', 'Zauntor'],
  [
    "Mr O'Brien sold it",
    'obrien',
    'OBrien',
    "o'brien",
    'O’Brien',
    'OʼBrien',
    'O´Brien',
    'O`Brien',
    'o brien',
    'brien',
  ],
  ['her name is OConnor', "O'Connor", 'O’Connor', 'oconnor', 'o connor'],
  ["it is l'eau minérale", 'leau', "l'eau", 'L’EAU', 'eau'],
  ['je suis daccord', "d'accord", 'd’accord'],
  ["rock'n'roll in the cellar", 'rocknroll', 'rock n roll', 'rock’n’roll', 'roll', 'rock'],
  ['she flew to Hawaiʻi', 'Hawaii', "Hawai'i", 'Hawai’i'],
  ['back from Oahu today', 'Oʻahu', 'O’ahu'],
  ['back from Lānaʻi today', 'Lanai', "Lana'i"],
  ['the ʻukulele is new', 'ukulele', "'ukulele"],
  ["reading the Qur'an", 'Quran', 'Qurʾān', 'Qurʼan'],
  ['Kai’s kayak has a leak', "Kai's kayak", 'Kais kayak', 'kai kayak'],
  ["music of the 90's", '90s', "90's"],
  ['fashion of the 1980s', "1980's", '1980s'],
  ["на стелі п'ять ламп", 'пять', 'п’ять', 'пʼять'],
  ['новий компютер', "комп'ютер", 'комп’ютер'],
  ["ראיתי ג'ירפה", 'גירפה', 'ג׳ירפה'],
  ["un'amica di Sant'Angelo", 'Santangelo', 'Sant’Angelo', 'angelo'],
  ["Xi'an is old", 'Xian', 'Xi’an'],
  ["İstanbul'da yağmur", 'istanbul', 'Istanbul’da'],
  ['class MyHttpServer fails', 'my http server', 'HttpServer', 'httpserver', 'my_http_server'],
  ['variable max_retry_count', 'maxRetryCount', 'max retry count', 'maxretrycount'],
  ['method getUserAddress called', 'get user address', 'get_user_address', 'getuseraddress', 'user address'],
  ['IBAN DE89 3704 0044 0532 0130 00', 'DE89370400440532013000', 'de89 3704 0044 0532 0130 00'],
  ['her account GB29NWBK60161331926819', 'GB29 NWBK 6016 1331 9268 19'],
  ['card 4111 1111 1111 1234 expired', '4111111111111234', '4111-1111-1111-1234'],
  ['car plate B-AB 1234', 'BAB1234', 'B AB 1234'],
  ['device 00:1A:2B:3C:4D:5E here', '001A2B3C4D5E', '00-1a-2b-3c-4d-5e'],
  ['oven at 180°C', '180 °C', '180C', '180 C', '180℃'],
  ['frost of −17 °C', '-17C', '17 °C', '-17°C'],
  ['Louis XIV was king', 'Louis 14', 'louis xiv'],
  ['volume 27 of the series', 'volume XXVII'],
  ['AT&T bill', 'AT&T', 'ATT'],
  ['Python 3.11.2 installed', '3.11.2', 'python 3.11', 'v3.11.2'],
  ['the know-it-all from work', 'knowitall', 'know it all from work'],
  ['die Kaffeemaschine steht dort', 'Maschine', 'Kaffee'],
  ['ein gemütlicher Sessel', 'gemuetlicher', 'gemutlicher', 'GEMÜTLICHER'],
  ['Familie Voegele von nebenan', 'Vögele', 'voegele'],
  ['eine Küchenschublade klemmt', 'kuechenschublade', 'Kuechen'],
  ['en søndag i Aalborg', 'Ålborg', 'soendag', 'sondag'],
  ['Gospodin Đorđević je ovde', 'Djordjevic', 'Dordevic', 'đorđević'.normalize('NFD')],
  ['a server on Node.js again', 'nodejs', 'node js', 'NodeJS'],
  ['the preorder is through', 'pre-order', 'pre order'],
  ['die Terrassentür quietscht', 'Terrassen'],
  ['the geese flew off', 'goose'],
  ['she tore the sail', 'tears', 'torn'],
  ['a collection of thimbles', 'collect', 'collected thimble'],
  ['her decision stands', 'decide', 'what did she decide?'],
  ['he tried the quinoa', 'try', 'tries', 'trying'],
  ['those buses were late', 'bus'],
  ['we organised a picnic', 'organize', 'organizing', 'organization'],
  ['the neighbours paint in watercolours', 'neighbor', 'neighbors'],
  ['a theatre of marionettes', 'theater', 'theaters'],
  ['they analysed the sample', 'analyze', 'analyzing'],
  ['my bday is near', 'birthday', 'birthdays'],
  ['the uni of Uppsala', 'university', 'universities'],
  ['eleven swans on the pond', '11', '11 swans'],
  ['we own 13 chairs', 'thirteen', 'thirteen chairs'],
  ['she came 5th of all', 'fifth'],
  ['twenty-six candles on it', '26', 'twenty six'],
  ['pistachio icecream again', 'ice cream', 'pistachio ice cream'],
  ['an evening of chess', 'evenings'],
  ['they came with us by train', 'train'],
];

/** Of each step of the algorithm some words that the pages of `docs/` may not have. */
const RARE_ENDINGS =
  'skis skies dying idly gently ugly early only singly sky news howe atlas cosmos bias andes inning outings cannings herrings earring ' +
  'proceeded exceeding succeeds caresses ponies cries ties gas this gaps kiwis agreed agreedly feed hopping hoping egging adding off ' +
  'luxuriated troubling sized hissing fizzed failing filing happily sayings youthful enjoyment buy by relational conditional rationally ' +
  'valenci hesitancy comfortably differently vileness analogously geology operator feudalism decisiveness hopefulness callousness formality ' +
  'sensitivity sensibility radically triplicate formative formalize electricity electrical goodness revival allowance inference airliner ' +
  'gyroscopic adjustable defensible irritant replacement adjustment dependent adoption homologous communism activate angularity effective ' +
  'bowdlerize rate cease controlling rolling generously generic communal arsenal arsenic';

describe.each(['before they are indexed', 'from the index'])(
  'turns are found however they are written, %s',
  (when) => {
    const user = when.startsWith('from') ? 'indexed' : 'fresh';
    beforeAll(async () => {
      await record(
        user,
        FORMS.map(([query]) => ({ query })),
      );
      if (user === 'indexed') await index(user);
    });

    test.each(FORMS)('%s', async (said, ...asked) => {
      for (const query of asked) expect((await found(user, query))[0], query).toBe(said);
    });

    test.each(['🇫🇷', '1651', 'F', 'J#', '4155550133', 'what is it', 'go', 'even', 'used', 'how many'])(
      'but not by %s',
      async (query) => {
        expect(await found(user, query)).toEqual([]);
      },
    );
  },
);

test('stems of English words are those of the Snowball that PostgreSQL has', async () => {
  const folder = new URL('../docs/', import.meta.url);
  const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));
  const text = pages.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  const words = [...new Set(`${text} ${RARE_ENDINGS}`.toLowerCase().match(/[a-z]+/g))];
  expect(words.length).toBeGreaterThan(3_000);
  // Without its list of stop words.
  await app.sql('create text search dictionary stems_alone (template = snowball, language = english)');
  const stems = await app.sql<{ word: string; stem: string }>(
    `select word, (ts_lexize('stems_alone', word))[1] as stem from unnest($1::text[]) as word`,
    [words],
  );
  expect(stems.filter(({ word, stem }) => englishStem(word) !== stem)).toEqual([]);
});

test('a text of letters that stand for many is read as far as twice its length', async () => {
  // Eighteen letters each.
  const wished = 'ﷺ'.repeat(31_900);
  await record('wishes', [{ query: `first ${wished}` }, { query: 'ﷺ short' }, { query: `${wished} last` }]);
  expect((await found('wishes', 'صلى')).length).toBe(3);
  expect(await found('wishes', 'short')).toEqual(['ﷺ short']);
  expect((await found('wishes', 'first')).length).toBe(1);
  expect(await found('wishes', 'last')).toEqual([]);
  expect((await found('wishes', `${wished} short`)).length).toBeGreaterThan(0);
  // Of a long query its two ends.
  const pasted = (word: string) => `${'lorem ipsum '.repeat(1_000)} ${word} ${'dolor sit '.repeat(1_000)}`;
  expect(await found('wishes', pasted('short'))).toEqual([]);
  expect(await found('wishes', `${pasted('nothing')} short`)).toEqual(['ﷺ short']);
  expect(await found('wishes', `short ${pasted('nothing')}`)).toEqual(['ﷺ short']);
});

test('a long answer is indexed to its end', async () => {
  const filler = 'lorem ipsum dolor sit amet '.repeat(7_400);
  const response = `${filler.slice(0, 150_000)} xylotomous keepsake ${filler.slice(0, 49_900)} finisterre`;
  expect(response.length).toBeGreaterThan(199_900);
  await record('long', [{ query: 'Write at length', response: response.slice(0, 200_000) }]);
  expect(await found('long', 'xylotomous')).toEqual(['Write at length']);
  await index('long');
  expect(await found('long', 'xylotomous keepsake')).toEqual(['Write at length']);
  expect(await found('long', 'finisterre')).toEqual(['Write at length']);
});

test('an index of an older analysis is made again, and answers meanwhile', async () => {
  await record('before', [
    { query: 'Łukasz repairs bikes' },
    { query: 'statistics in R' },
    { query: 'a plain kettle' },
  ]);
  await index('before');
  const owner = "owner_id = (select owner_id from echo_index_owners where user_id = 'before')";
  // What the analysis before made of these.
  await app.sql(`update echo_index_postings set term = 'łukasz' where term = 'lukasz' and ${owner}`);
  await app.sql(`delete from echo_index_postings where term = 'r' and ${owner}`);
  await app.sql(`update echo_index_owners set speakers = '{łukasz}' where user_id = 'before'`);
  expect(await found('before', 'Lukasz')).toEqual([]);
  expect(await found('before', 'R')).toEqual([]);
  await app.sql(`update echo_index_segments set analysis = 1 where ${owner}`);
  expect(await found('before', 'kettle')).toEqual(['a plain kettle']);
  await expect.poll(() => found('before', 'Lukasz')).toEqual(['Łukasz repairs bikes']);
  await expect.poll(() => found('before', 'R')).toEqual(['statistics in R']);
  expect(await found('before', 'kettle')).toEqual(['a plain kettle']);
  expect(await app.sql(`select distinct analysis from echo_index_segments where ${owner}`)).toEqual([
    { analysis: ANALYSIS_VERSION },
  ]);
  expect(await app.sql(`select speakers from echo_index_owners where user_id = 'before'`)).toEqual([
    { speakers: ['lukasz'] },
  ]);
  expect(await app.sql(`select term from echo_index_postings where term = 'łukasz'`)).toEqual([]);
});
