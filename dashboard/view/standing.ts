import type { ActiveAlert, Health } from '../server/standing.ts';
import type { Tone } from './parts.tsx';
import { plain } from './words.ts';

/** What is known of how the server is. */
interface Known {
  readonly health: Health | null;
  readonly activeAlerts: readonly ActiveAlert[] | null;
  readonly isAway: boolean;
}

/** How the promises stand, in a colour and in words. */
export function standingOf({ health, activeAlerts, isAway }: Known): { tone: Tone; words: string } {
  if (isAway) return { tone: 'bad', words: 'The server does not answer' };
  const dangers = (activeAlerts ?? []).filter(({ severity }) => severity === 'CRITICAL');
  if (dangers.length > 0)
    return { tone: 'bad', words: `In danger: ${dangers.map(({ name }) => plain(name)).join(', ')}` };
  if (!health) return { tone: 'quiet', words: 'Asking how the server is' };
  const named = (status: Health['status']) =>
    health.checks.filter((check) => check.status === status).map(({ name }) => plain(name));
  const broken = named('UNHEALTHY');
  if (broken.length > 0) return { tone: 'bad', words: `Broken: ${broken.join(', ')}` };
  const degraded = named('DEGRADED');
  if (degraded.length > 0) return { tone: 'warn', words: `Degraded: ${degraded.join(', ')}` };
  const unknown = named('UNKNOWN');
  if (unknown.length > 0) return { tone: 'quiet', words: `Not yet seen to work: ${unknown.join(', ')}` };
  return { tone: 'good', words: 'Every promise is kept' };
}

export function toneOf(status: Health['status']): Tone {
  return ({ HEALTHY: 'good', DEGRADED: 'warn', UNHEALTHY: 'bad', UNKNOWN: 'quiet' } as const)[status];
}
