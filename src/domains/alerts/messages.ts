import type { AlertSeverity } from '../../ground/promise.ts';
import type { AlertMessage } from './ways.ts';

/** What of an alert is told. */
export interface ToldAlert {
  readonly alertId: string;
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly message: string;
  readonly runbook: string | null;
}

/** What kinds of messages there are about alerts. */
export const ALERT_MESSAGES = ['alert.raised', 'alert.escalated', 'alert.cleared'] as const;
export type AlertMessageKind = (typeof ALERT_MESSAGES)[number];

/** Names that a summary has. */
export const SUMMARY_NAMES = 10;

const words = (name: string) => name.replaceAll('_', ' ');

/** One alert. @param id names the message */
export function alertMessage(id: string, kind: AlertMessageKind, alert: ToldAlert, at: Date): AlertMessage {
  const { alertId, name, severity, message, runbook } = alert;
  const isOver = kind === 'alert.cleared';
  const head = isOver ? 'OVER' : kind === 'alert.escalated' ? `STILL ${severity}` : severity;
  return {
    ...{ id, type: kind, at, severity: isOver ? null : severity },
    subject: `${head}: ${words(name)}`,
    lines: [
      message,
      ...(!isOver && runbook ? [`What to do: ${runbook}`] : []),
      `Alert ${alertId} (${name}), ${at.toISOString()}`,
    ],
    data: { name, severity, state: isOver ? 'CLEARED' : 'RAISED', message, alertId, runbook },
  };
}

/** Many alerts at once, as one message. */
export interface Summary {
  readonly kind: AlertMessageKind;
  readonly count: number;
  readonly critical: number;
  /** The first of them, critical ones before others. */
  readonly names: readonly string[];
}

/** @param id names the message */
export function summaryMessage(
  id: string,
  { kind, count, critical, names }: Summary,
  at: Date,
): AlertMessage {
  const isOver = kind === 'alert.cleared';
  const still = kind === 'alert.escalated' ? 'still ' : '';
  const more = count - names.length;
  return {
    ...{ id, type: 'alert.summary', at, severity: isOver ? null : critical > 0 ? 'CRITICAL' : 'WARNING' },
    subject: isOver
      ? `OVER: ${count} alerts`
      : `${count} alerts ${still}at once, ${critical} of them critical`,
    lines: [
      `${names.map(words).join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
      'The page Alerts of the dashboard has all of them.',
      at.toISOString(),
    ],
    data: { state: isOver ? 'CLEARED' : 'RAISED', count, critical, names },
  };
}

/** A summary of these. */
export function summaryOf(
  kind: AlertMessageKind,
  alerts: readonly Pick<ToldAlert, 'name' | 'severity'>[],
): Summary {
  const critical = alerts.filter(({ severity }) => severity === 'CRITICAL');
  const others = alerts.filter(({ severity }) => severity !== 'CRITICAL');
  const names = [...critical, ...others].slice(0, SUMMARY_NAMES).map(({ name }) => name);
  return { kind, count: alerts.length, critical: critical.length, names };
}
