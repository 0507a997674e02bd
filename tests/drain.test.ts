import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Drain, type DrainOptions, type Judgement } from '../src/journal/drain.ts';
import { Journal } from '../src/journal/journal.ts';
import { createLogger } from '../src/log.ts';

const MEBIBYTE = 2 ** 20;

/** What `apply` throws in these tests: it says itself what it means. */
class Trouble extends Error {
  readonly judgement: Judgement;
  constructor(judgement: Judgement, message = `told to be ${judgement}`) {
    super(message);
    this.judgement = judgement;
  }
}

let directory: string;
let journal: Journal;
let isUp: boolean;
let applied: string[];
let buried: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-drain-'));
  journal = await Journal.open(join(directory, 'journal.db'), MEBIBYTE);
  [isUp, applied, buried] = [true, [], []];
});
afterEach(async () => {
  await journal.close();
  await rm(directory, { recursive: true, force: true });
});

/**
 * A drain whose database is an array.
 *
 * @param check throws for what the database does not take; runs before anything of a batch is stored
 */
function startDrain(
  check: (value: string) => unknown = () => undefined,
  amend: DrainOptions<string, string>['amend'] = () => null,
) {
  const drain = new Drain<string, string>({
    journal,
    log: createLogger('silent'),
    apply: async (values) => {
      for (const value of values) await check(value);
      applied.push(...values);
      return values.map((value) => `stored ${value}`);
    },
    judge: (error) => (error as Trouble).judgement,
    isUp: () => isUp,
    reportDown: () => {
      isUp = false;
    },
    amend,
    onApplied: () => undefined,
    onBuried: (value) => buried.push(value),
  });
  const submit = async (stream: string, value: string, acknowledged = false) => {
    const [seq = 0] = await journal.write({ add: [{ kind: 'turns', stream, body: value }] });
    return drain.submit({ seq, stream, value, acceptedAt: Date.now(), acknowledged });
  };
  return { drain, submit };
}

/** What is left in the file: waiting entries and dead ones. */
async function fileContent() {
  await journal.close();
  const file = new DatabaseSync(join(directory, 'journal.db'));
  const read = (text: string) => file.prepare(text).all() as Record<string, unknown>[];
  const content = {
    waiting: read('select body from entries order by seq').map(({ body }) => body),
    dead: read('select body, reason from dead order by seq').map((row) => ({ ...row })),
  };
  file.close();
  return content;
}

describe('the drain', () => {
  test('applies a stream in its order and leaves nothing in the journal', async () => {
    const { drain, submit } = startDrain(() => new Promise((resolve) => setTimeout(resolve, 1)));
    const names = Array.from({ length: 200 }, (_, n) => `${n % 5}/${Math.floor(n / 5)}`);
    const entries = [];
    for (const name of names) entries.push(await submit(name.split('/')[0]!, name));
    expect(await Promise.all(entries.map((entry) => entry.applied))).toEqual(
      names.map((name) => `stored ${name}`),
    );
    for (const stream of ['0', '1', '2', '3', '4'])
      expect(applied.filter((name) => name.startsWith(`${stream}/`))).toEqual(
        names.filter((name) => name.startsWith(`${stream}/`)),
      );
    expect(applied).toHaveLength(200);
    await drain.stop(1_000);
    expect(await fileContent()).toEqual({ waiting: [], dead: [] });
  });

  test('lets other streams flow past one that is stuck', async () => {
    const gate = Promise.withResolvers<void>();
    const { submit } = startDrain((value) => (value === 'stuck' ? gate.promise : undefined));
    const stuck = await submit('a', 'stuck');
    const behind = await submit('a', 'behind');
    for (const value of ['one', 'two', 'three']) await (await submit('b', value)).applied;
    expect(applied).toEqual(['one', 'two', 'three']);
    gate.resolve();
    await Promise.all([stuck.applied, behind.applied]);
    expect(applied.slice(3)).toEqual(['stuck', 'behind']);
  });

  test('shows what waits, in order', async () => {
    isUp = false;
    const { drain, submit } = startDrain();
    for (const value of ['one', 'two']) await submit('a', value);
    await submit('b', 'three');
    expect(drain.depth).toBe(3);
    expect(drain.oldestAt).toBe(Math.min(...[...drain.waiting()].map(({ acceptedAt }) => acceptedAt)));
    expect(drain.waitingIn('a').map(({ value }) => value)).toEqual(['one', 'two']);
    expect(drain.waitingIn('c')).toEqual([]);
  });
});

describe('what the database refuses', () => {
  test('is rejected while nobody was told that it is kept; the others of its batch are stored', async () => {
    isUp = false;
    const { drain, submit } = startDrain((value) => {
      if (value === 'bad') throw new Trouble('refused');
    });
    const before = await submit('a', 'before');
    const bad = await submit('a', 'bad');
    const after = await submit('a', 'after');
    const other = await submit('b', 'other');
    const rejection = expect(bad.applied).rejects.toThrow('told to be refused');
    isUp = true;
    drain.pump();
    await Promise.all([rejection, before.applied, after.applied, other.applied]);
    expect(applied.filter((value) => value !== 'other')).toEqual(['before', 'after']);
    await drain.stop(1_000);
    expect(await fileContent()).toEqual({ waiting: [], dead: [] });
  });

  test('after it was acknowledged is stored in another form, in its place', async () => {
    const { submit } = startDrain(
      (value) => {
        if (value.startsWith('bad')) throw new Trouble('refused');
      },
      (value) => `${value.slice(1)}`,
    );
    const entries = [await submit('a', 'bad one', true), await submit('a', 'two', true)];
    expect(await Promise.all(entries.map((entry) => entry.applied))).toEqual(['stored ad one', 'stored two']);
  });

  test('for good is buried with its reason, and nothing waits behind it', async () => {
    isUp = false;
    const { drain, submit } = startDrain((value) => {
      if (value === 'poison') throw new Trouble('refused', 'never that');
    });
    const poison = await submit('a', 'poison', true);
    const rejection = expect(poison.applied).rejects.toThrow('never that');
    const others = [await submit('a', 'behind', true), await submit('b', 'other', true)];
    isUp = true;
    drain.pump();
    await Promise.all([rejection, ...others.map((entry) => entry.applied)]);
    expect(buried).toEqual(['poison']);
    await drain.stop(1_000);
    expect(await fileContent()).toEqual({ waiting: [], dead: [{ body: 'poison', reason: 'never that' }] });
  });

  test('in every form that there is gets buried in the end', async () => {
    const { submit } = startDrain(
      () => {
        throw new Trouble('refused');
      },
      (value) => `${value}.`,
    );
    const poison = await submit('a', 'poison', true);
    await expect(poison.applied).rejects.toThrow('refused');
    expect(buried).toHaveLength(1);
  });

  test('and cannot be buried now waits, and the process goes on', async () => {
    const { drain, submit } = startDrain((value) => {
      if (value === 'poison') throw new Trouble('refused');
    });
    isUp = false;
    await submit('a', 'poison', true);
    const other = await submit('b', 'other');
    await journal.close();
    isUp = true;
    drain.pump();
    await other.applied;
    await expect.poll(() => drain.waitingIn('a').length).toBe(1);
    expect(buried).toEqual([]);
    await drain.stop(0);
  });
});

describe('a database that is away', () => {
  test('is not asked until it is back; then all goes on in order', async () => {
    let asked = 0;
    let away = true;
    const { drain, submit } = startDrain(() => {
      asked++;
      if (away) throw new Trouble('unavailable');
    });
    const first = await submit('a', 'one');
    await expect.poll(() => isUp).toBe(false);
    const entries = [first, await submit('a', 'two'), await submit('b', 'three')];
    const before = asked;
    drain.pump();
    expect(asked).toBe(before);
    [away, isUp] = [false, true];
    drain.pump();
    await Promise.all(entries.map((entry) => entry.applied));
    expect(applied.filter((value) => value !== 'three')).toEqual(['one', 'two']);
  });

  test.each(['retry', 'unknown', 'cancelled', 'overloaded', 'defect'] as const)(
    '%s: is asked again until it takes it',
    async (judgement) => {
      let left = 3;
      const { submit } = startDrain(() => {
        if (left-- > 0) throw new Trouble(judgement);
      });
      const entries = [await submit('a', 'one'), await submit('a', 'two')];
      await Promise.all(entries.map((entry) => entry.applied));
      expect(applied).toEqual(['one', 'two']);
    },
  );

  test('a defect keeps what was acknowledged, and others go on', async () => {
    let isMended = false;
    const { drain, submit } = startDrain((value) => {
      if (value === 'odd' && !isMended) throw new Trouble('defect');
    });
    isUp = false;
    const odd = await submit('a', 'odd');
    const other = await submit('b', 'other');
    odd.entry.acknowledged = true;
    isUp = true;
    drain.pump();
    await other.applied;
    expect([applied, buried]).toEqual([['other'], []]);
    isMended = true;
    await odd.applied;
    expect([applied, buried, drain.trouble]).toEqual([['other', 'odd'], [], null]);
  });

  test('keeps nothing from stopping: the rest stays in the journal', async () => {
    const { drain, submit } = startDrain(() => {
      throw new Trouble('unavailable');
    });
    await submit('a', 'one', true);
    await submit('a', 'two', true);
    await drain.stop(1_000);
    expect(await fileContent()).toEqual({ waiting: ['one', 'two'], dead: [] });
  });
});

test('removals that the journal had no space for are made up for', async () => {
  const { drain, submit } = startDrain();
  const write = journal.write.bind(journal);
  let refused = 0;
  // The one thing that cannot be had at will: a disk that is full at the moment of a removal.
  journal.write = (change) =>
    change.remove && refused++ === 0 ? Promise.reject(new Error('no space')) : write(change);
  await (await submit('a', 'one')).applied;
  await drain.flushRemovals();
  await (await submit('a', 'two')).applied;
  await drain.flushRemovals();
  journal.write = write;
  expect(refused).toBeGreaterThan(1);
  expect(await fileContent()).toEqual({ waiting: [], dead: [] });
});
