import { afterAll, beforeAll, expect, test } from 'vitest';
import { learn, type Said } from './support/facts.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { numbersFrom, shuffled } from './support/random-order.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const at = (day: number) => new Date(Date.UTC(2024, 0, day)).toISOString();
const STATEMENTS: readonly Omit<Said, 'turnId'>[] = [
  { saidAt: at(1), predicate: 'lives_in', object: 'Lisbon', confidence: 0.9 },
  { saidAt: at(5), predicate: 'lives_in', object: 'Porto', validFrom: at(4), precision: 'day' },
  { saidAt: at(9), predicate: 'lives_in', object: 'the Lisbon' },
  { saidAt: at(12), predicate: 'lives_in', object: 'Lisbon', negated: true },
  { saidAt: at(3), predicate: 'likes', object: 'old cats' },
  { saidAt: at(2), predicate: 'likes', object: 'an old cat', statement: 'user is fond of an old cat' },
  { saidAt: at(7), predicate: 'likes', object: 'OLD CATS', confidence: 0.5 },
  // At one instant, so that only what they say tells which comes first.
  { saidAt: at(6), predicate: 'works_at', object: 'Baker & Sons' },
  { saidAt: at(6), predicate: 'works_at', object: 'Acme' },
  { saidAt: at(8), predicate: 'lives_in', object: 'Leeds', subject: 'Anna', validUntil: at(20) },
  { saidAt: at(10), predicate: 'likes', object: 'old cats', negated: true },
  { saidAt: at(11), predicate: 'age', object: '34', origin: 'MODEL' },
];

const known = () =>
  app.sql(
    `select f.statement, f.object, f.subject, f.negated, f.status, f.origin, f.confidence, f.valid_from, f.valid_until, f.valid_precision,
       f.first_said_at, f.last_said_at, f.search_terms, s.statement as superseded_by,
       (select count(*)::int from echo_fact_sources where fact = f.id) as sources
     from echo_learned_facts f left join echo_learned_facts s on s.fact_id = f.superseded_by
     order by f.statement collate "C"`,
  );

test('the same twelve statements leave the same facts, in whatever order they are learned', async () => {
  const turns = await app.record(
    'talk',
    STATEMENTS.map(({ saidAt, object }) => ({ query: object, timestamp: saidAt })),
    'ada',
  );
  const said = STATEMENTS.map((statement, place) => ({ ...statement, turnId: turns[place]?.turnId ?? '' }));
  await learn(app, 'ada', said);
  const expected = await known();
  const told = expected.map(({ statement, status, superseded_by, sources, valid_until }) =>
    [statement, status, superseded_by, sources, valid_until?.toISOString() ?? null].join(' | '),
  );
  expect(told).toEqual([
    `Anna lives_in Leeds | ACTIVE |  | 1 | ${at(20)}`,
    'user age 34 | ACTIVE |  | 1 | ',
    `user is fond of an old cat | SUPERSEDED | user not likes old cats | 3 | ${at(10)}`,
    `user lives_in Lisbon | SUPERSEDED | user not lives_in Lisbon | 2 | ${at(12)}`,
    `user lives_in Porto | SUPERSEDED | user lives_in Lisbon | 1 | ${at(9)}`,
    'user not likes old cats | ACTIVE |  | 1 | ',
    'user not lives_in Lisbon | ACTIVE |  | 1 | ',
    expect.stringMatching(/^user works_at (Acme|Baker & Sons) \| (ACTIVE|SUPERSEDED)/),
    expect.stringMatching(/^user works_at (Acme|Baker & Sons) \| (ACTIVE|SUPERSEDED)/),
  ]);
  const next = numbersFrom(20_240_101);
  for (let order = 0; order < 30; order++) {
    await app.sql('delete from echo_learned_facts');
    const some = shuffled(said, next);
    await learn(app, 'ada', some);
    expect(await known(), some.map(({ object }) => object).join(', ')).toEqual(expected);
  }
});
