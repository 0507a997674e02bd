import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../src/cards/container.ts';
import { loreOf } from '../src/domains/characters/lore.ts';
import { compileBook } from '../src/domains/characters/lore-book.ts';
import { compilePattern } from '../src/domains/characters/lore-pattern.ts';
import { type UsedLore, useLore } from '../src/domains/characters/lore-use.ts';
import { importCard } from './support/cards.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';

/** What a book of these entries tells of what was said, the latest first. */
function told(entries: Json[], said: string[], book: Json = {}, turnId = 'turn'): UsedLore[] {
  const lore = loreOf({
    name: 'x',
    character_book: {
      ...book,
      entries: entries.map((entry, index) => ({ content: `content ${index}`, name: `${index}`, ...entry })),
    },
  });
  if (!lore) return [];
  return useLore([{ characterId: 1, book: compileBook(lore) }], said, turnId, (text) => text.length);
}
const names = (used: UsedLore[]) => used.map(({ entry }) => entry.name);

describe('lore is triggered', () => {
  test.each<[string, Json, string, boolean]>([
    ['by a word of its own', { keys: ['honey'] }, 'The HONEY, please', true],
    ['never by a part of one', { keys: ['honey'] }, 'honeymoon', false],
    [
      'by a part where the entry says so',
      { keys: ['honey'], extensions: { match_whole_words: false } },
      'honeymoon',
      true,
    ],
    ['by several words', { keys: ['old hive'] }, 'at the old hive.', true],
    ['in its case', { keys: ['Rose'], case_sensitive: true }, 'a rose', false],
    ['in scripts without spaces', { keys: ['蜂蜜'] }, '私は蜂蜜が好き', true],
    ['by a pattern', { keys: ['bee(s|hive)\\b'], use_regex: true }, 'Beehive!', true],
    ['by a pattern with flags', { keys: ['/^Bees$/m'] }, 'no\nBees\nno', true],
    ['by a pattern in its case', { keys: ['/Bees/'] }, 'bees', false],
    ['never where it is off', { keys: ['honey'], enabled: false }, 'honey', false],
    ['never by nothing', { keys: ['honey'] }, 'wax', false],
    ['without any key', { keys: [], constant: true }, 'wax', true],
    ['by a decorator', { keys: [], content: '@@activate\ntext' }, 'wax', true],
    [
      'never with a key that a decorator excludes',
      { keys: ['honey'], content: '@@exclude_keys wax\ntext' },
      'honey and wax',
      false,
    ],
  ])('%s', (_name, entry, said, isTold) => {
    expect(names(told([entry], [said]))).toEqual(isTold ? ['0'] : []);
  });

  test.each<[string, number, boolean[]]>([
    // Said beside the key: neither, one, both.
    ['AND ANY', 0, [false, true, true]],
    ['NOT ALL', 1, [true, true, false]],
    ['NOT ANY', 2, [true, false, false]],
    ['AND ALL', 3, [false, false, true]],
  ])('with secondary keys, %s', (_name, selectiveLogic, expected) => {
    const entry = {
      keys: ['key'],
      selective: true,
      secondary_keys: ['one', 'two'],
      extensions: { selectiveLogic },
    };
    expect(['key', 'key one', 'key one two'].map((said) => told([entry], [said]).length === 1)).toEqual(
      expected,
    );
    expect(told([entry], ['one two'])).toEqual([]);
  });

  test('in as many messages as it looks back', () => {
    const said = ['now', 'before', 'long ago key'];
    expect(told([{ keys: ['key'] }], said)).toEqual([]);
    expect(told([{ keys: ['key'] }], said, { scan_depth: 3 })).toHaveLength(1);
    expect(told([{ keys: ['key'], content: '@@scan_depth 3\ntext' }], said)).toMatchObject([
      { entry: { content: 'text' }, reason: '"key" was said' },
    ]);
  });

  test('by what is told, as deep as three times', () => {
    const chain = ['a', 'b', 'c', 'd', 'e', 'f'].map((key, index) => ({
      keys: [key],
      content: `tells ${'bcdefg'[index]}`,
    }));
    expect(names(told(chain, ['a']))).toEqual(['0']);
    const deep = told(chain, ['a'], { recursive_scanning: true });
    expect(names(deep)).toEqual(['0', '1', '2', '3']);
    expect(deep[1]?.reason).toBe('"b" is in what "0" tells');
    const closed = chain.map((entry, index) => ({
      ...entry,
      extensions: index === 1 ? { prevent_recursion: true } : {},
    }));
    expect(names(told(closed, ['a'], { recursive_scanning: true }))).toEqual(['0', '1']);
  });

  test('by chance that is the turn’s own', () => {
    const entries = Array.from({ length: 200 }, () => ({ constant: true, extensions: { probability: 30 } }));
    const first = names(told(entries, [''], { token_budget: 1e6 }, 'one'));
    expect(names(told(entries, [''], { token_budget: 1e6 }, 'one'))).toEqual(first);
    expect(names(told(entries, [''], { token_budget: 1e6 }, 'two'))).not.toEqual(first);
    expect(first.length).toBeGreaterThan(30);
    expect(first.length).toBeLessThan(95);
  });

  test('within its budget, by priority, in its order', () => {
    const entries = [
      { constant: true, priority: 1, insertion_order: 3, content: 'x'.repeat(40) },
      { constant: true, priority: 9, insertion_order: 2, content: 'x'.repeat(40) },
      { constant: true, priority: 5, insertion_order: 1, content: 'x'.repeat(40) },
    ];
    expect(names(told(entries, [''], { token_budget: 100 }))).toEqual(['2', '1']);
    expect(names(told(entries, [''], { token_budget: 120 }))).toEqual(['2', '1', '0']);
  });
});

describe('no pattern hangs the server', () => {
  test.each(['(a+)+$', '(a|aa)+$', '(.*a){20}$', '^([a-zA-Z]+)*$', '(a*)*b', '^(([a-z])+.)+[A-Z]([a-z])+$'])(
    '%s takes time that grows with the text alone',
    (pattern) => {
      const compiled = compilePattern(pattern, true);
      // A search that goes back and forth would take longer than the universe has.
      expect('isIn' in compiled && compiled.isIn(`${'a'.repeat(8_000)}!`)).toBe(false);
    },
  );

  test.each([
    ['((a{100}){100}){100}', /steps with its repetitions; at most 2000/],
    [`(${'ab'.repeat(200)}){900}`, /steps with its repetitions/],
    ['a'.repeat(501), /501 characters; at most 500/],
    ['(?<=a)b', /invalid/],
    ['(a)\\1', /invalid escape/],
    ['(', /missing/],
  ])('%s is refused', (pattern, message) => {
    const compiled = compilePattern(pattern, true);
    expect('problem' in compiled && compiled.problem).toMatch(message);
  });
});

describe('a turn', () => {
  let app: TestApp;
  let llm: OpenAiServer;
  beforeAll(async () => {
    llm = await startOpenAiServer();
    app = await startTestApp({ env: { LLM_BASE_URL: llm.url, LLM_MODELS: 'quick=tiny' } });
    await importCard(
      app,
      Buffer.from(
        JSON.stringify({
          spec: 'chara_card_v3',
          data: {
            ...{
              name: 'Orla Fenn',
              first_mes: 'Good {{user}}!',
              alternate_greetings: ['Evening.'],
              description: 'A keeper.',
            },
            character_book: {
              scan_depth: 3,
              entries: [
                {
                  keys: ['queen'],
                  content: 'The queen is called Brigid.',
                  insertion_order: 1,
                  enabled: true,
                  extensions: {},
                },
                {
                  keys: ['(x'],
                  use_regex: true,
                  content: 'never',
                  insertion_order: 2,
                  enabled: true,
                  extensions: {},
                },
              ],
            },
          },
        }),
      ),
    );
  });
  afterAll(async () => {
    await app.close();
    await llm.close();
  });

  test('is told what it triggers, and shows it', async () => {
    const ask = async (query: string) =>
      (
        await app.graphql(
          `mutation ($query: String!) { processQuery(input: { query: $query, conversationId: "hive" }) {
            ... on ProcessQuerySuccess { interaction { turnId lore { characterName entry reason } } } } }`,
          { query },
        )
      ).data.processQuery.interaction;
    const turn = await ask('I told Orla Fenn yesterday that the queen had flown.');
    expect(turn.lore).toEqual([{ characterName: 'Orla Fenn', entry: 'queen', reason: '"queen" was said' }]);
    expect(JSON.stringify(llm.requests.at(-1))).toContain('The queen is called Brigid.');
    expect((await ask('I told Orla Fenn yesterday that it rained.')).lore).toEqual(turn.lore);
    expect((await ask('It rained on the queen.')).lore).toEqual([]);
    const { data } = await app.graphql('query ($id: ID!) { interaction(turnId: $id) { lore { entry } } }', {
      id: turn.turnId,
    });
    expect(data.interaction.lore).toEqual([{ entry: 'queen' }]);
  });

  test('of a character shows the lore and the greetings of their card', async () => {
    const { data } = await app.graphql(
      '{ character(name: "Orla Fenn") { greetings lore { name keys logic problem enabled } } }',
    );
    expect(data.character).toEqual({
      greetings: ['Good {{user}}!', 'Evening.'],
      lore: [
        { name: 'queen', keys: ['queen'], logic: 'AND_ANY', problem: null, enabled: true },
        {
          name: '(x',
          keys: ['(x'],
          logic: 'AND_ANY',
          problem: expect.stringContaining('missing'),
          enabled: true,
        },
      ],
    });
  });

  describe('in a conversation with characters', () => {
    const card = (name: string, data: Json = {}) =>
      importCard(
        app,
        Buffer.from(
          JSON.stringify({
            spec: 'chara_card_v3',
            data: {
              name,
              description: `{{char}} of ${name}.`,
              first_mes: `I am {{char}}, {{user}}.`,
              ...data,
            },
          }),
        ),
      );
    const set = async (conversationId: string, characters: string[], greeting?: number) =>
      (
        await app.graphql(
          `mutation ($conversationId: String!, $characters: [String!]!, $greeting: Int) {
            setConversationCharacters(conversationId: $conversationId, characters: $characters, greeting: $greeting) {
              ... on UpdateConversationSuccess { conversation { character characters greeting } }
              ... on Error { code message } } }`,
          { conversationId, characters, greeting },
        )
      ).data.setConversationCharacters;
    const say = async (conversationId: string, query: string) =>
      (
        await app.graphql(
          `mutation ($conversationId: String!, $query: String!) {
            processQuery(input: { query: $query, conversationId: $conversationId }) {
              ... on ProcessQuerySuccess { interaction { responder modelUsed lore { entry reason } } } } }`,
          { conversationId, query },
        )
      ).data.processQuery.interaction;

    test('the prompt is what the card says, and nothing that is not for prompts', async () => {
      await card('Ilse Grau', {
        nickname: 'Ilse',
        personality: 'stern',
        scenario: 'A {{random:mill}} at night.',
        system_prompt: '{{original}} Rhyme.{{// never}}',
        post_history_instructions: 'Be brief, {{char}}.',
        mes_example: '<START>\n{{user}}: Hi\n{{char}}: Hm.',
        creator_notes: 'SECRET NOTE',
        creator: 'SECRET CREATOR',
        tags: ['SECRET TAG'],
        character_book: {
          extensions: {},
          entries: [
            {
              keys: ['mill'],
              content: 'The mill belongs to {{char}}.',
              insertion_order: 0,
              enabled: true,
              extensions: {},
            },
          ],
        },
      });
      expect(await set('mill', ['ilse grau'])).toEqual({
        conversation: { character: 'Ilse Grau', characters: ['Ilse Grau'], greeting: 'I am Ilse, User.' },
      });
      expect(await say('mill', 'Does the mill run?')).toEqual({
        responder: 'Ilse Grau',
        modelUsed: 'tiny',
        lore: [{ entry: 'mill', reason: '"mill" was said' }],
      });
      const sent = llm.requests.at(-1)?.body.messages as { role: string; content: string }[];
      expect(sent).toEqual([
        {
          role: 'system',
          content: [
            "Write Ilse's next reply in a conversation between Ilse and User. Write as Ilse only, never as User or anybody else. Rhyme.",
            'Ilse of Ilse Grau.',
            'stern',
            'A mill at night.',
            'The mill belongs to Ilse.',
            'This is how Ilse speaks:\n---\nUser: Hi\nIlse: Hm.',
          ].join('\n\n'),
        },
        { role: 'user', content: 'The conversation begins.' },
        { role: 'assistant', content: 'I am Ilse, User.' },
        { role: 'user', content: 'Does the mill run?\n\n[Be brief, Ilse.]' },
      ]);
      expect(JSON.stringify(sent)).not.toContain('SECRET');
    });

    test('who is named answers, else who answered last, and somebody else never', async () => {
      await card('Bruno Talbot');
      await card('Cilla Ward');
      await set('stage', ['Bruno Talbot', 'Cilla Ward']);
      expect((await say('stage', 'Hello there.')).responder).toBe('Bruno Talbot');
      expect((await say('stage', 'And what do you think, Cilla Ward?')).responder).toBe('Cilla Ward');
      const { system } = promptOf();
      expect(system).toContain('Cilla Ward of Cilla Ward.');
      expect(system).toContain('answering for themselves when they are named: Bruno Talbot.');
      expect((await say('stage', 'Go on, please.')).responder).toBe('Cilla Ward');
      expect((await say('stage', 'Tell Ilse Grau of it.')).responder).toBe('Cilla Ward');
      await set('stage', []);
      expect((await say('stage', 'Are you there?')).responder).toBeNull();
    });

    test('the conversation begins with the greeting that was chosen, and keeps its chance', async () => {
      await card('Dora Lind', {
        alternate_greetings: ['{{char}} rolls {{roll:d1000}}.', 'Third.'],
        group_only_greetings: ['Hello, all of you.'],
      });
      const { greeting } = (await set('dice', ['Dora Lind'], 1)).conversation;
      expect(greeting).toMatch(/^Dora Lind rolls \d+\.$/);
      for (const query of ['Well?', 'And now?']) {
        await say('dice', query);
        expect(messagesSent()[2]).toEqual({ role: 'assistant', content: greeting });
      }
      expect(await set('dice', ['Dora Lind'], 3)).toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringContaining('greeting: must be below 3: that many greetings Dora Lind has'),
      });
      expect(await set('dice', ['Dora Lind'], -1)).toMatchObject({ code: 'BAD_USER_INPUT' });
      await set('dice', ['Dora Lind', 'Cilla Ward'], 3);
      expect(await say('dice', 'And you, Cilla Ward?')).toMatchObject({ responder: 'Cilla Ward' });
      expect(messagesSent()[2]?.content).toBe('Dora Lind: Hello, all of you.');
    });

    test('nobody answers who is not known, or not any more', async () => {
      expect(await set('stage', ['No Body'])).toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining('no active character "No Body"'),
      });
      expect(await set('stage', Array(11).fill('Cilla Ward'))).toMatchObject({ code: 'BAD_USER_INPUT' });
      await set('left', ['Cilla Ward']);
      await app.graphql('mutation { deactivateCharacter(name: "Cilla Ward") { __typename } }');
      expect((await say('left', 'Are you there?')).responder).toBeNull();
    });

    const messagesSent = () =>
      (llm.requests.at(-1)?.body.messages ?? []) as { role: string; content: string }[];
    const promptOf = () => ({ system: messagesSent()[0]?.content ?? '' });
  });
});
