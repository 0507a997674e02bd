import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DUTIES } from '../src/lists/duties.ts';
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
  for (const [index, after] of [null, ...PAGES.cursors].entries()) {
    const { data, errors } = await app.graphql(EXPORT, { after, first: 1 }, 'ann');
    expect(errors).toBeUndefined();
    const last = index === PAGES.cursors.length;
    expect(data.exportUser).toEqual({
      lines: LINES.slice(index, index + 1),
      next: last ? null : PAGES.cursors[index],
    });
  }
});

test('every table whose rows are exported has lines of its kind, and they come back', () => {
  expect(unexported(DUTIES, kindsOf(LINES))).toEqual([]);
  const [some] = DUTIES;
  const planted = some ? [...DUTIES, { ...some, exported: { lines: 'goal' } }] : [];
  expect(unexported(planted, kindsOf(LINES))).toEqual(['no line of an export is a "goal"']);
  expect(unexported(DUTIES, new Set([...kindsOf(LINES), 'goal']))).toEqual([
    'no table says that its rows are exported as "goal"',
  ]);
});
