import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cursorOf, positionOf } from '../src/domains/privacy/export-cursor.ts';
import { DUTIES } from '../src/lists/duties.ts';
import { SECTIONS } from '../src/lists/sections.ts';
import { unexported } from './support/duties.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

// Made by the version before the verbs of a restore moved to their domains.
const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', 'export', name), 'utf8');
const LINES = fixture('lines.jsonl').trimEnd().split('\n');
const PAGES: { sha256: string; cursors: string[] } = JSON.parse(fixture('pages.json'));
const kindsOf = (lines: readonly string[]): Set<string> =>
  new Set(lines.map((line) => JSON.parse(line).kind));

const EXPORT = `query ($after: String, $first: Int) {
  exportUser(after: $after, first: $first) { lines next } }`;
const RESTORE = `mutation ($lines: [String!]!) { restoreUser(lines: $lines) {
  ... on RestoreUserSuccess { turns replayed characters } ... on Error { message } } }`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  const { data } = await app.graphql(RESTORE, { lines: LINES }, 'ann');
  expect(data.restoreUser).toEqual({ turns: 26, replayed: 0, characters: 23 });
});
afterAll(() => app.close());

test('an export of the version before comes back byte for byte', async () => {
  const { data } = await app.graphql('{ exportUser { lines next manifest { sha256 } } }', {}, 'ann');
  expect(data.exportUser).toEqual({ lines: LINES, next: null, manifest: { sha256: PAGES.sha256 } });
  const again = await app.graphql(RESTORE, { lines: LINES }, 'ann');
  expect(again.data.restoreUser).toEqual({ turns: 0, replayed: 29, characters: 0 });
});

test('pages begin where those of the version before began, among own characters, too', async () => {
  let next: string | null = null;
  for (const [index, after] of [null, ...PAGES.cursors].entries()) {
    const { data, errors } = await app.graphql(EXPORT, { after, first: 1 }, 'ann');
    expect(errors).toBeUndefined();
    expect(data.exportUser.lines).toEqual(LINES.slice(index, index + 1));
    const now = await app.graphql(EXPORT, { after: next, first: 1 }, 'ann');
    expect(now.data.exportUser.lines).toEqual(LINES.slice(index, index + 1));
    next = now.data.exportUser.next;
  }
  expect(next).toBeNull();
});

test('a row that goes between two pages takes none of the others along', async () => {
  const { graphql, sql } = app;
  for (const name of ['Ada', 'Bea', 'Cleo', 'Dora']) {
    await graphql(
      'mutation ($name: String!) { upsertCharacter(input: { characterName: $name, occupation: "cook" }) { __typename } }',
      { name },
      'pia',
    );
    await graphql(
      'mutation ($name: String!) { createGoal(input: { description: $name }) { __typename } }',
      { name },
      'pia',
    );
  }
  await sql(`insert into character_cards (character_id, tenant_id, user_id, card, profile, updated_at)
    select id, tenant_id, user_id, '{}', '{}', now() from character_profiles where user_id = 'pia'`);
  await sql(`insert into character_card_files (character_id, tenant_id, user_id, path, content, updated_at)
    select id, tenant_id, user_id, 'a/' || character_name, 'x', now() from character_profiles where user_id = 'pia'`);
  const tables = {
    character_card_file: 'character_card_files',
    character_card: 'character_cards',
    character_change: 'character_changes',
    character: 'character_profiles',
    goal: 'autonomous_goals',
  };
  for (const [kind, table] of Object.entries(tables)) {
    const { data: whole } = await graphql(EXPORT, { first: 500 }, 'pia');
    const lines = whole.exportUser.lines.filter((line: string) => line.startsWith(`{"kind":"${kind}"`));
    expect(lines.length, kind).toBeGreaterThanOrEqual(4);
    const seen: string[] = [];
    for (let after: string | null = null, isGone = false; ; ) {
      const { data } = await graphql(EXPORT, { after, first: 1 }, 'pia');
      const { lines: page, next } = data.exportUser;
      const [line = ''] = page;
      if (line.startsWith(`{"kind":"${kind}"`)) seen.push(line);
      // Two were read, and the first one goes.
      if (seen.length === 2 && !isGone) {
        isGone = true;
        await sql(`alter table ${table} disable trigger all`);
        await sql(`delete from ${table} where ctid = (${FIRST[kind]})`);
        await sql(`alter table ${table} enable trigger all`);
      }
      after = next;
      if (after === null) break;
    }
    expect(seen, kind).toEqual(lines);
  }
});
/** Which row has the first line. */
const ofName = (table: string, order: string) =>
  `select r.ctid from ${table} r join character_profiles p on p.id = r.character_id where r.user_id = 'pia' order by p.character_name collate "C"${order} limit 1`;
const FIRST: Record<string, string> = {
  character_card_file: ofName('character_card_files', ''),
  character_card: ofName('character_cards', ''),
  character_change: ofName('character_changes', ', r.changed_at, r.id'),
  character: `select ctid from character_profiles where user_id = 'pia' order by character_name collate "C" limit 1`,
  goal: "select ctid from autonomous_goals where user_id = 'pia' order by id limit 1",
};

test('every table whose rows are exported has a section, and every section has a table', () => {
  const kinds = SECTIONS.flatMap((section) => section.kinds);
  expect(new Set(kinds).size).toBe(kinds.length);
  expect(unexported(DUTIES, new Set(kinds))).toEqual([]);
  const [some] = DUTIES;
  const planted = some ? [...DUTIES, { ...some, exported: { lines: 'wish' } }] : [];
  expect(unexported(planted, new Set(kinds))).toEqual(['no line of an export is a "wish"']);
  expect(unexported(DUTIES, new Set([...kinds, 'wish']))).toEqual([
    'no table says that its rows are exported as "wish"',
  ]);
});

test('the fixture has lines of every kind that its version had', () => {
  expect([...kindsOf(LINES)].sort()).toEqual(['character', 'conversation', 'deleted', 'settings', 'turn']);
});

test('what is stored and what is exported is counted by kind', async () => {
  const counts = '{ exportUser { manifest { lines { kind count } } } }';
  const { data } = await app.graphql(counts, {}, 'ann');
  expect(data.exportUser.manifest.lines).toEqual([
    { kind: 'settings', count: 1 },
    { kind: 'character', count: 23 },
    { kind: 'conversation', count: 3 },
    { kind: 'turn', count: 26 },
    { kind: 'deleted', count: 3 },
  ]);
});

test.each([
  ['an unknown one', '{"kind":"wish","said":"a pony"}', 'lines.1.kind: "wish" is no kind of line that this'],
  ['none', '{"said":"a pony"}', 'lines.1.kind: must say what the line is'],
  ['one that is no text', '{"kind":["turn"]}', 'lines.1.kind: must say what the line is'],
  ['one that all objects have', '{"kind":"constructor"}', 'lines.1.kind: "constructor" is no kind'],
  ['none, as it is null', 'null', 'lines.1.kind: must say what the line is'],
  ['half a letter', '{"kind":"\\ud800"}', 'lines.1.kind'],
])(
  'a line that a newer version may have written is refused with all others: its kind is %s',
  async (_how, line, problem) => {
    const user = `${crypto.randomUUID()}`;
    const conversation = LINES.find((text) => text.startsWith('{"kind":"conversation"')) ?? '';
    const mine = JSON.stringify({ ...JSON.parse(conversation), userId: user });
    const { data } = await app.graphql(RESTORE, { lines: [mine, line] }, user);
    expect(data.restoreUser.message).toContain(problem);
    expect(await app.sql('select 1 from echo_conversations where user_id = $1', [user])).toEqual([]);
    const alone = await app.graphql(RESTORE, { lines: [mine] }, user);
    expect(alone.data.restoreUser).toEqual({ turns: 0, replayed: 0, characters: 0 });
  },
);

test('a conversation keeps the characters that answer in it', async () => {
  const mine = (query: string, variables = {}, user = 'cast') => app.graphql(query, variables, user);
  await mine('mutation { upsertCharacter(input: { characterName: "Figment Zero" }) { __typename } }');
  await mine(
    'mutation { setConversationCharacters(conversationId: "with one", characters: ["Figment Zero"]) { __typename } }',
  );
  const { lines } = (await mine('{ exportUser { lines } }')).data.exportUser;
  expect(lines.join('')).toContain('"characters":["Figment Zero"],"greeting":0');
  // As if it were another server's: an export goes back to its own user.
  const elsewhere = lines.map((line: string) => line.replace('"userId":"cast"', '"userId":"twin"'));
  const restored = await mine(RESTORE, { lines: elsewhere }, 'twin');
  expect(restored.data.restoreUser).toEqual({ turns: 0, replayed: 0, characters: 1 });
  const { data } = await mine('{ conversation(conversationId: "with one") { characters } }', {}, 'twin');
  expect(data.conversation).toEqual({ characters: ['Figment Zero'] });
});

describe('a cursor of an export', () => {
  const text = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
  const wishes = [...SECTIONS, { ...SECTIONS[0], kinds: ['wish', 'step'] }] as typeof SECTIONS;

  test.each([
    [['', 7], 'character'],
    [['mine', 7], 'conversation'],
    [['', 7, 'wish'], 'wish'],
    [['a key', 0, 'wish'], 'wish'],
    [['', 0, 'conversation'], 'conversation'],
  ])('leads back to where it came from: %j', (parts, section) => {
    const [key, number] = parts;
    expect(positionOf(text(parts), wishes)).toEqual({ section, place: { key, number } });
    const position = positionOf(text(parts), wishes);
    expect(position && cursorOf(position)).toBe(text(parts));
  });

  test.each([
    [['', -1]],
    [['', 1.5]],
    [['', 2_147_483_648]],
    [['x'.repeat(101), 1]],
    [['a\u0000b', 1, 'wish']],
    [['', 1, 'hope']],
    [['', 1, 'step']],
    [['', 1, 'wish', 2]],
    [['']],
    [[1, 1]],
    ['mine'],
    [null],
    [{}],
  ])('that no page gave leads nowhere: %j', async (parts) => {
    expect(positionOf(text(parts), wishes)).toBeNull();
    const { errors } = await app.graphql(EXPORT, { after: text(parts) }, 'ann');
    expect(errors?.[0]?.message).toContain('after: must be the `next` of an earlier page');
  });
});
