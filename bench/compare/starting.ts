import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { installedSizes } from '../size/installed.ts';
import { ask as askWork, WORK } from '../size/work.ts';
import type { Figure } from './figures.ts';
import { type MemoryServer, startMemoryServer } from './memory.ts';
import type { Work } from './work.ts';
import { RECORD, series } from './writing.ts';

const TURNS = 1_000;
const FIRST = 50;
const IDLE_MS = 5_000;
const QUERIES = 1_000;
const ROOT = resolve(import.meta.dirname, '../..');

/** One start: milliseconds, and MB that are nobody's file. */
interface Start {
  readonly listensMs: number;
  readonly firstTurnMs: number;
  readonly firstTurnsMs: number;
  readonly cpuMs: number;
  readonly laterTurnsMs: number;
  readonly atStart: number;
  readonly idle: number;
  readonly loaded: number;
  readonly resident: number;
}

/** Starts on a database that is there, with the bundle that is there: what npm start is when nothing was changed. */
export const starting: Work = {
  letters: ['i'],
  title: `(i) start, its first ${FIRST} turns, memory at rest and after ${QUERIES.toLocaleString('en')} queries, what is installed`,
  run: async function* (bench) {
    const memory = await startMemoryServer(bench);
    const starts: Start[] = [];
    try {
      await memory.grow(TURNS);
      for (let round = 0; round < bench.rounds; round++) {
        await memory.restart();
        starts.push(await measure(memory));
      }
    } finally {
      await memory.stop();
    }
    yield* figuresOf(starts);
  },
};

async function measure(memory: MemoryServer): Promise<Start> {
  const listensMs = memory.startMs();
  const atStart = memory.memory().anonymous;
  const cpu = memory.cpu();
  const first = await turnsOneByOne(memory, FIRST);
  const cpuMs = ((memory.cpu() - cpu) * 1_000) / FIRST;
  await wait(IDLE_MS);
  const idle = memory.memory().anonymous;
  for (let number = 0; number < QUERIES; number++) await askWork(memory.url(), WORK, number);
  const { anonymous: loaded, resident } = memory.memory();
  const later = await turnsOneByOne(memory, FIRST);
  return {
    ...{ listensMs, cpuMs, atStart, idle, loaded, resident },
    firstTurnMs: first[0] ?? Number.NaN,
    firstTurnsMs: mean(first),
    laterTurnsMs: mean(later),
  };
}

/** Milliseconds of each. */
async function turnsOneByOne(memory: MemoryServer, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let number = 0; number < count; number++) {
    const { query, response } = memory.corpus.turn(number, 'default');
    const began = performance.now();
    await memory.send(RECORD, { input: { conversationId: 'first turns', turns: [{ query, response }] } });
    took.push(performance.now() - began);
  }
  return took;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function figuresOf(starts: readonly Start[]): Figure[] {
  const figure = (title: string, unit: string, value: (start: Start) => number, notes?: readonly string[]) =>
    series('i', title, unit, starts.map(value), notes);
  return [
    figure('from the start of the process until it listens', 'ms', ({ listensMs }) => listensMs),
    figure('the first turn after a start', 'ms', ({ firstTurnMs }) => firstTurnMs),
    figure(`mean of the first ${FIRST} turns, one after the other`, 'ms', ({ firstTurnsMs }) => firstTurnsMs),
    figure(
      `the same after ${QUERIES.toLocaleString('en')} queries`,
      'ms',
      ({ laterTurnsMs }) => laterTurnsMs,
    ),
    figure(`CPU of the server for each of the first ${FIRST} turns`, 'ms', ({ cpuMs }) => cpuMs),
    figure('anonymous memory when it listens', 'MB', ({ atStart }) => atStart),
    figure(`after ${FIRST} turns and ${IDLE_MS / 1_000} s of rest`, 'MB', ({ idle }) => idle),
    figure(`after ${QUERIES.toLocaleString('en')} queries`, 'MB', ({ loaded }) => loaded),
    figure('the same, resident', 'MB', ({ resident }) => resident, installedSizes(join(ROOT)).slice(0, 4)),
  ];
}
