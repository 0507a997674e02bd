import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { interaction { status response } memories { interaction { query } } }
  ... on Error { message } } }`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

async function ask(user: string, query: string, conversationId: string = randomUUID()) {
  const { data, errors } = await app.graphql(ASK, { input: { query, conversationId } }, user);
  expect(errors).toBeUndefined();
  const { interaction, memories } = data.processQuery;
  return { response: interaction.response as string, memories };
}

const NOTHING = /^I remember nothing about that yet\./;
const SOMETHING = /This is what I remember about it:/;

describe('a question behind a greeting', () => {
  test.each([
    ['My dentist is called Dr. Ruiz.', 'Good morning. What is my dentist called?'],
    ['My dentist is called Dr. Ruiz.', 'Hello! How are you? Could you tell me what my dentist is called?'],
    ['My dentist is called Dr. Ruiz.', 'hi there, what is my dentist called? Thanks a lot!'],
    ['Meine Zahnärztin heißt Frau Vogt.', 'Guten Morgen! Wie geht es dir? Wie heißt meine Zahnärztin?'],
    ['Mon dentiste est à Lyon.', 'Bonjour, où est mon dentiste ? Merci d’avance'],
    ['Mi dentista vive en Cuenca.', '¡Buenos días! ¿Qué tal? ¿Dónde vive mi dentista?'],
  ])('%s: %s', async (told, question) => {
    const user = randomUUID();
    await app.record('told', [{ query: told, response: '' }], user);
    const { response } = await ask(user, question);
    expect(response).toContain(told);
  });
});

describe('a question of which nothing is known', () => {
  test.each([
    [
      ['My brother plays the oboe.', 'Our dentist has moved.', 'I bought a red kettle.'],
      'Where did I park the car?',
    ],
    [['Kill Bill is my favourite movie.'], 'Delete the third paragraph of my essay'],
    [['I like green tea.', 'The roof leaks.'], 'When is the wedding?'],
    [['Mein Bruder spielt Oboe.', 'Der Zahnarzt ist umgezogen.'], 'Wo habe ich das Auto geparkt?'],
    [['Mon frère joue du hautbois.', "J'ai acheté une bouilloire."], 'Où est-ce que je suis garé ?'],
    [['Mi hermano toca el oboe.', 'He comprado una tetera.'], '¿Dónde está el coche?'],
    [['Meu irmão toca oboé.', 'Comprei uma chaleira.'], 'Onde está o carro?'],
    [['Мой брат играет на гобое.', 'Я купил чайник.'], 'Где стоит машина?'],
    [['兄はオーボエを吹きます。', '赤いやかんを買いました。'], '車はどこですか'],
    [['我哥哥吹双簧管。', '我买了一个水壶。'], '车停在哪里？'],
  ])('%j: %s', async (told, question) => {
    const user = randomUUID();
    const conversationId = randomUUID();
    for (const each of told) await ask(user, each, conversationId);
    for (const where of [conversationId, randomUUID(), randomUUID()]) {
      const { response, memories } = await ask(user, question, where);
      expect(response).toMatch(NOTHING);
      expect(response).not.toMatch(SOMETHING);
      expect(memories).toEqual([]);
    }
  });
});

test('what is known is told, and never its own ignorance', async () => {
  const user = randomUUID();
  expect((await ask(user, 'Where did I park the car?')).response).toMatch(NOTHING);
  await ask(user, 'I parked the car behind the library.');
  for (let round = 0; round < 3; round++) {
    const { response, memories } = await ask(user, 'Where did I park the car?');
    expect(response).toContain('you: "I parked the car behind the library."');
    expect(response).not.toMatch(/remember nothing|Noted/);
    expect(memories).toHaveLength(1);
  }
});

test('a turn beside one that was named is remembered with it', async () => {
  const user = randomUUID();
  const conversationId = randomUUID();
  await ask(user, 'We spent a week in Verona.', conversationId);
  await ask(user, 'The pasta there was great.', conversationId);
  const { response } = await ask(user, 'What did I say of Verona?');
  expect(response).toContain('The pasta there was great.');
});

describe('what tells something is acknowledged', () => {
  test.each([
    'My brother plays the oboe.',
    'I moved to Lisbon in May',
    'Mein Bruder heisst Uwe.',
    'Ma sœur habite à Lyon.',
    'Mi gata se llama Pixel.',
    'Мой брат играет на гобое.',
    '兄はオーボエを吹きます。',
    '我哥哥吹双簧管。',
    'Remember that I like green tea.',
    'Kim is my neighbour.',
    'She said "hello" and left.',
  ])('%s', async (told) => {
    const { response } = await ask(randomUUID(), told);
    expect(response).toContain(`Noted. I stored what you said, as you said it: "${told}"`);
    expect(response).not.toMatch(/remember nothing/);
  });
});
