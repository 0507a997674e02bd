import { type Bound, defineAlert, definePromise, type Standing } from '../../ground/promise.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { Canary } from './canary.ts';

const canaryDegraded = defineAlert<string>({
  name: 'canary_degraded',
  severity: 'WARNING',
  words: 'A turn of the server itself did not come through: write, read, vector, search, erase.',
  message: (detail) => detail,
});

export const canary = definePromise<{ readonly canary: Pick<Canary, 'last' | 'isOn'> }>({
  name: 'canary',
  words: 'A turn can be written, read, embedded, found and erased.',
  check: ({ canary: { last, isOn } }): Standing | null => {
    if (!last)
      return isOn ? { status: 'UNKNOWN', latencyMs: null, detail: 'no turn has made the way yet' } : null;
    const at = last.at.toISOString();
    return {
      status: last.ok ? 'HEALTHY' : 'DEGRADED',
      latencyMs: last.tookMs,
      detail: `${at}: ${last.problem ?? 'written, read, embedded, found, erased'}`,
      ...(last.failedStep !== null && { plainDetail: `${at}: ${last.failedStep} failed` }),
    };
  },
  alert: canaryDegraded,
  figures: [
    {
      name: 'echo_canary_ok',
      words: 'Whether the latest turn of the canary came through: 1 or 0; absent before the first',
      read: ({ canary: { last } }) => (last ? Number(last.ok) : null),
    },
    {
      name: 'echo_canary_timestamp_seconds',
      words: 'When the canary last came through or failed, in seconds since 1970; absent before the first',
      read: ({ canary: { last } }) => (last ? last.at.getTime() / 1000 : null),
    },
  ],
});

const FAILED: Bound = { of: 'rounds in a row that failed', limit: 2, unit: 'rounds' };

const keeperFailing = defineAlert<string>({
  name: 'keeper_failing',
  severity: 'WARNING',
  words: 'Something that goes round in the background fails again and again.',
  message: (detail) => detail,
});

export const keepers = definePromise<{ readonly keepers: Pick<Keepers, 'statuses'> }>({
  name: 'keepers',
  words: 'What goes round in the background succeeds.',
  bounds: [FAILED],
  check: (parts): Standing => {
    const statuses = parts.keepers.statuses();
    const failing = statuses.filter(({ state, failures }) => state === 'FAILING' && failures > FAILED.limit);
    const words = failing.map(
      ({ name, failures, lastError }) => `${name} has failed ${failures} times (${lastError})`,
    );
    const plain = failing.map(({ name, failures }) => `${name} has failed ${failures} times`);
    return {
      status: failing.length > 0 ? 'DEGRADED' : 'HEALTHY',
      latencyMs: null,
      detail: words.join('; ') || `${statuses.length} go round`,
      ...(failing.length > 0 && { plainDetail: plain.join('; ') }),
    };
  },
  alert: keeperFailing,
});

export const watchFailing = defineAlert<{ problem: string }>({
  name: 'watch_failing',
  severity: 'CRITICAL',
  words: 'The round that looks at the promises fails.',
  message: ({ problem }) => `nobody watches the promises (${problem})`,
});
export const unhandledError = defineAlert<{ correlationId: string }>({
  name: 'unhandled_error',
  severity: 'CRITICAL',
  words: 'An error that nobody handled; the server goes on.',
  message: ({ correlationId }) =>
    `an error that nobody handled is in the log under the correlation id ${correlationId}`,
});

export const watching = definePromise<unknown>({
  name: 'watching',
  words: 'Dangers are seen, and no error ends the server.',
  told: [watchFailing, unhandledError],
});
