import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bandValues, bitsOf, distanceOf, MAX_DISTANCE } from '../src/domains/media-insights/bands.ts';
import { followFiles, markVanished } from '../src/domains/media-insights/files.ts';
import { groupsIn } from '../src/domains/media-insights/groups.ts';
import { lockMedia } from '../src/domains/media-insights/owners.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type GivenInsight, hashNamed, storeInsight } from './support/media.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** A hash that differs from another in some of its bits. */
function flipped(hash: string, ...bits: number[]): string {
  const changed = bits.reduce((value, bit) => value ^ (1n << BigInt(bit)), BigInt(`0x${hash}`));
  return changed.toString(16).padStart(16, '0');
}
/** Numbers from a seed, the same on every run. */
function numbers(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
const BASE = '9d3c5a7e1f0b2846';

async function near(user: string, name: string, maxDistance?: number, as = user) {
  const { data, errors } = await app.graphql(
    `query ($hash: String!${maxDistance === undefined ? '' : ', $d: Int'}) { mediaInsight(fileHash: $hash) {
      nearDuplicates${maxDistance === undefined ? '' : '(maxDistance: $d)'} { distance insight { filePath } } } }`,
    { hash: hashNamed(name), ...(maxDistance !== undefined && { d: maxDistance }) },
    as,
  );
  if (errors) return errors[0]?.message;
  return data.mediaInsight.nearDuplicates.map(
    ({ distance, insight }: { distance: number; insight: { filePath: string } }) =>
      `${insight.filePath.replace('/photos/', '')} ${distance}`,
  );
}

interface Group {
  best: string;
  members: string[];
  size: number;
  files: number;
  spareBytes: number;
}
/** All groups of a user, in pages. */
async function groups(user: string, maxDistance?: number, first = 100, from: 'first' | 'last' = 'first') {
  const found: Group[] = [];
  for (let cursor: string | null = null; ; ) {
    const { data, errors } = await app.graphql(
      `query ($cursor: String, $d: Int) { duplicateGroups(${from}: ${first}, ${from === 'first' ? 'after' : 'before'}: $cursor, maxDistance: $d) {
        nodes { best { filePath } members { distance copies insight { filePath } } size files spareBytes }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
      { cursor, d: maxDistance ?? 8 },
      user,
    );
    if (errors) throw new Error(errors[0]?.message);
    const { nodes, pageInfo } = data.duplicateGroups;
    const page = nodes.map(
      (
        node: Omit<Group, 'best' | 'members'> & {
          best: { filePath: string };
          members: { distance: number; copies: number; insight: { filePath: string } }[];
        },
      ) => ({
        ...node,
        best: node.best.filePath.replace('/photos/', ''),
        members: node.members.map(
          ({ distance, copies, insight }) =>
            `${insight.filePath.replace('/photos/', '')} ${distance}${copies > 1 ? ` x${copies}` : ''}`,
        ),
      }),
    );
    if (from === 'first') found.push(...page);
    else found.unshift(...page);
    cursor = from === 'first' ? pageInfo.endCursor : pageInfo.startCursor;
    if (!(from === 'first' ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) return found;
  }
}
/** As the end of an indexing finds that files are gone. */
async function vanish(userId: string, ...paths: string[]): Promise<void> {
  const owner = { tenantId: 'default', userId };
  const rows = await app.sql<{ id: number; hash: string }>(
    'select id, file_hash as hash from echo_media_files where user_id = $1 and shown_path = any($2)',
    [userId, paths],
  );
  await app.app.services.db.transaction(async (client) => {
    await lockMedia(client, owner);
    await markVanished(
      client,
      owner,
      rows.map(({ id }) => id),
    );
    await followFiles(
      client,
      owner,
      rows.map(({ hash }) => hash),
    );
  });
}
const shortly = (found: Group[]) => found.map(({ members }) => members.join(', '));

describe('bands', () => {
  test('miss no hash within the distance', () => {
    const random = numbers(1);
    const bits = bitsOf(BASE);
    const bands = (value: bigint) =>
      bandValues(value, 0).length &&
      [51n, 38n, 25n, 12n, 0n].map((shift, at) =>
        Number((BigInt.asUintN(64, value) >> shift) & (at === 4 ? 4095n : 8191n)),
      );
    for (let distance = 0; distance <= MAX_DISTANCE; distance++) {
      const asked = bandValues(bits, distance).map((values) => new Set(values));
      for (let round = 0; round < 3_000; round++) {
        const flips = new Set<number>();
        while (flips.size < distance) flips.add(random(64));
        const other = bitsOf(flipped(BASE, ...flips));
        expect(distanceOf(bits, other)).toBe(distance);
        const found = (bands(other) as number[]).some((value, at) => asked[at]?.has(value));
        if (!found) expect([distance, other.toString(16)]).toBe('found');
      }
    }
    expect(bandValues(bits, 8).flat()).toHaveLength(57);
    expect(bandValues(bits, 12).flat()).toHaveLength(303);
  });
});

describe('near duplicates', () => {
  test('are exactly those within the distance, the nearest first', async () => {
    const random = numbers(2);
    const hashes = new Map<string, string>([['x', BASE]]);
    for (let number = 0; number < 120; number++) {
      const flips = new Set<number>();
      while (flips.size < number % 20) flips.add(random(64));
      hashes.set(`n${String(number).padStart(3, '0')}`, flipped(BASE, ...flips));
    }
    for (const [name, perceptualHash] of hashes) await storeInsight(app, 'ada', name, { perceptualHash });
    // Of the extreme bits, too: the number may be negative.
    await storeInsight(app, 'ada', 'top', { perceptualHash: flipped(BASE, 63) });
    hashes.set('top', flipped(BASE, 63));
    for (const distance of [0, 1, 4, 8, 12]) {
      const expected = [...hashes]
        .map(([name, hash]) => ({ name, distance: distanceOf(bitsOf(BASE), bitsOf(hash)) }))
        .filter((each) => each.name !== 'x' && each.distance <= distance)
        .sort((a, b) => a.distance - b.distance)
        .map((each) => each.distance);
      const found = (await near('ada', 'x', distance)) as string[];
      expect([distance, found.map((each) => Number(each.split(' ')[1]))]).toEqual([
        distance,
        expected.slice(0, 50),
      ]);
    }
    expect(await near('ada', 'x')).toEqual(await near('ada', 'x', 8));
  });

  test.each([-1, 13, 100])('within %i bits are not asked for', async (distance) => {
    await storeInsight(app, 'ben', `x${distance}`, { perceptualHash: BASE });
    expect(await near('ben', `x${distance}`, distance)).toBe(
      `maxDistance: must be from 0 to 12 bits, is ${distance}`,
    );
  });

  test('are of the same user, there, and have structure', async () => {
    for (const user of ['cid', 'dora']) await storeInsight(app, user, 'x', { perceptualHash: BASE });
    await storeInsight(app, 'cid', 'same', { perceptualHash: BASE });
    await storeInsight(app, 'cid', 'vanished', { perceptualHash: BASE, state: 'VANISHED' });
    await storeInsight(app, 'cid', 'flat');
    expect(await near('cid', 'x')).toEqual(['same 0']);
    expect(await near('cid', 'flat')).toEqual([]);
    expect(await near('dora', 'x')).toEqual([]);
  });

  test('of a whole page are read by two statements', async () => {
    for (let number = 0; number < 10; number++)
      await storeInsight(app, 'eli', `p${number}`, { perceptualHash: flipped(BASE, number) });
    app.statements.length = 0;
    const { data } = await app.graphql(
      '{ mediaInsights { nodes { nearDuplicates { distance insight { filePath filePaths } } } } }',
      {},
      'eli',
    );
    expect(
      data.mediaInsights.nodes.map(({ nearDuplicates }: { nearDuplicates: [] }) => nearDuplicates.length),
    ).toEqual(Array(10).fill(9));
    const sent = app.statements
      .filter((name) => name.startsWith('media_'))
      .map((name) => name.replace(/_[0-9a-f]{16}$/, ''));
    expect(sent).toEqual(['media_page', 'media_neighbours', 'media_by_number', 'media_paths']);
  });
});

describe('groups of duplicates', () => {
  test('name the best, and how far the others are from it', async () => {
    const day = (date: string) => ({ dateTaken: new Date(date) });
    const add = (name: string, given: GivenInsight) =>
      storeInsight(app, 'flo', name, { perceptualHash: BASE, fileSize: 100, ...given });
    await add('thumbnail', { perceptualHash: flipped(BASE, 0, 1), width: 10, height: 10 });
    await add('blurred', { width: 400, height: 300, qualityScore: 0.2 });
    await add('undated', { width: 400, height: 300, visualAnalysis: { features: { sharpness: 0.9 } } });
    await add('later', {
      width: 400,
      height: 300,
      visualAnalysis: { features: { sharpness: 0.9 } },
      ...day('2024-05-02'),
    });
    await add('best', {
      width: 400,
      height: 300,
      visualAnalysis: { features: { sharpness: 0.9 } },
      ...day('2024-05-01'),
      paths: ['/1', '/2'],
    });
    await add('another picture', { perceptualHash: flipped(BASE, ...Array(20).keys()) });
    expect(await groups('flo')).toEqual([
      {
        ...{ best: 'best', size: 5, files: 6, spareBytes: 500 },
        members: ['best 0 x2', 'later 0', 'undated 0', 'blurred 0', 'thumbnail 2'],
      },
    ]);
    expect(shortly(await groups('flo', 1))).toEqual(['best 0 x2, later 0, undated 0, blurred 0']);
  });

  test('are no chains: every member is like the best', async () => {
    // Each differs from the one before in four bits, and from the one before that in eight.
    const chain = Array.from({ length: 6 }, (_, step) => flipped(BASE, ...Array(step * 4).keys()));
    for (const [step, perceptualHash] of chain.entries())
      await storeInsight(app, 'gil', `s${step}`, { perceptualHash, width: 100 - step });
    for (const distance of [3, 4, 8, 12])
      for (const { members } of await groups('gil', distance))
        for (const member of members) expect(Number(member.split(' ')[1])).toBeLessThanOrEqual(distance);
    expect(await groups('gil', 3)).toEqual([]);
    expect(shortly(await groups('gil', 8))[0]).toBeDefined();
    const names = (await groups('gil', 8)).flatMap(({ members }) =>
      members.map((member) => member.split(' ')[0]),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(Math.max(...(await groups('gil', 8)).map(({ size }) => size))).toBeLessThan(6);
  });

  test('are also files that are the same to the byte, with or without structure', async () => {
    await storeInsight(app, 'hal', 'flat', { fileSize: 7, paths: ['/photos/flat', '/b', '/c'] });
    await storeInsight(app, 'hal', 'alone', { perceptualHash: BASE });
    await storeInsight(app, 'hal', 'copied', {
      perceptualHash: flipped(BASE, ...Array(30).keys()),
      paths: ['/photos/copied', '/e'],
    });
    await vanish('hal', '/c');
    expect(await groups('hal')).toEqual([
      { best: 'copied', members: ['copied 0 x2'], size: 1, files: 2, spareBytes: 1_000 },
      { best: 'flat', members: ['flat 0 x2'], size: 1, files: 2, spareBytes: 7 },
    ]);
    await vanish('hal', '/b', '/e');
    expect(await groups('hal')).toEqual([]);
  });

  test('come in pages that fit together, from both ends', async () => {
    const random = numbers(3);
    for (let group = 0; group < 9; group++) {
      const base = Array.from({ length: 16 }, () => random(16).toString(16)).join('');
      for (let member = 0; member <= group % 3; member++)
        await storeInsight(app, 'ida', `g${group} m${member}`, {
          perceptualHash: flipped(base, member),
          width: 10 + member,
          ...(group % 4 === 0 && { paths: [`/${group} ${member}`, `/${group} ${member} copy`] }),
        });
    }
    const all = await groups('ida');
    expect(all).toHaveLength(7);
    for (const size of [1, 2, 3, 5]) {
      expect(await groups('ida', 8, size)).toEqual(all);
      expect(await groups('ida', 8, size, 'last')).toEqual(all);
    }
    await expect(groups('ida', 13)).rejects.toThrow('maxDistance: must be from 0 to 12 bits, is 13');
    expect(await groups('jon')).toEqual([]);
  });

  test('stay right when one of them is forgotten, also the one around which they were found', async () => {
    const user = 'kim';
    for (let number = 0; number < 4; number++)
      await storeInsight(app, user, `k${number}`, {
        perceptualHash: flipped(BASE, number),
        width: 100 + number,
      });
    expect((await groups(user)).map(({ size }) => size)).toEqual([4]);
    for (const [name, size] of [
      ['k0', 3],
      ['k2', 2],
    ] as const) {
      await app.graphql(`mutation { forgetMedia(fileHash: "${hashNamed(name)}") { __typename } }`, {}, user);
      expect((await groups(user)).map((group) => group.size)).toEqual([size]);
    }
    await app.graphql(`mutation { forgetMedia(fileHash: "${hashNamed('k1')}") { __typename } }`, {}, user);
    expect(await groups(user)).toEqual([]);
  });

  test('hold few rows for many that look alike', async () => {
    const random = numbers(4);
    for (let number = 0; number < 150; number++)
      await storeInsight(app, 'lea', `b${number}`, { perceptualHash: flipped(BASE, random(64), random(64)) });
    const [row] = await app.sql<{ rows: number; most: number }>(
      `select sum(n)::int as rows, max(n)::int as most from
         (select count(*) as n from echo_media_pairs where user_id = 'lea' group by member) m`,
    );
    expect(row?.most).toBeLessThanOrEqual(13);
    expect((await groups('lea'))[0]).toMatchObject({ size: 150, files: 150 });
    // What is shown of one is bounded.
    expect((await groups('lea'))[0]?.members).toHaveLength(50);
  });
});

test('a cell is cut from its best on', () => {
  const candidate = (id: number, bits: bigint, pixels: number) => ({
    ...{ centre: 1, id, bits: String(bits), pixels, sharpness: 0, taken: null, bytes: 10, copies: 1 },
  });
  const cell = [
    candidate(1, 0b1111n, 1),
    candidate(2, 0n, 3),
    candidate(3, 0b11111111n, 2),
    candidate(4, 0b11111110n, 1),
  ];
  expect(groupsIn(cell, 4).map(({ members }) => members.map(({ id }) => id))).toEqual([
    [2, 1],
    [3, 4],
  ]);
});
