import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saysNothingIsKnown } from '../src/domains/utterances/ignorance.ts';
import { asks } from '../src/domains/utterances/utterance.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

type Turn = { query: string; response?: string; sessionId?: string; timestamp?: string };

const record = (user: string, turns: readonly Turn[], conversationId: string = randomUUID()) =>
  app.record(conversationId, turns, user);

const search = (user: string, query: string, limit = 20) => app.search(query, user, { limit });

async function ask(user: string, query: string, conversationId: string = randomUUID()) {
  const { data } = await app.graphql(
    `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) { ... on ProcessQuerySuccess {
      interaction { response } memories { interaction { query } } } } }`,
    { input: { query, conversationId } },
    user,
  );
  return data.processQuery as {
    interaction: { response: string };
    memories: { interaction: { query: string } }[];
  };
}

const REPEATED: readonly (readonly [fact: string, question: string, ignorance: string])[] = [
  [
    'I parked the car on level 3, row B, next to the lift.',
    'Where did I park the car?',
    "I'm sorry, I don't have that information.",
  ],
  [
    'Ich habe das Fahrrad im Keller abgestellt.',
    'Wo habe ich das Fahrrad abgestellt?',
    'Das weiß ich leider nicht.',
  ],
  [
    'J’ai rangé le passeport dans le tiroir bleu.',
    'Où ai-je rangé le passeport ?',
    'Désolé, je ne sais pas.',
  ],
  [
    'Guardé el pasaporte en el cajón azul.',
    '¿Dónde guardé el pasaporte?',
    'Lo siento, no tengo esa información.',
  ],
  ['Я оставил паспорт в синем ящике.', 'Где я оставил паспорт?', 'К сожалению, я этого не знаю.'],
  [
    'パスポートは青い引き出しにあります。',
    'パスポートはどこにありますか？',
    '申し訳ありませんが、わかりません。',
  ],
  ['我把护照放在蓝色抽屉里了。', '我把护照放在哪里？', '抱歉，我没有这个信息。'],
];

describe('turns that only ask come behind those that tell', () => {
  test.each(REPEATED)('%s', async (fact, question, ignorance) => {
    const user = randomUUID();
    await record(user, [{ query: fact }]);
    for (let round = 0; round < 3; round++) await ask(user, question);
    for (let round = 0; round < 3; round++) {
      await record(user, [{ query: question }]);
      await record(user, [{ query: question, response: ignorance }]);
    }
    const hits = await search(user, question);
    expect(hits[0]?.interaction.query).toBe(fact);
    const [first, ...others] = hits.map(({ score }) => score);
    for (const score of others) expect(score).toBeLessThan(first ?? 0);
    expect(hits.slice(1).map(({ tier }) => tier)).not.toContain('PHRASE');
    const { memories } = await ask(user, question);
    expect(memories.map(({ interaction }) => interaction.query)).toEqual([fact]);
  });

  const ORDERED: readonly (readonly [fact: string, question: string, ...others: string[]])[] = [
    [
      'Die Ersatzschlüssel liegen bei Frau Krüger.',
      'Wo liegen die Ersatzschlüssel?',
      'Sag mir bitte, wo die Ersatzschlüssel liegen.',
    ],
    [
      'Le code du portail est 4417, changé par le syndic.',
      'Quel est le code du portail ?',
      'Rappelle-moi le code du portail.',
    ],
    [
      'A reunião com o contador ficou para quinta às dez.',
      'Quando é a reunião com o contador?',
      'Me diga quando é a reunião com o contador.',
    ],
    [
      'Zapasowy pilot do bramy leży w szufladzie.',
      'Gdzie leży zapasowy pilot do bramy?',
      'Powiedz mi, gdzie leży zapasowy pilot do bramy.',
    ],
    [
      'Kombinin garanti belgesi mavi dosyada duruyor.',
      'Kombinin garanti belgesi nerede duruyor?',
      'kombinin garanti belgesi nerede duruyor',
    ],
    [
      'Запасной ключ от дачи висит за печкой.',
      'Где висит запасной ключ от дачи?',
      'Напомни, где висит запасной ключ от дачи',
    ],
    ['جواز السفر موجود في الدرج الثاني.', 'أين جواز السفر؟', 'قل لي أين جواز السفر'],
  ];

  test.each(ORDERED)('also where it was an order: %s', async (fact, question, order) => {
    const user = randomUUID();
    await record(user, [{ query: fact }]);
    for (let round = 0; round < 2; round++) {
      await ask(user, order ?? '');
      await record(user, [{ query: order ?? '' }]);
    }
    for (const query of [question, order ?? ''])
      expect((await search(user, query))[0]?.interaction.query, query).toBe(fact);
  });

  test.each([
    'Erinnere mich, wo ich geparkt habe',
    'I wonder where I parked the car',
    'Przypomnij mi, gdzie leży klucz',
    'Você sabe onde está a chave',
    'Ricordami dove ho messo le chiavi',
    'Recuérdame dónde aparqué',
    'Je voudrais savoir où est la clé',
    '自転車の鍵はどこだっけ',
    'متى الاجتماع',
    'मेरी चाबी कहाँ है',
    'Скажите, сколько стоит билет',
    'Weet jij nog waar de sleutel ligt',
  ])('that asks: %s', (text) => {
    expect(asks(text)).toBe(true);
  });

  test.each([
    'Remind me to call Bob',
    'Erinnere mich an den Termin',
    'Rappelle-moi de payer le loyer',
    'Recuérdame comprar pan',
    'Напомни купить хлеб',
    'Przypomnij mi o spotkaniu',
    'I know the answer',
    'I forgot my keys',
    'No sé nadar',
    "J'ai oublié mon sac",
    'Ho dimenticato le chiavi',
    'Ich weiß nicht mehr viel',
    'Anahtarın nerede olduğunu bilmiyorum',
    'मुझे पता है कि चाबी कहाँ है',
  ])('that tells, or wants something done: %s', (text) => {
    expect(asks(text)).toBe(false);
  });

  test('but one that was answered is an answer', async () => {
    const user = randomUUID();
    await record(user, [{ query: 'Where is the kayak?', response: 'Behind the boathouse, you said.' }]);
    await record(user, [{ query: 'Where is the kayak?', response: 'I do not know.' }]);
    await record(user, [{ query: 'The paint of the shed is green.' }]);
    const [first] = await search(user, 'Where is the kayak?');
    expect(first?.interaction.response).toBe('Behind the boathouse, you said.');
  });

  test('and are found where nothing else is', async () => {
    const user = randomUUID();
    await record(user, [{ query: 'Where is the zither?' }]);
    expect((await search(user, 'Where is the zither?')).map(({ interaction }) => interaction.query)).toEqual([
      'Where is the zither?',
    ]);
    expect((await ask(user, 'Where is the zither?')).interaction.response).toMatch(/^I remember nothing/);
  });

  test('while the question of another person leads to the answer beside it', async () => {
    const user = randomUUID();
    await record(user, [{ query: 'Where is the trombone?' }, { query: 'In the cellar, under the stairs.' }]);
    const queries = (await search(user, 'Where is the trombone?')).map(
      ({ interaction }) => interaction.query,
    );
    expect(queries[0]).toBe('In the cellar, under the stairs.');
  });
});

test.each([
  ['Tell me about Nakamura', 'tell me about volcanoes', 'Nakamura wrote to us.'],
  ['What is the name of the ferry?', 'what is the name of that cheese', 'The ferry is called Aurora.'],
  [
    'Wo ist eigentlich der Schraubenzieher?',
    'wo ist eigentlich mein Hut',
    'Der Schraubenzieher liegt im Schuppen.',
  ],
  ['Parle-moi de Nakamura', 'parle moi de volcans', 'Nakamura nous a écrit.'],
])('what a question begins with is no phrase: %s', async (query, framed, fact) => {
  const user = randomUUID();
  await record(user, [{ query: framed, response: 'Here is what I know of it.' }]);
  await record(user, [{ query: fact }]);
  const hits = await search(user, query);
  expect(hits.map(({ interaction }) => interaction.query)).toContain(fact);
  expect(hits.filter(({ tier }) => tier === 'PHRASE')).toEqual([]);
});

describe('an answer says that nothing is known', () => {
  test.each([
    'I’m sorry, but I don’t have any record of that.',
    "I don't know, but if you tell me I will remember it.",
    "You haven't told me where you parked.",
    'Es tut mir leid, dazu habe ich keine Informationen.',
    'Je suis désolé, je ne dispose pas de cette information.',
    'No lo sé.',
    'Mi dispiace, non ho questa informazione.',
    'Não sei.',
    'Sorry, dat weet ik niet.',
    'Tyvärr vet jag inte det.',
    'Nie wiem.',
    'Bunu bilmiyorum.',
    'У меня нет никакой информации об этом.',
    'Δεν ξέρω.',
    'عذرًا، لا أملك هذه المعلومة.',
    'मुझे नहीं पता।',
    'わかりません。',
    '我不知道。',
    '죄송합니다, 그 정보가 없습니다.',
    'ฉันไม่รู้',
  ])('%s', (answer) => expect(saysNothingIsKnown(answer)).toBe(true));

  test.each([
    "I'm sorry to hear that. Rest your ankle and keep it cool.",
    "I don't know exactly, but you said it was on level 3.",
    'No problem! The car is on level 3.',
    'No, está en el nivel 3.',
    'Non, au niveau 3.',
    'Ich weiß, dass es auf Ebene 3 steht.',
    'Tut mir leid für dich. Ruh dich aus.',
    '我知道，在三楼。',
    'There is a car on level 3.',
  ])('not: %s', (answer) => expect(saysNothingIsKnown(answer)).toBe(false));
});

describe('a follow-up that has no session', () => {
  const first = { query: 'My sister Ana moved to Lisbon.', sessionId: 'morning' };
  const next = 'She works at the aquarium there.';
  const reasons = async (user: string) =>
    (await search(user, 'Lisbon')).find(({ interaction }) => interaction.query === next)?.reasons ?? [];

  test.each([
    [first, { query: next }],
    [{ query: first.query }, { query: next, sessionId: 'morning' }],
    [{ query: first.query }, { query: next }],
  ])('is next to what was said close in time: %j, %j', async (...turns) => {
    const user = randomUUID();
    await record(user, turns);
    expect(await reasons(user)).toContain('just before it was said: lisbon');
    const { memories } = await ask(user, 'Who lives in Lisbon?');
    expect(memories.map(({ interaction }) => interaction.query)).toEqual(turns.map(({ query }) => query));
  });

  test('is not next to what was said in another session, or long before', async () => {
    const [other, later] = [randomUUID(), randomUUID()];
    await record(other, [first, { query: next, sessionId: 'evening' }]);
    await record(later, [
      { ...first, timestamp: '2026-01-01T10:00:00Z' },
      { query: next, timestamp: '2026-01-01T12:00:00Z' },
    ]);
    expect((await reasons(other)).join()).not.toContain('just before');
    expect((await reasons(later)).join()).not.toContain('just before');
  });
});
