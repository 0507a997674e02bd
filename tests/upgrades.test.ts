import { readdirSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { knownMigrations } from '../src/db/migrate.ts';
import { startTestApp } from './support/harness.ts';
import { operate } from './support/operate.ts';
import { contractions } from './support/upgrades/contracts.ts';
import { type Answer, QUESTION, readFixture, type Upgraded, upgrade } from './support/upgrades/fixture.ts';
import { SAID, WAITING } from './support/upgrades/said.ts';
import { VERSIONS } from './support/upgrades/versions.ts';

/** Each row with the columns that both have, in one order. */
function narrowed(rows: readonly Record<string, unknown>[], columns: ReadonlySet<string>): string[] {
  const kept = rows.map((row) => Object.entries(row).filter(([name]) => columns.has(name)));
  return kept.map((row) => JSON.stringify(row.sort(([one], [other]) => (one < other ? -1 : 1)))).sort();
}

/**
 * Each value of each row is after the migrations what it was. A migration that changes one on purpose, or takes a table away, says so
 * here.
 */
function expectSame({ before, after }: Upgraded): void {
  expect(Object.keys(after)).toEqual(Object.keys(before));
  for (const [table, rows] of Object.entries(before)) {
    const later = after[table] ?? [];
    const columns = new Set(Object.keys(later[0] ?? {}));
    const common = new Set(Object.keys(rows[0] ?? {}).filter((name) => columns.has(name)));
    expect(narrowed(later, common), table).toEqual(narrowed(rows, common));
  }
}

test.each(VERSIONS)('what %s left is all there, and goes on', async (name) => {
  const fixture = await readFixture(name);
  let upgraded: Upgraded | null = null;
  const app = await startTestApp({
    env: { MASTER_KEY: 'ab'.repeat(32), OUTBOUND_ALLOW: '127.0.0.1' },
    before: async (url, directory) => {
      upgraded = await upgrade(fixture, url, directory);
    },
  });
  onTestFinished(() => app.close());
  const { graphql, search, record } = app;
  const { hashes, ...content } = upgraded as unknown as Upgraded;
  // No migration that was applied there was written anew since.
  expect(hashes).toEqual(fixture.migrations);
  expect(hashes).toEqual(
    knownMigrations()
      .slice(0, hashes.length)
      .map(({ hash }) => hash),
  );
  expectSame({ hashes, ...content });

  // What was acknowledged and no database had is stored, and all else is what that version said of it.
  const depth = async () =>
    (await graphql('{ persistence { journal { depth } } }')).data.persistence.journal.depth;
  await expect.poll(depth).toBe(0);
  const { data, errors } = await graphql(QUESTION);
  expect(errors).toBeUndefined();
  const { turns, character } = data as Answer;
  const isWaiting = ({ turnId }: Record<string, unknown>) => fixture.waiting.includes(String(turnId));
  expect(turns.nodes.filter((turn) => !isWaiting(turn))).toEqual(fixture.answer.turns.nodes);
  expect(turns.nodes.filter(isWaiting)).toEqual(
    expect.arrayContaining(WAITING.map((said) => expect.objectContaining(said))),
  );
  expect(turns.nodes.filter(isWaiting)).toHaveLength(fixture.waiting.length);
  const names = ({ conversations: { nodes } }: Answer) =>
    nodes.map(({ conversationId }) => conversationId).sort();
  expect(names(data as Answer)).toEqual(names(fixture.answer));
  expect(character).toEqual(fixture.answer.character);

  // It is found, its chains hold, and they go on.
  for (const words of ['lighthouse', 'copper kettle'])
    await expect.poll(async () => (await search(words)).length, { message: words }).toBeGreaterThan(0);
  expect((await search('oak', 'ada'))[0]?.interaction.query).toBe('The oak is 80 years old');
  await record('kitchen', ['And today this']);
  const verified = await graphql(`{ verifyConversation(conversationId: "kitchen") { intact turns }
    verifyAudit { broken wrongNames } }`);
  const told = SAID[0]?.[2].length ?? 0;
  expect(verified.data.verifyConversation).toEqual({ intact: true, turns: told + WAITING.length + 1 });
  expect(verified.data.verifyAudit).toEqual({ broken: [], wrongNames: 0 });
  // Nothing that hangs on turns is missing or was left by that version.
  const { code, text } = await operate(app.directory, 'verify', []);
  expect([code, text]).toEqual([
    0,
    expect.stringMatching(/^{[^\n]*"damaged":0,"forgotten":0,"setAside":0}$/),
  ]);
});

/** From here on servers of two versions may run beside each other; the migrations before came without that promise. */
const FIRST_BESIDE = '0044';
const MIGRATIONS = new URL('../drizzle/', import.meta.url);

test('a server of the version before can go on while a migration is applied', () => {
  const names = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql') && name >= FIRST_BESIDE);
  const problems = names.flatMap((name) =>
    contractions(readFileSync(new URL(name, MIGRATIONS), 'utf8')).map((problem) => `${name} ${problem}`),
  );
  expect(problems).toEqual([]);
});

test.each([
  ['ALTER TABLE "a" DROP COLUMN "b";', 1],
  ['DROP TABLE "a";--> statement-breakpoint\nALTER TABLE "b" RENAME TO "c";', 2],
  ['ALTER TABLE "a" ALTER COLUMN "b" SET DATA TYPE text;', 1],
  ['ALTER TABLE "a" ALTER COLUMN "b" SET NOT NULL;', 1],
  ['ALTER TABLE "a" ADD COLUMN "b" text NOT NULL;', 1],
  ['ALTER TABLE "a" ADD COLUMN "b" text DEFAULT \'\' NOT NULL;', 0],
  ['ALTER TABLE "a" ADD COLUMN "b" text;', 0],
  ['CREATE TABLE "a" ("b" text NOT NULL);', 0],
  ['-- contracts: nothing uses a.b since 0044\nALTER TABLE "a" DROP COLUMN "b";', 0],
])('%s takes away %d things', (sql, count) => {
  expect(contractions(sql)).toHaveLength(count);
});
