import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { InteractionRow } from '../src/domains/interactions/tables.ts';
import { chainHashOf } from '../src/domains/interactions/turn.ts';
import { checkEvidence, countAnsweredTwice, type Evidence } from '../torture/checks.ts';
import { FrontendMessages } from '../torture/commit-proxy.ts';
import { failpointPatches } from '../torture/failpoints.ts';
import { type Batch, compact, type Epoch } from '../torture/ledger.ts';
import { planBatch } from '../torture/plan.ts';
import { Random } from '../torture/random.ts';
import { patchesOf } from '../torture/sabotage.ts';
import { checkSlots, SLOT_EVERY_MS, type SlotEvidence, slotPatches } from '../torture/slots.ts';
import { patched } from '../torture/source-copy.ts';
import { checkTasks, type TaskEvidence } from '../torture/task-checks.ts';
import { effectPatches } from '../torture/task-effects.ts';
import { untruthIn } from '../torture/truth.ts';

const root = resolve(import.meta.dirname, '..');

test.each(['fsync', 'unique', 'early-ack', 'fencing', 'late-effect', null] as const)(
  'what is broken on purpose fits the sources: %s',
  async (kind) => {
    const several = await patched([...patchesOf(kind), ...slotPatches()]);
    const sources = await patched([...patchesOf(kind), ...failpointPatches(), ...effectPatches()]);
    for (const [file, source] of [...sources, ...several])
      if (file.endsWith('.ts')) expect(() => stripTypeScriptTypes(source)).not.toThrow();
  },
);

describe('the checks of the torture harness', () => {
  test('find nothing in a ledger that is in order', () => {
    expect(checkEvidence(evidence())).toEqual([]);
  });

  test('find nothing either after the ledger forgot the contents', () => {
    const sound = evidence();
    compact(sound.epoch);
    expect(checkEvidence(sound)).toEqual([]);
  });

  test.each<[string, string, (doctored: Doctored) => void]>([
    ['an acknowledged turn is missing', 'lost', ({ stored }) => stored.splice(3, 1)],
    ['the last turn is missing', 'lost', ({ stored }) => stored.pop()],
    ['a turn is stored under another id', 'lost', ({ stored }) => (stored[2]!.turnId = randomUUID())],
    [
      'a turn is stored twice',
      'duplicated',
      ({ stored }) =>
        stored.push({ ...stored[1]!, id: 99, turnId: randomUUID(), sequence: stored.length + 1 }),
    ],
    ['an id is stored twice', 'duplicated', ({ stored }) => (stored[4]!.turnId = stored[5]!.turnId)],
    [
      'a key is stored twice',
      'duplicated',
      ({ stored }) => (stored[4]!.idempotencyKey = stored[5]!.idempotencyKey),
    ],
    ['two requests changed places', 'out-of-order', (doctored) => swap(doctored, 1, 4)],
    ['two turns of a request changed places', 'out-of-order', (doctored) => swap(doctored, 2, 3)],
    ['a place is left out', 'sequence-gap', ({ stored }) => stored.at(-1)!.sequence++],
    ['one character differs', 'altered', ({ stored }) => (stored[0]!.response += ' ')],
    [
      'a character is normalized',
      'altered',
      ({ stored }) => (stored[1]!.query = stored[1]!.query.normalize('NFD')),
    ],
    ['metadata differ', 'altered', ({ stored }) => (stored[2]!.metadata = { a: 2 })],
    [
      'a timestamp is a millisecond off',
      'altered',
      ({ stored }) => (stored[3]!.timestamp = new Date(stored[3]!.timestamp.getTime() + 1)),
    ],
    [
      'the acknowledged answer is another one',
      'altered',
      ({ batches }) =>
        (batches[0]!.turns[0]!.acked = {
          turnId: batches[0]!.turns[0]!.acked!.turnId,
          sequence: null,
          response: 'else',
        }),
    ],
    [
      'the acknowledged place is another one',
      'altered',
      ({ batches }) => (batches[0]!.turns[0]!.acked = { ...batches[0]!.turns[0]!.acked!, sequence: 2 }),
    ],
    [
      'a link of the chain is broken',
      'chain-broken',
      ({ stored }) => (stored[2]!.chainHash = Buffer.alloc(32)),
    ],
    ['a refused payload is stored', 'refused-stored', ({ stored }) => (stored[5]!.query = '#refused 1')],
    ['a turn is stored that nobody sent', 'unknown-stored', ({ stored }) => (stored[5]!.query = '#else 1')],
    ['an event is missing', 'event-gap', ({ stored, counts }) => counts.delete(stored[2]!.turnId)],
    ['an event came twice', 'event-duplicate', ({ stored, counts }) => counts.set(stored[2]!.turnId, 2)],
    [
      'half of an unacknowledged request is stored',
      'half-stored',
      ({ stored, batches }) => {
        batches.at(-1)!.ackedAt = null;
        stored.pop();
      },
    ],
  ])('find that %s', (_what, check, doctor) => {
    for (const forget of [false, true]) {
      const sound = evidence();
      if (forget) compact(sound.epoch);
      const { stored, epoch, subscribers } = sound;
      doctor({ stored, batches: epoch.batches, counts: subscribers[0]!.counts });
      expect(checkEvidence(sound).map((finding) => finding.check)).toContain(check);
    }
  });

  test('let the journals of several servers keep orders of their own, and judge what was committed', () => {
    for (const [first, found] of [
      ['JOURNALED', []],
      ['COMMITTED', ['out-of-order']],
    ] as const) {
      const doctored = { ...evidence(), severalServers: true };
      doctored.epoch.batches[0]!.firstDurability = first;
      const { stored, epoch, subscribers } = doctored;
      swap({ stored, batches: epoch.batches, counts: subscribers[0]!.counts }, 0, 1);
      relink(stored);
      expect(checkEvidence(doctored).map(({ check }) => check)).toEqual(found);
    }
  });

  test('let a query be answered twice only where no server could know of the other answer', () => {
    for (const [door, attempts, durability, found] of [
      ['processQuery', 2, 'JOURNALED', []],
      ['processQuery', 1, 'JOURNALED', ['altered']],
      ['processQuery', 2, 'COMMITTED', ['altered']],
      ['recordTurns', 2, 'JOURNALED', ['altered']],
    ] as const) {
      const doctored = { ...evidence(), severalServers: true };
      const [batch] = doctored.epoch.batches;
      Object.assign(batch!, { door, attempts, firstDurability: durability, durability });
      batch!.turns[0]!.acked = { ...batch!.turns[0]!.acked!, response: 'another answer' };
      expect(checkEvidence(doctored).map(({ check }) => check)).toEqual(found);
      expect(countAnsweredTwice(doctored)).toBe(found.length === 0 ? 1 : 0);
    }
  });

  test('let requests that ran at the same time stand in any order', () => {
    const doctored = evidence();
    const [first, second] = doctored.epoch.batches;
    second!.sentAt = first!.ackedAt! - 1;
    const { stored, epoch, subscribers } = doctored;
    swap({ stored, batches: epoch.batches, counts: subscribers[0]!.counts }, 0, 1);
    relink(stored);
    expect(checkEvidence(doctored)).toEqual([]);
  });
});

test('a seed repeats every plan, and another seed makes another one', () => {
  const epoch = { number: 1, prefix: 'e1-', batches: [], refused: [], rekeyed: [] };
  const plan = (seed: string) => JSON.stringify(planBatch(new Random(seed), epoch, 1, '1.1'));
  expect(plan('a')).toBe(plan('a'));
  expect(plan('a')).not.toBe(plan('b'));
});

test('the proxy sees a commit in every form, however the bytes arrive', () => {
  const frame = (type: string, body: string) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(4 + Buffer.byteLength(body));
    return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
  };
  const sent = [
    [frame('', '\0\x03\0\0user\0a\0\0'), false],
    [frame('Q', 'begin\0'), false],
    [frame('P', 's1\0insert into t values ($1)\0\0\0'), false],
    [frame('B', '\0s1\0\0\0'), false],
    [frame('Q', ' COMMIT\0'), true],
    [frame('P', 's2\0commit\0\0\0'), false],
    [frame('B', '\0s2\0\0\0'), true],
    [frame('Q', 'committee\0'), false],
  ] as const;
  const stream = Buffer.concat(sent.map(([bytes]) => bytes));
  for (const step of [1, 3, stream.length]) {
    const messages = new FrontendMessages();
    const seen: boolean[] = [];
    for (let at = 0; at < stream.length; at += step)
      for (const { commits } of messages.split(stream.subarray(at, at + step))) seen.push(commits);
    expect(seen).toEqual(sent.map(([, commits]) => commits));
  }
});

describe('the checks of tasks', () => {
  const sound = (): TaskEvidence => ({
    ...{ taskId: 'a', status: 'COMPLETED', steps: 2, returned: 2, attempt: 2 },
    attempts: [
      { number: 1, startedAt: 1_000, endedAt: 2_000, error: 'its worker was not heard of again' },
      { number: 2, startedAt: 2_000, endedAt: 3_000, error: null },
    ],
    effects: [
      { step: 1, attempt: 1, at: 1_500 },
      { step: 2, attempt: 2, at: 2_500 },
    ],
  });
  const [first, second] = sound().attempts;
  const [done, later] = sound().effects;

  test('find nothing in one that is in order', () => {
    expect(checkTasks([sound()], ['a'])).toEqual([]);
  });

  test.each<[string, string, Partial<TaskEvidence>]>([
    ['is not over', 'task-unfinished', { status: 'RUNNING' }],
    ['left an effect twice', 'effect-twice', { effects: [done!, later!, { ...later!, attempt: 1 }] }],
    ['left none', 'effect-missing', { effects: [done!] }],
    ['was ended by an attempt that had lost it', 'attempts-incoherent', { returned: 1 }],
    [
      'has an attempt without an end',
      'attempts-incoherent',
      { attempts: [{ ...first!, endedAt: null }, second!] },
    ],
    ['was done twice to the end', 'attempts-incoherent', { attempts: [{ ...first!, error: null }, second!] }],
    ['was begun while it ran', 'attempts-incoherent', { attempts: [{ ...first!, endedAt: 2_001 }, second!] }],
    ['has lost an attempt', 'attempts-incoherent', { attempts: [second!] }],
    [
      'has an effect of a lost attempt',
      'attempts-incoherent',
      { effects: [done!, { ...later!, attempt: 1 }] },
    ],
  ])('find one that %s', (_what, check, doctored) => {
    const found = checkTasks([{ ...sound(), ...doctored }], ['a']);
    expect(found.map((finding) => finding.check)).toContain(check);
  });

  test('find one that is gone, and one that nobody made', () => {
    expect(checkTasks([sound()], ['b']).map((finding) => finding.check)).toEqual([
      'task-lost',
      'task-unknown',
    ]);
  });
});

describe('the checks of several servers', () => {
  const sound = (): SlotEvidence => ({
    slots: [
      { at: 3_000, state: 'RUN', note: null, task: '1' },
      { at: 6_000, state: 'SKIPPED', note: 'its predecessor’s task 1 was unfinished', task: null },
      { at: 9_000, state: 'RUN', note: null, task: '2' },
    ],
    tasks: [
      { task: '1', status: 'COMPLETED', runs: 1 },
      { task: '2', status: 'COMPLETED', runs: 1 },
    ],
  });
  const [first, second, third] = sound().slots;
  const [done, later] = sound().tasks;

  test('find nothing in slots that are in order', () => {
    expect(checkSlots(sound(), SLOT_EVERY_MS)).toEqual([]);
  });

  test.each<[string, string, Partial<SlotEvidence>]>([
    ['is left out', 'slot-missing', { slots: [first!, third!] }],
    ['came twice', 'slot-missing', { slots: [first!, second!, second!, third!] }],
    ['made no task', 'slot-missing', { slots: [first!, second!, { ...third!, task: null }], tasks: [done!] }],
    ['was given up', 'slot-missing', { slots: [first!, { ...second!, state: 'MISSED' }, third!] }],
    ['made two tasks', 'slot-twice', { tasks: [done!, later!, { ...later!, task: '3' }] }],
    ['shares its task', 'slot-twice', { slots: [first!, second!, { ...third!, task: '1' }] }],
    ['did its work twice', 'slot-twice', { tasks: [done!, { ...later!, runs: 2 }] }],
    ['did not do its work', 'slot-missing', { tasks: [done!, { ...later!, runs: 0 }] }],
    ['is not over', 'slot-missing', { tasks: [done!, { ...later!, status: 'RUNNING' }] }],
  ])('find one that %s', (_what, check, doctored) => {
    const found = checkSlots({ ...sound(), ...doctored }, SLOT_EVERY_MS);
    expect(found.map((finding) => finding.check)).toContain(check);
  });

  test.each<[string, boolean, number, string, string, RegExp | null]>([
    ['there', false, 200, 'HEALTHY', 'answers in 2 ms', null],
    ['there and slow', false, 200, 'DEGRADED', 'answers, but takes no turns', null],
    ['away', true, 503, 'DEGRADED', 'does not answer', null],
    ['said to be there', true, 503, 'HEALTHY', 'answers', /HEALTHY.*is away/],
    ['said to be away', false, 200, 'DEGRADED', 'does not answer', /DEGRADED.*is there/],
    ['away, and the server ready', true, 200, 'DEGRADED', 'does not answer', /200 at .readyz/],
    ['there, and the server not ready', false, 503, 'HEALTHY', 'answers', /503 at .readyz/],
  ])(
    'hold what a server says against a database that is %s',
    (_what, isAway, ready, status, detail, found) => {
      const health = { status, checks: [{ name: 'database', status, detail }] };
      const said = untruthIn({ ready, health }, isAway);
      if (found) expect(said).toMatch(found);
      else expect(said).toBeNull();
    },
  );
});

test('an option that is none is refused with exit code 2', async () => {
  const { code, stdout } = await torture('--kills', 'many');
  expect(code).toBe(2);
  expect(stdout).toContain('--kills: must be a positive whole number, not "many"');
});

test('the server keeps every promise through 20 kills', { timeout: 600_000 }, async () => {
  const { code, stdout } = await torture('--kills', '20', '--check-every', '10', '--faults', 'kill,kill-all');
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/"lost": 0,\s+"duplicated": 0,\s+"outOfOrder": 0/);
});

test.each([
  ['early-ack', 'lost'],
  ['unique', 'duplicated'],
])('a server that is broken on purpose does not: %s', { timeout: 600_000 }, async (sabotage, check) => {
  const kills = ['--kills', '12', '--check-every', '2', '--faults', 'kill,kill-all'];
  const { code, stdout } = await torture('--sabotage', sabotage, ...kills);
  expect([code, stdout]).toEqual([1, expect.stringContaining(`"check": "${check}"`)]);
  // What is evidence elsewhere.
  const kept = /the data is kept in (.+)$/m.exec(stdout)?.[1] ?? '';
  expect(kept).toContain('echo-torture-');
  await rm(kept, { recursive: true, force: true });
});

interface Doctored {
  stored: InteractionRow[];
  batches: Batch[];
  counts: Map<string, number>;
}

/** Three requests of one conversation, one after another, and what a sound server makes of them. */
function evidence() {
  const batches = [['a0'], ['b0', 'b1', 'b2'], ['c0', 'c1']].map(
    (marks, index): Batch => ({
      writer: 1,
      door: 'recordTurns',
      userId: 'ada',
      conversationId: 'e1-c',
      sentAt: index * 10 + 1,
      ackedAt: index * 10 + 5,
      durability: 'COMMITTED',
      firstDurability: 'COMMITTED',
      attempts: 1,
      turns: marks.map((mark) => ({
        mark,
        key: `key ${mark}`,
        expected: { values: { query: `#${mark} é`, response: 'yes', metadata: { a: 1 }, timestamp: AT } },
        acked: null,
      })),
    }),
  );
  const stored = batches
    .flatMap(({ turns }) => turns)
    .map(({ mark, key }, index) => row(index + 1, mark, key));
  relink(stored);
  for (const turn of batches.flatMap(({ turns }) => turns)) {
    const { turnId, response } = stored.find(({ idempotencyKey }) => idempotencyKey === turn.key)!;
    turn.acked = { turnId, response, sequence: null };
  }
  const epoch: Epoch = {
    number: 1,
    prefix: 'e1-',
    batches,
    refused: [{ conversationId: 'e1-c', marks: ['refused'], unsure: false }],
    rekeyed: [],
  };
  const counts = new Map(stored.map(({ turnId }) => [turnId, 1]));
  return { epoch, stored, subscribers: [{ name: 'test', counts }] } satisfies Evidence;
}

const AT = '2020-02-02T02:02:02.002Z';

function row(sequence: number, mark: string, idempotencyKey: string | null): InteractionRow {
  const content = {
    id: sequence,
    tenantId: 'default',
    turnId: randomUUID(),
    conversationId: 'e1-c',
    sequence,
    userId: 'ada',
    query: `#${mark} é`,
    response: 'yes',
    speaker: null,
    responder: null,
    modelUsed: 'external',
    intent: null,
    timestamp: new Date(AT),
    sessionId: null,
    metadata: { a: 1 },
    idempotencyKey,
    payloadHash: Buffer.alloc(32),
  };
  return content as unknown as InteractionRow;
}

/** Two turns change places. */
function swap({ stored }: Doctored, a: number, b: number): void {
  const place = stored[a]!.sequence;
  stored[a]!.sequence = stored[b]!.sequence;
  stored[b]!.sequence = place;
}

/** Ties the turns to each other in the order of their places. */
function relink(stored: InteractionRow[]): void {
  let previous: Buffer | null = null;
  for (const one of stored.toSorted((a, b) => a.sequence - b.sequence)) {
    one.chainHash = chainHashOf(previous, one);
    previous = one.chainHash;
  }
}

function torture(...options: string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((done) => {
    execFile(process.execPath, ['scripts/torture.ts', ...options], { cwd: root }, (error, stdout, stderr) =>
      done({ code: error ? Number(error.code) : 0, stdout: stdout + stderr }),
    );
  });
}
