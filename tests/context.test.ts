import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { InteractionRow } from '../src/domains/interactions/tables.ts';
import type { MemoryHit } from '../src/domains/memory/hits.ts';
import { cite as citeFor } from '../src/domains/query/citation.ts';
import { buildContext as buildFor, tokensIn } from '../src/domains/query/context.ts';
import { BUILT_IN_ANSWERER } from '../src/domains/utterances/recalled.ts';
import { Random } from '../torture/random.ts';

const MINUTE_MS = 60_000;
const STYLE = { timeZone: 'UTC', reader: 'model' } as const;
const cite = (memory: MemoryHit, number: number) => citeFor(memory, number, STYLE);
const buildContext = (history: InteractionRow[], found: MemoryHit[], budget: number) =>
  buildFor(history, found, budget, STYLE);
let lastId = 0;

/** A turn; each is a minute later than the one made before it. */
function turn(query: string, response = '', changes: Partial<InteractionRow> = {}): InteractionRow {
  const id = ++lastId;
  const content = {
    id,
    tenantId: 'default',
    turnId: randomUUID(),
    conversationId: 'c',
    sequence: id,
    userId: 'ada',
    query,
    response,
    speaker: null,
    responder: null,
    modelUsed: 'external',
    timestamp: new Date(Date.UTC(2024, 4, 8) + id * MINUTE_MS),
    sessionId: null,
    metadata: {},
    status: 'ANSWERED',
    ...changes,
  };
  return content as unknown as InteractionRow;
}

const hit = (interaction: InteractionRow, score = 0.5): MemoryHit => ({
  interaction,
  score,
  tier: 'KEYWORDS',
  reasons: () => [],
  isSimilar: false,
  inTime: false,
  tellsNothing: false,
  tellsWhatBecame: false,
});
const hits = (...rows: InteractionRow[]) => rows.map((row) => hit(row));
/** Twenty tokens that no other turn shares. */
const twenty = () => {
  const mark = `${lastId}`.padStart(5, 'q');
  return turn(`${mark}a ${mark}b `.padEnd(40, '.'), `${mark}c ${mark}d `.padEnd(40, '.'));
};
const many = (count: number, make: () => InteractionRow) => Array.from({ length: count }, make);
const textsOf = (rows: readonly InteractionRow[]) => rows.map(({ query }) => query);
const memoriesOf = (history: InteractionRow[], found: MemoryHit[], budget = 2_000) =>
  textsOf(buildContext(history, found, budget).memories.map(({ interaction }) => interaction));

describe('tokens', () => {
  test.each([
    ['', 0],
    ['a', 1],
    ['abcd', 1],
    ['abcde', 2],
    ['日本語', 2],
    ['日本語です。', 4],
    ['日本語abcd', 3],
    ['é', 1],
    ['é'.repeat(6), 4],
  ])('%j', (text, tokens) => {
    expect(tokensIn(text)).toBe(tokens);
  });
});

describe('history', () => {
  test('the newest turns take two thirds of the budget where there are memories', () => {
    const history = many(6, twenty);
    expect(buildContext(history, hits(turn('tea')), 90).history).toEqual(history.slice(-3));
    expect(buildContext(history, hits(turn('tea')), 89).history).toEqual(history.slice(-2));
  });

  test('and all of it where there are none', () => {
    const history = many(6, twenty);
    expect(buildContext(history, [], 90).history).toEqual(history.slice(-4));
    expect(buildContext(history, [], 120).history).toEqual(history);
    expect(buildContext(history, [], 19).history).toEqual([]);
  });

  test('ends before a turn that is too large: no gaps', () => {
    const [oldest, middle, newest] = [twenty(), turn('y'.repeat(4_000)), twenty()];
    expect(buildContext([oldest, middle, newest], [], 100).history).toEqual([newest]);
  });

  test('counts both sides of a turn', () => {
    const history = [turn('a'.repeat(40)), turn('b', 'c'.repeat(400))];
    expect(buildContext(history, [], 100).history).toEqual([]);
    expect(buildContext(history, [], 101).history).toEqual(history.slice(-1));
  });

  test('what it leaves goes to memories', () => {
    const history = many(2, twenty);
    const found = hits(...many(8, twenty));
    const spent = ({ memories }: { memories: readonly MemoryHit[] }) =>
      memories.reduce((sum, memory, index) => sum + tokensIn(cite(memory, index + 1)), 0);
    const cost = tokensIn(cite(found[0]!, 100));
    const context = buildContext(history, found, 40 + 4 * cost);
    expect(context.history).toEqual(history);
    expect(context.memories).toHaveLength(4);
    expect(spent(context)).toBe(4 * cost);
  });
});

describe('memories', () => {
  test('are the best that fit, oldest first', () => {
    const [first, second, third] = [turn('green tea'), turn('strong coffee'), turn('cold milk')];
    expect(memoriesOf([], hits(second, third, first))).toEqual(['green tea', 'strong coffee', 'cold milk']);
    const budget = tokensIn(cite(hit(third), 100)) + tokensIn(cite(hit(first), 100));
    expect(memoriesOf([], hits(third, first, second), budget)).toEqual(['green tea', 'cold milk']);
  });

  test('of one instant, by their ids', () => {
    const timestamp = new Date(0);
    const [first, second] = [turn('green tea', '', { timestamp }), turn('cold milk', '', { timestamp })];
    expect(memoriesOf([], hits(second, first))).toEqual(['green tea', 'cold milk']);
  });

  test('are left out if history shows them', () => {
    const shown = turn('green tea');
    expect(memoriesOf([shown], hits(shown, turn('cold milk')))).toEqual(['cold milk']);
    const wordless = turn('?!', '…');
    expect(memoriesOf([wordless], hits(wordless))).toEqual([]);
  });

  test('are taken if history had no room for them', () => {
    const [early, late] = [turn('green tea leaves'), twenty()];
    const context = buildContext([early, late], hits(early), 33);
    expect(textsOf(context.history)).toEqual([late.query]);
    const wide = buildContext([early, turn('y'.repeat(4_000))], hits(early), 100);
    expect(wide.history).toEqual([]);
    expect(wide.memories.map(({ interaction }) => interaction)).toEqual([early]);
  });

  test('too large for the rest of the budget give way to smaller ones', () => {
    const large = turn('x'.repeat(300), 'y'.repeat(300));
    const small = [turn('green tea'), turn('cold milk')];
    expect(memoriesOf([], hits(large, ...small), 60)).toEqual(['green tea', 'cold milk']);
    expect(memoriesOf([], hits(small[0]!, large, small[1]!), 60)).toEqual(['green tea', 'cold milk']);
    expect(memoriesOf([], hits(large, ...small), 3)).toEqual([]);
  });
});

describe('memories that say the same', () => {
  const four = 'violin cello piano trumpet';
  const seven = `${four} flute oboe tuba`;

  test.each([
    ['word for word', four, four, true],
    ['in another order, case and punctuation', four, 'Trumpet, piano; VIOLIN, cello!', true],
    ['four of five words', four, `${four} harp`, true],
    ['seven of eight words', seven, `harp ${seven}`, true],
    ['seven of nine words', seven, `${seven} harp drum`, false],
    ['half of them', four, 'violin cello harp drum', false],
  ])('%s', (_name, better, worse, isSame) => {
    for (const [first, second] of [
      [better, worse],
      [worse, better],
    ] as const) {
      const found = hits(turn(first), turn(second));
      expect(memoriesOf([], found)).toEqual(isSame ? [first] : [first, second]);
    }
  });

  test('the better one stays, though it is the newer one', () => {
    const [older, newer] = [turn(four), turn(four)];
    const { memories } = buildContext([], hits(newer, older), 2_000);
    expect(memories.map(({ interaction }) => interaction)).toEqual([newer]);
  });

  test('both sides of a turn count', () => {
    expect(memoriesOf([], hits(turn('tea', four), turn('tea', 'green leaves')))).toHaveLength(2);
    expect(memoriesOf([], hits(turn('violin cello', 'piano trumpet'), turn(four)))).toHaveLength(1);
  });

  test('as history', () => {
    expect(memoriesOf([turn(four)], hits(turn(four), turn('green tea')))).toEqual(['green tea']);
  });

  test('but not as a memory that had no room', () => {
    const large = turn(four, `${four} `.repeat(12));
    expect(memoriesOf([], hits(large, turn(four)), 40)).toEqual([four]);
  });

  test('texts without words are unlike each other', () => {
    expect(memoriesOf([], hits(turn('?'), turn('!')))).toEqual(['?', '!']);
  });
});

test('nothing ever exceeds the budget', () => {
  const random = new Random('budget');
  const words = [...'abcdefghijklmnop']
    .map((letter) => letter.repeat(3))
    .concat('日本語', '海', 'café', '🎉');
  const text = (longest: number) =>
    Array.from({ length: random.integer(0, longest) }, () => random.pick(words)).join(random.pick([' ', '']));
  const some = (most: number, longest: number) =>
    Array.from({ length: random.integer(0, most) }, () =>
      turn(text(longest), random.chance(0.7) ? text(longest) : '', {
        modelUsed: random.pick(['external', BUILT_IN_ANSWERER]),
        timestamp: new Date(random.integer(0, 5) * MINUTE_MS),
      }),
    );
  const costOf = (row: InteractionRow) =>
    tokensIn(row.query) + tokensIn(row.modelUsed === BUILT_IN_ANSWERER ? '' : row.response);
  const sum = (costs: readonly number[]) => costs.reduce((total, cost) => total + cost, 0);
  let full = 0;
  for (let round = 0; round < 400; round++) {
    const history = some(8, random.pick([5, 60]));
    const found = hits(...some(9, random.pick([5, 150])), ...history.filter(() => random.chance(0.3))).slice(
      0,
      9,
    );
    const budget = random.integer(0, random.pick([50, 400]));
    const { history: kept, memories } = buildContext(history, found, budget);

    const forHistory = sum(kept.map(costOf));
    const forMemories = sum(memories.map((memory, index) => tokensIn(cite(memory, index + 1))));
    expect(forHistory + forMemories).toBeLessThanOrEqual(budget);
    const share = found.length > 0 ? (budget * 2) / 3 : budget;
    expect(forHistory).toBeLessThanOrEqual(share);
    expect(kept).toEqual(history.slice(history.length - kept.length));
    const next = history.at(-kept.length - 1);
    if (next) expect(forHistory + costOf(next)).toBeGreaterThan(share);

    const ids = memories.map(({ interaction }) => interaction.turnId);
    expect(new Set([...ids, ...kept.map(({ turnId }) => turnId)]).size).toBe(ids.length + kept.length);
    for (const memory of memories) expect(found).toContain(memory);
    const times = memories.map(({ interaction }) => interaction.timestamp.getTime());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    if (memories.length > 1 && kept.length > 0) full++;
  }
  expect(full).toBeGreaterThan(20);
});
