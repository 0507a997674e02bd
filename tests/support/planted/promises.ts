import { defineAlert, definePromise } from '../../../src/ground/promise.ts';
import type { WishRounds } from './rounds.ts';

const wishesLate = defineAlert<string>({
  name: 'wishes_late',
  severity: 'WARNING',
  words: 'Wishes have not come true in time.',
  message: (detail) => detail,
});

export const comingTrue = definePromise<{ readonly wishes?: Pick<WishRounds, 'late'> }>({
  name: 'wishes',
  words: 'Wishes come true in time.',
  check: ({ wishes }) => {
    const late = wishes?.late ?? 0;
    return { status: late > 0 ? 'DEGRADED' : 'HEALTHY', latencyMs: null, detail: `${late} are late` };
  },
  alert: wishesLate,
});
