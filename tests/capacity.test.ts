import { expect, test } from 'vitest';
import { firstToBreak, forecast, type Load, type Machine, type Measured } from '../bench/capacity/model.ts';

const measured: Measured = {
  bytesPerTurn: { turns: 1_000, 'word index': 500 },
  ...{ writeCpuMs: 2, searchCpuMs: 20, vectorScanMs: 0.001, backupSeconds: 0.001 },
};
const load: Load = { users: 100, largestShare: 0.01, turnsPerSecond: 10, searchesPerSecond: 10 };
const machine: Machine = { cores: 2, memoryGb: 8, diskGb: 300, backupWindowSeconds: 1e9, scanLimitMs: 1e9 };
const free = { gbMonth: null, coreMonth: null };

test('what a number of turns needs is added up, and costs what the prices say', () => {
  const { demands, perMillion } = forecast(2e6, measured, load, machine, { gbMonth: 0.1, coreMonth: 7 });
  expect(Object.fromEntries(demands.map(({ resource, used }) => [resource, used]))).toEqual({
    // Twice, since it is written anew at times.
    ...{ disk: 6, memory: 1, processor: 0.22 },
    ...{ 'vectors of the largest user': 20, 'backup and its verification': 2_000 },
  });
  // 6 GB, and 0.22 cores of which 70 % may be busy, for two million.
  expect(perMillion).toBeCloseTo((0.6 + 2.2) / 2);
  expect(forecast(2e6, measured, load, machine, free).perMillion).toBeNull();
});

test.each([
  ['memory', {}, {}, 16e6],
  ['disk', {}, { memoryGb: 1e6 }, 100e6],
  ['vectors of the largest user', {}, { scanLimitMs: 10 }, 1e6],
  ['backup and its verification', {}, { backupWindowSeconds: 3_600 }, 3.6e6],
  // However few there are.
  ['processor', { searchesPerSecond: 1_000 }, {}, 0],
])('%s breaks first', (resource, more, less, atTurns) => {
  expect(firstToBreak(measured, { ...load, ...more }, { ...machine, ...less })).toEqual({
    resource,
    atTurns: expect.closeTo(atTurns, 3),
  });
});
