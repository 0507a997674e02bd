import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** What was so first, what took its place in other words than the question's, and what is asked. */
const REPLACED: [before: string, since: string, question: string][] = [
  ['I drive a Golf.', 'I sold the Golf and bought a Volvo.', 'What car do I drive now?'],
  ['I work at Brightwater.', 'I quit Brightwater and joined Fennimore Labs.', 'Where do I work now?'],
  ['We live in Ghent.', 'We moved to Utrecht.', 'Where do we live?'],
  ['My girlfriend is Ana.', 'Ana and I broke up.', 'Who is my girlfriend?'],
  ['I play the oboe.', 'I gave up the oboe for the cello.', 'Which instrument do I play now?'],
  ['I use Evernote for lists.', 'Switched from Evernote to Obsidian.', 'Which app do I use for lists now?'],
  ['I keep my savings at Norbank.', 'I left Norbank for Citadel Credit.', 'Where do I keep my savings now?'],
  ['I study botany.', 'I dropped botany; it is geology from autumn on.', 'What do I study?'],
  ['I ride a Gazelle to the office.', 'The Gazelle was stolen, so it is a Batavus.', 'What do I ride now?'],
  ['I rent from Mr Okafor.', 'Okafor sold up. Mrs Lund is the owner.', 'Who do I rent from now?'],
  [
    'Ich fahre einen Passat.',
    'Den Passat habe ich verkauft, jetzt ist es ein Kia.',
    'Welches Auto fahre ich jetzt?',
  ],
  [
    'Ich arbeite bei Silbermann.',
    'Ich habe bei Silbermann gekündigt und bei Krafft angefangen.',
    'Wo arbeite ich jetzt?',
  ],
  ['Ich wohne in Lindau.', 'Wir sind nach Bregenz umgezogen.', 'Wo wohne ich?'],
  ['Ich trinke Assam.', 'Statt Assam gibt es bei mir nur mehr Rooibos.', 'Welchen Tee trinke ich jetzt?'],
  [
    'Je conduis une Clio.',
    "J'ai vendu la Clio pour une Zoé.",
    'Quelle voiture est-ce que je conduis maintenant ?',
  ],
  ['Je travaille chez Dumarais.', "J'ai quitté Dumarais pour Vasseur.", 'Où est-ce que je travaille ?'],
  ["J'habite à Nantes.", 'Nous avons déménagé à Rennes.', "Où est-ce que j'habite ?"],
  [
    'Mi dentista es Anselmo.',
    'Anselmo se jubiló; mi nueva dentista es Pilar.',
    '¿Quién es mi dentista ahora?',
  ],
  ['Mi profesor es Eloy.', 'Eloy se fue y mi profesora es Irene.', '¿Quién es mi profesor ahora?'],
  ['I swim with the Otters club.', 'We joined the club Riverside instead.', 'Which club do I swim with now?'],
  ['Our tariff is 31 cents.', 'They raised the tariff to 36 cents.', 'How high is our tariff at the moment?'],
  ['Mein Beitrag ist 40 Euro.', 'Der Beitrag wurde auf 45 Euro erhöht.', 'Wie hoch ist mein Beitrag jetzt?'],
  ['My locker code is 1188.', 'I have a new locker code: 9021.', "What's my locker code?"],
  ['Our plumber is Mr Voss.', 'The old one retired; the new plumber is Ms Imrie.', 'Who is our plumber?'],
  [
    'Unser Internetanbieter ist Netzblick.',
    'Wir sind von Netzblick zu Fernkabel gewechselt.',
    'Welchen Internetanbieter haben wir?',
  ],
  ['Notre voisin est Gaston.', "Le nouveau voisin s'appelle Rachid.", 'Qui est notre voisin ?'],
  ['Conduzco un Ibiza.', 'Vendí el Ibiza y compré un Corsa.', '¿Qué coche conduzco ahora?'],
  ['Trabajo en Almagro.', 'Dejé Almagro y empecé en Bonavista.', '¿Dónde trabajo?'],
  ['Vivo en Cádiz.', 'Nos mudamos a Huelva.', '¿Dónde vivo?'],
];
/** Of one person each, as it is their work that was replaced already. */
const BY_ITSELF: typeof REPLACED = [
  [
    'I work at the weather bureau.',
    'I left the weather bureau and joined Okonkwo Partners.',
    'Where do I work these days?',
  ],
  [
    'Ich arbeite in der Gärtnerei.',
    'Ich habe genug von den Gewächshäusern und habe bei Telekraft angefangen.',
    'Wo arbeite ich jetzt?',
  ],
  ['Ich arbeite im Stadtarchiv.', 'Habe im Museum angefangen.', 'Wo arbeite ich mittlerweile?'],
  [
    'I go to the Ironworks gym.',
    'Ironworks got too pricey, so I signed up at Pulse.',
    'Which gym do I go to now?',
  ],
  [
    'Mrs. Abbott looks after my cat.',
    'Mrs. Abbott moved abroad; Terence feeds the cat now.',
    'Who looks after my cat these days?',
  ],
  [
    'Unser Stromanbieter ist Voltara.',
    'Sind von Voltara zu Grünkraft gewechselt.',
    'Welchen Stromanbieter haben wir jetzt?',
  ],
  [
    'Lucie garde les enfants le mercredi.',
    "Lucie a déménagé, c'est Hortense qui vient désormais.",
    'Qui garde les enfants maintenant ?',
  ],
  [
    'Uso un ordenador Lenovo.',
    'Se me rompió el Lenovo y ahora tengo un Framework.',
    '¿Qué ordenador uso ahora?',
  ],
  [
    'Mi médico de cabecera es el doctor Larrea.',
    'El doctor Larrea se jubiló, me atiende la doctora Otxoa.',
    '¿Quién es mi médico de cabecera hoy?',
  ],
  [
    'The wifi password is bluebird7.',
    'Changed the wifi password to heron22.',
    'What is the wifi password at the moment?',
  ],
  ['My sister lives in Leeds.', 'My sister has relocated to Cardiff.', 'Where does my sister live now?'],
  [
    'Ich trinke morgens Kaffee.',
    'Statt Kaffee gibt es bei mir morgens nur noch Tee.',
    'Was trinke ich morgens inzwischen?',
  ],
  [
    'I have a Samsung phone.',
    'Dropped the Samsung in the lake and bought a Pixel.',
    'Which phone do I have?',
  ],
  ['Toco el clarinete.', 'Dejé el clarinete y empecé con el violonchelo.', '¿Qué instrumento toco ahora?'],
  ['Tengo un coche Seat rojo.', 'Vendí el Seat y me compré un Dacia.', '¿Qué coche tengo hoy en día?'],
];
/** What names the thing, and neither says that it is gone nor what is so since; or only the one. */
const STILL_SO: typeof REPLACED = [
  ['My cousin Lucía lives in Turin.', 'I sold the bike that I had in Turin.', 'Where does Lucía live now?'],
  ['I go to the Ironworks gym.', 'Ironworks was too full on Monday.', 'Which gym do I go to now?'],
];
/** What has the same words, and replaced nothing of the user's. */
const NEARLY = [
  'Tom sold his Golf last year.',
  'We joined the club of the bakers.',
  'The new plumber in the film was funny.',
  'They raised a barn.',
  'I lost the keys of the Golf.',
  'My neighbour quit her job at a bank.',
  'Carla and Tim broke up.',
  'I cleaned the oboe.',
  'My aunt moved to Lyon.',
  'We moved the sofa to the other wall.',
  'Mein Nachbar hat seinen Passat verkauft.',
  'Mi vecino vendió su Ibiza.',
  'Ma tante a vendu sa Clio.',
];
const SUBJECTS = ['soup', 'train', 'garden', 'novel', 'concert', 'recipe', 'ladder', 'harbour', 'museum'];
const VERBS = ['drive', 'work', 'live', 'play', 'use', 'keep', 'study', 'ride', 'rent'];
const FILLER = Array.from({ length: 400 }, (_, n) =>
  n % 2
    ? `The ${SUBJECTS[n % 9]} was late on day ${n}.`
    : `How do people ${VERBS[n % 9]} with a ${SUBJECTS[(n + 4) % 9]}, case ${n}?`,
);

describe('what was replaced in other words', () => {
  /** One for each language: the same person lives in one place only. */
  const userOf = (question: string) =>
    /^¿/.test(question) ? 'es' : / \?$/.test(question) ? 'fr' : /ich|mein|haben/.test(question) ? 'de' : 'en';
  beforeAll(async () => {
    for (const user of ['en', 'de', 'fr', 'es']) {
      const replaced = REPLACED.filter(([, , question]) => userOf(question) === user);
      const turns = [
        ...FILLER.slice(0, 100),
        ...replaced.map(([before]) => before),
        ...FILLER.slice(100, 200),
        ...replaced.map(([, since]) => since),
        ...FILLER.slice(200, 300),
        ...NEARLY,
        ...FILLER.slice(300),
      ];
      for (let at = 0; at < turns.length; at += 100) {
        await app.record(
          randomUUID(),
          turns.slice(at, at + 100).map((query, place) => ({
            query,
            // Hours apart, so that none is its neighbour's.
            timestamp: new Date(Date.UTC(2025, 0, 1) + (at + place) * 7_200_000).toISOString(),
          })),
          user,
        );
      }
    }
  });

  test.each(REPLACED)('%s → %s', async (before, since, question) => {
    const hits = await app.search(question, userOf(question), { limit: 10 });
    const queries = hits.map((hit) => hit.interaction.query);
    expect(queries[0]).toBe(since);
    expect(queries).toContain(before);
    for (const other of NEARLY) expect(queries.slice(0, 2)).not.toContain(other);
  });

  test.each(BY_ITSELF)('%s → %s', async (before, since, question) => {
    const person = randomUUID();
    const told = [...FILLER.slice(0, 50), before, ...FILLER.slice(50, 100), since, ...NEARLY];
    await app.record(
      randomUUID(),
      told.map((query, at) => ({
        query,
        timestamp: new Date(Date.UTC(2025, 0, 1) + at * 7_200_000).toISOString(),
      })),
      person,
    );
    const hits = await app.search(question, person, { limit: 10 });
    const queries = hits.map((hit) => hit.interaction.query);
    expect(queries[0]).toBe(since);
    expect(queries).toContain(before);
  });

  test.each(STILL_SO)('%s stays so: %s', async (statement, later, question) => {
    const person = randomUUID();
    await app.record(
      randomUUID(),
      [...FILLER.slice(0, 50), statement, ...FILLER.slice(50, 100), later].map((query, at) => ({
        query,
        timestamp: new Date(Date.UTC(2025, 0, 1) + at * 7_200_000).toISOString(),
      })),
      person,
    );
    const [first] = await app.search(question, person, { limit: 10 });
    expect(first?.interaction.query).toBe(statement);
  });

  test('what took the place of that again is the answer', async () => {
    const other = randomUUID();
    const turns = [
      'I drive a Golf.',
      'I sold the Golf and bought a Volvo.',
      'The Volvo is gone, I got a Tesla.',
    ];
    await app.record(
      randomUUID(),
      turns.map((query, day) => ({
        query,
        timestamp: new Date(Date.UTC(2025, 0, 1 + day)).toISOString(),
      })),
      other,
    );
    const [first] = await app.search('What do I drive now?', other, { limit: 10 });
    expect(first).toMatchObject({
      tier: 'KEYWORDS',
      interaction: { query: 'The Volvo is gone, I got a Tesla.' },
    });
    expect(first?.reasons).toContain('says what became of volvo');
  });
});
