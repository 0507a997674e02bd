import { wordsOf } from '../../db/meaning.ts';
import type { Asker, CheckStatus, ServerPromise, Standing } from '../../ground/promise.ts';

/** How one promise stands. */
export interface HealthCheck extends Standing {
  readonly name: string;
}

export interface Health {
  /** As bad as the worst of the checks. */
  readonly status: CheckStatus;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly checks: readonly HealthCheck[];
}

export interface HealthDesk {
  /** How the promises stand, asked of the parts now, within a second or two. */
  check(asker?: Asker): Promise<Health>;
}

/** @param parts what the promises look at */
export function createHealth<Parts>(
  promises: readonly ServerPromise<Parts>[],
  parts: Parts,
  version: string,
): HealthDesk {
  return {
    check: async (asker = 'client') => {
      const checks: HealthCheck[] = [];
      for (const { name, check } of promises) {
        const standing = check && (await guarded(() => check(parts, asker)));
        if (standing) checks.push({ name, ...standing });
      }
      const worst = (['UNHEALTHY', 'DEGRADED', 'UNKNOWN'] as const).find((status) =>
        checks.some((check) => check.status === status),
      );
      return { status: worst ?? 'HEALTHY', version, uptimeSeconds: process.uptime(), checks };
    },
  };
}

/** A check that fails says so; the others are made all the same. */
async function guarded<Answer>(check: () => Answer | Promise<Answer>): Promise<Answer | Standing> {
  try {
    return await check();
  } catch (error) {
    return {
      status: 'UNHEALTHY',
      latencyMs: null,
      detail: `could not be checked: ${wordsOf(error)}`,
      plainDetail: 'could not be checked',
    };
  }
}
