/** How well something keeps its promise. */
export type CheckStatus = 'HEALTHY' | 'UNKNOWN' | 'DEGRADED' | 'UNHEALTHY';

/** How a promise stands at this moment. */
export interface Standing {
  readonly status: CheckStatus;
  /** Milliseconds that an answer took; null where nothing was asked. */
  readonly latencyMs: number | null;
  readonly detail: string | null;
  /**
   * The same for callers who may not see how the server is made, where the detail has words of libraries, which may name
   * hosts, or tables. Absent: the detail is for all.
   */
  readonly plainDetail?: string;
}

type Answer = Standing | null;

/** Who asks how it stands: a client now and then, or the watch every second, whose questions to others may cost something. */
export type Asker = 'client' | 'watch';

/** Within which a promise counts as kept. */
export interface Bound {
  /** Of what, for people. */
  readonly of: string;
  readonly limit: number;
  readonly unit: 'milliseconds' | 'seconds' | 'share' | 'rounds';
}

export type AlertSeverity = 'WARNING' | 'CRITICAL';

/** An alert that exists. Its message is made from facts, so that its words stand here and not where it is raised. */
export interface AlertKind<Facts> {
  readonly name: string;
  readonly severity: AlertSeverity;
  /** What it means, for people. */
  readonly words: string;
  /** Where it says what to do: a file of the repository with the anchor, or a URL; null: nowhere. */
  readonly runbook: string | null;
  readonly message: (facts: Facts) => string;
}

/** Raises and clears alerts. */
export interface AlertTeller {
  /** @param facts from which the alert makes its message */
  raise<Facts>(kind: AlertKind<Facts>, facts: Facts): void;
  clear(kind: Pick<AlertKind<never>, 'name'>, message: string): void;
  /** Raises it by what is known of the danger; null: there is none, or it is over. */
  set<Facts>(kind: AlertKind<Facts>, facts: Facts | null): void;
}

/** Something that is looked at every second. */
export interface Look<Parts> {
  readonly alert: AlertKind<never>;
  readonly look: (parts: Parts, alerts: Pick<AlertTeller, 'set'>) => void;
}

/** A figure of a promise for whoever collects figures (Prometheus), read when it is asked for. */
export interface Figure<Parts> {
  readonly name: `echo_${string}`;
  /** What it counts, for people. */
  readonly words: string;
  /** Null: it is not known now, and nothing is told. */
  readonly read: (parts: Parts) => number | null | Promise<number | null>;
}

/**
 * One thing that the server promises: how one sees whether it is kept, and who is told when it is not. A domain declares
 * its promises in its `promises.ts`; health, the watch, the list of alerts and the runbook's test go through the list.
 */
export interface ServerPromise<Parts> {
  /** The name of its check in `health`. */
  readonly name: string;
  /** What is promised, for people. */
  readonly words: string;
  readonly bounds: readonly Bound[];
  /**
   * How it stands, asked now; with null as the answer it is not asked for (switched off) and `health` has no such
   * check. Null: nothing can be asked; whoever runs into a danger tells it.
   */
  readonly check: ((parts: Parts, asker: Asker) => Answer | Promise<Answer>) | null;
  /**
   * Active while the check says DEGRADED or UNHEALTHY, with its detail; UNKNOWN leaves it as it is. Null: the other alerts
   * say more.
   */
  readonly alert: AlertKind<string> | null;
  /** Seconds that the check must say the same before that alert comes or goes. */
  readonly steadySeconds: number;
  /** Dangers with alerts of their own that can be seen at any time. */
  readonly looks: readonly Look<Parts>[];
  /** Alerts that are raised by whoever runs into the danger. */
  readonly told: readonly AlertKind<never>[];
  readonly figures: readonly Figure<Parts>[];
}

/** Names a promise; what is not said does not exist. */
export function definePromise<Parts>(
  promise: Pick<ServerPromise<Parts>, 'name' | 'words'> & Partial<ServerPromise<Parts>>,
): ServerPromise<Parts> {
  return {
    bounds: [],
    check: null,
    alert: null,
    steadySeconds: 0,
    looks: [],
    told: [],
    figures: [],
    ...promise,
  };
}

/** Names an alert. Its anchor in the runbook is its name, which a test compares. */
export function defineAlert<Facts>(kind: Omit<AlertKind<Facts>, 'runbook'>): AlertKind<Facts> {
  return { ...kind, runbook: `docs/runbook.md#${kind.name}` };
}

/** An alert by what can be seen at any time. @param see what is known of the danger; null: there is none */
export function lookAt<Parts, Facts>(
  alert: AlertKind<Facts>,
  see: (parts: Parts) => Facts | null,
): Look<Parts> {
  return { alert, look: (parts, alerts) => alerts.set(alert, see(parts)) };
}

/** Every alert of a promise. */
export function alertsOf(promise: ServerPromise<never>): readonly AlertKind<never>[] {
  const { alert, looks, told } = promise;
  return [...(alert ? [alert] : []), ...looks.map((look) => look.alert), ...told];
}
