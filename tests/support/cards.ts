import { deflateSync } from 'node:zlib';
import { png, pngChunk, pngText, zip } from '../fixtures/import/support.ts';
import type { TestApp } from './harness.ts';

/** A JSON object of a card. */
export type Card = Record<string, unknown>;

const V1 = (name: string): Card => ({
  name,
  description: `{{char}} is a keeper of bees.\n"Quoted" <START> é 🐝`,
  personality: 'patient',
  scenario: 'A meadow at dusk.',
  first_mes: 'Hello, {{user}}. *hums*',
  mes_example: '<START>\n{{user}}: Hi\n{{char}}: Buzz.',
});

const entry = (index: number, more: Card = {}): Card => ({
  keys: [`key ${index}`, 'Ünïcode'],
  content: `@@depth ${index}\nWhat ${index} is.`,
  extensions: { 'some/tool': { nested: [index, null, { deep: true }] } },
  enabled: index % 2 === 0,
  insertion_order: index * 10,
  ...more,
});

const V2_DATA = (name: string): Card => ({
  ...V1(name),
  creator_notes: 'Never for prompts.',
  system_prompt: 'You are {{char}}. {{original}}',
  post_history_instructions: 'Stay brief.',
  alternate_greetings: ['First other', 'Second other'],
  tags: ['bees', 'calm'],
  creator: 'a test',
  character_version: '1.2',
  extensions: { talkativeness: '0.5', 'x/unknown': { list: [1, 2, { three: null }] } },
  character_book: {
    name: 'Bees',
    scan_depth: 3,
    token_budget: 500,
    recursive_scanning: true,
    extensions: { book: 'kept' },
    entries: [
      entry(1, { case_sensitive: true, name: 'one', priority: 5, id: 1, comment: 'c' }),
      entry(2, { selective: true, secondary_keys: ['honey'], constant: false, position: 'before_char' }),
    ],
  },
});

export const v1 = V1;
export const v2 = (name: string): Card => ({
  spec: 'chara_card_v2',
  spec_version: '2.0',
  data: V2_DATA(name),
});
export const v3 = (name: string): Card => ({
  spec: 'chara_card_v3',
  spec_version: '3.0',
  data: {
    ...V2_DATA(name),
    assets: [
      { type: 'icon', uri: 'ccdefault:', name: 'main', ext: 'png' },
      { type: 'x_sound', uri: 'embeded://assets/other/hum.ogg', name: 'hum', ext: 'ogg' },
    ],
    nickname: 'Bee',
    creator_notes_multilingual: { de: 'Nie für Prompts.', ja: '蜂' },
    source: ['https://cards.example/1', 'urn:test:2'],
    group_only_greetings: ['Hello, all'],
    creation_date: 1_700_000_000,
    modification_date: 0,
    a_later_version: { keeps: ['this'] },
  },
});
/** As programs write it that fill the fields of version 1 beside those of a later one. */
export const mixed = (card: Card): Card => ({
  ...V1(String((card.data as Card).name)),
  fav: false,
  create_date: '2024-1-5@10h 22m 3s 456ms',
  talkativeness: '0.5',
  avatar: 'none',
  ...card,
});

export const base64 = (card: unknown): string => Buffer.from(JSON.stringify(card)).toString('base64');

export const compressedText = (keyword: string, text: string | Buffer): Buffer =>
  pngChunk('zTXt', Buffer.concat([Buffer.from(`${keyword}\0\0`, 'latin1'), deflateSync(text)]));

export const internationalText = (keyword: string, text: string): Buffer =>
  pngChunk('iTXt', Buffer.concat([Buffer.from(`${keyword}\0\x01\0en\0\0`, 'latin1'), deflateSync(text)]));

/** What stands in a PNG beside the card: it must come out again. */
export const PIXELS = [
  pngChunk('IDAT', deflateSync(Buffer.from([0, 128]))),
  pngText('Software', 'a painter'),
];

export const containers: Readonly<Record<string, (card: Card) => Buffer>> = {
  json: (card) => Buffer.from(JSON.stringify(card)),
  'json with a mark of its order': (card) => Buffer.from(`\ufeff${JSON.stringify(card, null, 2)}`),
  'tEXt chara': (card) => png(pngText('chara', base64(card)), ...PIXELS),
  'tEXt ccv3 behind the pixels': (card) => png(...PIXELS, pngText('ccv3', base64(card))),
  'zTXt Chara': (card) => png(compressedText('Chara', base64(card)), ...PIXELS),
  'iTXt CCV3': (card) => png(...PIXELS, internationalText('CCV3', base64(card))),
  'both, ccv3 counts': (card) =>
    png(pngText('chara', base64(v1('Somebody else'))), pngText('ccv3', base64(card)), ...PIXELS),
  charx: (card) => zip({ 'card.json': JSON.stringify(card), 'assets/other/hum.ogg': 'OggS hum' }),
  'charx behind a picture': (card) =>
    Buffer.concat([png(...PIXELS), zip({ 'card.json': JSON.stringify(card), 'module.risum': 'app data' })]),
};

/** Takes a card in; what the mutation says. */
export async function importCard(app: TestApp, content: Buffer, user?: string, more: Card = {}) {
  const { data, errors } = await app.graphql(
    `mutation ($input: ImportCharacterInput!) { importCharacter(input: $input) { __typename
      ... on UpsertCharacterSuccess { outcome told character { id characterName aliases personalityTraits } }
      ... on Error { code message } ... on InvalidInputError { field } } }`,
    { input: { content: content.toString('base64'), ...more } },
    user,
  );
  return data?.importCharacter ?? { errors };
}

/** A character as a file; null if there is none. */
export async function exportCard(app: TestApp, name: string, format: string, user?: string) {
  const { data, errors } = await app.graphql(
    'query ($name: String!, $format: CardFormat!) { exportCharacter(name: $name, format: $format) { fileName mediaType content } }',
    { name, format },
    user,
  );
  if (errors) throw new Error(JSON.stringify(errors));
  const card = data.exportCharacter;
  return card && { ...card, content: Buffer.from(card.content, 'base64') };
}
