import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { Availability } from '../src/db/availability.ts';
import { DeadlineExceeded, NotPrepared } from '../src/db/deadline.ts';
import { isPassing, judgeDatabaseError } from '../src/db/meaning.ts';
import { maskError } from '../src/graphql/errors.ts';
import { Keepers } from '../src/jobs/keepers.ts';
import { createLogger } from '../src/log.ts';

const log = createLogger('silent');
const parts = () => ({ log, keepers: new Keepers(log, () => new Date()) });

function serverError(code: string): Error {
  return Object.assign(new pg.DatabaseError('refused', 7, 'error'), { code, severity: 'ERROR' });
}

function systemError(syscall: string, code: string): Error {
  return Object.assign(new Error(`${code}: ${syscall}`), { syscall, code });
}

/** All classes of PostgreSQL's appendix A, and codes that mean something else than their class. */
const MEANINGS = {
  unavailable: '08000 08006 08P01 28000 28P01 3D000 53300 57P01 57P02 57P03 57P04 57P05',
  overloaded: '25006 53000 53100 53200 53400 58000 58030 58P01 58P02 F0000 F0001 XX000 XX001 XX002',
  retry: '40000 40001 40003 40P01 55P03 55006',
  cancelled: '25P03 25P04 57000 57014',
  refused: '21000 22000 22001 22003 22P02 22021 23000 23502 23503 23505 23514 23P01 40002 44000 54000',
  defect: `01000 02000 03000 09000 0A000 0B000 0F000 0L000 0P000 0Z000 20000 24000 25000 25001 25P01 25P02 26000 27000 2B000
    2D000 2F000 34000 38000 39000 3B000 3F000 42000 42501 42601 42703 42883 42P01 54001 54011 54023 55000 HV000 P0000 P0001 72000`,
} as const;

const cases = Object.entries(MEANINGS).flatMap(([meaning, codes]) =>
  codes.split(/\s+/).map((code) => [code, meaning as keyof typeof MEANINGS] as const),
);

describe.each(cases)('SQLSTATE %s', (code, meaning) => {
  const error = serverError(code);

  test(`means ${meaning}`, () => expect(judgeDatabaseError(error)).toBe(meaning));

  test('in a read that can be done without', async () => {
    const availability = new Availability(async () => undefined, parts());
    const read = availability.tolerate(() => Promise.reject(error), 'without');
    if (meaning === 'refused') await expect(read).rejects.toBe(error);
    else expect(await read).toBe('without');
    expect(availability.isUp).toBe(meaning !== 'unavailable');
    availability.stop();
  });

  test('in a verb', () => {
    const passing = ['unavailable', 'overloaded', 'retry', 'cancelled'].includes(meaning);
    expect(isPassing(judgeDatabaseError(error))).toBe(passing);
    const { extensions, message } = maskError(error, 'c', log);
    expect(extensions).toMatchObject({ code: passing ? 'SERVICE_UNAVAILABLE' : 'INTERNAL', retryable: true });
    expect(message).not.toContain('refused');
  });

  test('in the look at the database: only somebody who answers is up', async () => {
    let looks = 0;
    const availability = new Availability(() => {
      looks++;
      return Promise.reject(error);
    }, parts());
    availability.start();
    availability.suspect();
    await expect.poll(() => looks, { interval: 2 }).toBeGreaterThan(0);
    expect(availability.isUp).toBe(meaning === 'cancelled');
    availability.stop();
  });
});

test.each([
  [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'unavailable'],
  [Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), 'unavailable'],
  [new Error('Connection terminated unexpectedly'), 'unavailable'],
  [new Error('timeout exceeded when trying to connect'), 'unavailable'],
  [new NotPrepared(), 'unavailable'],
  // A socket of the database that is not there, and a file of ours that is not.
  [systemError('connect', 'ENOENT'), 'unavailable'],
  [systemError('connect', 'EACCES'), 'unavailable'],
  [systemError('getaddrinfo', 'EAI_AGAIN'), 'unavailable'],
  [systemError('open', 'ENOENT'), 'unknown'],
  [systemError('rmdir', 'ENOTEMPTY'), 'unknown'],
  [systemError('open', 'EACCES'), 'unknown'],
  [systemError('write', 'ENOSPC'), 'unknown'],
  [new Error('the connection of two pictures took a timeout'), 'unknown'],
  [new DeadlineExceeded('too long'), 'cancelled'],
  [new TypeError('x is not a function'), 'unknown'],
  [null, 'unknown'],
  ['text', 'unknown'],
])('the error %s means %s', (error, meaning) => expect(judgeDatabaseError(error)).toBe(meaning));

test('a listener that throws keeps nobody from looking again', async () => {
  let answers = false;
  const availability = new Availability(async () => {
    if (!answers) throw serverError('57P03');
  }, parts());
  const told: boolean[] = [];
  availability.onChange(() => {
    throw new Error('a listener failed');
  });
  availability.onChange(({ up }) => told.push(up));
  availability.start();
  availability.suspect();
  await expect.poll(() => told).toEqual([false]);
  answers = true;
  await expect.poll(() => told).toEqual([false, true]);
  availability.stop();
});
