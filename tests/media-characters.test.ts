import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TestApp } from './support/harness.ts';
import { hashNamed, storeInsight } from './support/media.ts';
import {
  hashOf,
  index,
  picture,
  removeFolder,
  startMediaApp,
  writePicture,
} from './support/media-folders.ts';
import { runTask, untilTask } from './support/tasks.ts';

let root: string;
let app: TestApp;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ root, app, close } = await startMediaApp());
});
afterAll(() => close());
beforeEach(async () => {
  await removeFolder(root);
  await mkdir(root);
  await app.sql('truncate echo_media_files, echo_media_insights, echo_media_pairs');
  await app.sql('delete from character_profiles');
});
const at = (name: string) => join(root, name);

/** A smaller copy of a picture, of which each byte is another. */
async function writeCopy(name: string, number: number): Promise<string> {
  const bytes = await sharp(await picture(number))
    .resize(60)
    .jpeg({ quality: 60 })
    .toBuffer();
  await writeFile(at(name), bytes);
  return hashOf(bytes);
}

/** Writes a character, and waits until the task that it makes (or none) is done. */
async function character(profile: Record<string, unknown>, user?: string): Promise<void> {
  const { data, errors } = await app.graphql(
    `mutation ($input: CharacterInput!) { upsertCharacter(input: $input) { __typename ... on Error { message } } }`,
    { input: profile },
    user,
  );
  expect(errors ?? data.upsertCharacter).toEqual({ __typename: 'UpsertCharacterSuccess' });
  await matched();
}
async function matched(): Promise<void> {
  await expect
    .poll(
      () =>
        app.sql(
          `select status, error from autonomous_tasks where task_type = 'match_characters' and status <> 'COMPLETED'`,
        ),
      { timeout: 60_000, interval: 20 },
    )
    .toEqual([]);
}

/** Who is said to be in which pictures, by what is asked. */
async function shown(name: string, user?: string): Promise<string[]> {
  const { data, errors } = await app.graphql(
    `query ($name: String!) { mediaInsights(filter: { character: $name }) { nodes { filePath characters { characterName }
      characterMatches { character { characterName } method distance } } } }`,
    { name },
    user,
  );
  expect(errors).toBeUndefined();
  return data.mediaInsights.nodes
    .map(
      (node: {
        filePath: string;
        characters: { characterName: string }[];
        characterMatches: { character: { characterName: string }; method: string; distance: number }[];
      }) => {
        const match = node.characterMatches.find(({ character: who }) => who.characterName === name);
        expect(node.characters.map(({ characterName }) => characterName)).toContain(name);
        expect(match?.method).toBe('REFERENCE');
        return `${node.filePath.split('/').at(-1)} ${match?.distance === 0 ? 'same' : 'near'}`;
      },
    )
    .sort();
}

test('a picture that comes is compared with the reference images of characters', async () => {
  const hash = await writePicture(at('mira.jpg'), 1);
  await index(app, root);
  await character({
    characterName: 'Mira',
    referenceImages: [{ fileHash: hash }, { fileHash: 'f'.repeat(64) }],
  });
  expect(await shown('Mira')).toEqual(['mira.jpg same']);
  await writeCopy('copy.jpg', 1);
  await writePicture(at('other.jpg'), 2);
  await index(app, root);
  const both = ['copy.jpg', 'mira.jpg same'];
  expect((await shown('Mira')).map((line) => line.replace(/copy.jpg.*/, 'copy.jpg'))).toEqual(both);
  expect(await shown('Nobody')).toEqual([]);
  // By words, too.
  const { data } = await app.graphql(
    '{ mediaInsights(filter: { text: "mira copy" }) { nodes { filePath } } }',
  );
  expect(data.mediaInsights.nodes).toEqual([{ filePath: at('copy.jpg') }]);
});

test('a character that comes later, changes or goes is looked at again', async () => {
  const first = await writePicture(at('a.jpg'), 1);
  const second = await writePicture(at('b.jpg'), 2);
  await writeCopy('a-copy.jpg', 1);
  await index(app, root);
  const names = async () => (await shown('Mira')).map((line) => line.split(' ')[0]);
  // As text, and in capital letters.
  await character({ characterName: 'Mira', referenceImages: [first.toUpperCase()] });
  expect(await names()).toEqual(['a-copy.jpg', 'a.jpg']);
  await character({ characterName: 'Mira', referenceImages: [{ fileHash: second }] });
  expect(await names()).toEqual(['b.jpg']);
  await app.graphql('mutation { deactivateCharacter(name: "Mira") { __typename } }');
  await matched();
  expect(await names()).toEqual([]);
  await character({ characterName: 'Mira' });
  expect(await names()).toEqual(['b.jpg']);
  await character({ characterName: 'Mira', referenceImages: [] });
  expect(await names()).toEqual([]);
  // What changes nothing of it makes no task.
  const count = () => app.sql(`select count(*) from autonomous_tasks where task_type = 'match_characters'`);
  const before = await count();
  await character({ characterName: 'Mira', notes: 'She sings.' });
  expect(await count()).toEqual(before);
  // Again it changes nothing.
  const { taskId } = await runTask(app, { type: 'match_characters' });
  expect((await untilTask(app, taskId, 'COMPLETED')).result).toEqual({ users: 1, references: 0, changed: 0 });
});

test('a path names what was indexed there, also later than its copies', async () => {
  await character({ characterName: 'Mira', referenceImages: [{ path: at('mira.jpg') }, at('second.jpg')] });
  await writeCopy('copy.jpg', 1);
  await index(app, root);
  expect(await shown('Mira')).toEqual([]);
  await writePicture(at('mira.jpg'), 1);
  await index(app, root);
  expect((await shown('Mira')).map((line) => line.split(' ')[0])).toEqual(['copy.jpg', 'mira.jpg']);
  // Read again, it is as it was.
  await app.sql('update echo_media_files set reader_version = 0');
  await app.sql('update echo_media_insights set reader_version = 0');
  await index(app, root);
  expect((await shown('Mira')).map((line) => line.split(' ')[0])).toEqual(['copy.jpg', 'mira.jpg']);
});

test('a perceptual hash is compared for each user of a shared character; the nearest counts', async () => {
  const near = '9d3c5a7e1f0b2847';
  await storeInsight(app, 'ann', 'exact', { perceptualHash: '9d3c5a7e1f0b2846' });
  await storeInsight(app, 'bob', 'eight', { perceptualHash: '9d3c5a7e1f0b28b9' });
  await storeInsight(app, 'bob', 'nine to the other', { perceptualHash: '9d3c5a7e1f0b2bb9' });
  await storeInsight(app, 'bob', 'flat');
  await character({
    characterName: 'Mira',
    referenceImages: [{ perceptualHash: '9d3c5a7e1f0b2846' }, { perceptualHash: near }],
  });
  expect(await shown('Mira', 'ann')).toEqual(['exact same']);
  expect(await shown('Mira', 'bob')).toEqual(['eight near']);
  // One's own of this name goes before the shared one, for oneself.
  await character({ characterName: 'mira', referenceImages: ['none'], shared: false }, 'ann');
  expect(await shown('Mira', 'ann')).toEqual([]);
  expect(await shown('Mira', 'bob')).toEqual(['eight near']);
});

test('other values name nothing, and pictures of others are not looked at', async () => {
  await storeInsight(app, 'ann', 'secret', { perceptualHash: '9d3c5a7e1f0b2846' });
  await storeInsight(app, 'bob', 'copy', { perceptualHash: '9d3c5a7e1f0b2846' });
  await character(
    {
      characterName: 'Mira',
      referenceImages: [
        ...[
          'https://example.com/mira.png',
          'file:///photos/copy',
          'photos/copy',
          '',
          '/',
          '/\u0000',
          null,
          5,
          [],
        ],
        ...[
          { url: 'https://example.com/mira.png' },
          { fileHash: 5 },
          { perceptualHash: 'x' },
          { path: '../copy' },
        ],
        ...[{ fileHash: hashNamed('secret') }, { path: '/photos/secret' }],
      ].filter((value) => value !== '/\u0000'),
    },
    'bob',
  );
  expect(await shown('Mira', 'bob')).toEqual([]);
  expect(await shown('Mira', 'ann')).toEqual([]);
});
