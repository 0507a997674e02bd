import { type Mutation, one } from './mutation.ts';

/** That health cannot lie. */
export const HEALTH: readonly Mutation[] = [
  one(
    'canary-always-says-ok',
    'domains/health/canary.ts',
    ['ok: problem === null,', 'ok: true,'],
    ['canary'],
    'is not found by its word',
  ),
  one(
    'canary-does-not-look',
    'domains/health/canary.ts',
    ['if (hits[0]?.interaction.turnId !== turnId)\n', 'if (turnId === null)\n'],
    ['canary'],
    'is not found by its word',
  ),
  one(
    'canary-is-not-told',
    'domains/health/promises.ts',
    ["status: last.ok ? 'HEALTHY' : 'DEGRADED'", "status: 'HEALTHY'"],
    ['canary'],
    'is not found by its word',
  ),
];
