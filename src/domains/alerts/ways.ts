import type { AlertSeverity } from '../../ground/promise.ts';
import type { Outcome } from '../deliveries/channel.ts';

export const WAY_NAMES = ['telegram', 'email', 'webhook', 'log'] as const;
export type WayName = (typeof WAY_NAMES)[number];

/** What somebody is told, in the forms that the ways need. */
export interface AlertMessage {
  /** The same with each attempt. */
  readonly id: string;
  /** Such as alert.raised. */
  readonly type: string;
  readonly at: Date;
  readonly severity: AlertSeverity | null;
  /** A line that says the most. */
  readonly subject: string;
  /** Further lines, for people. */
  readonly lines: readonly string[];
  /** The same for programs. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A way to whoever looks after the server. */
export interface AlertWay {
  readonly name: WayName;
  /**
   * Sends a message once, within half a minute. HELD: it can reach nobody as it is set up, and its words say why.
   *
   * @throws what `signal` was aborted with
   */
  send(message: AlertMessage, signal: AbortSignal): Promise<Outcome>;
  /** Looks at how it is set up, before a test message. @returns why it can reach nobody; null: nothing speaks against it */
  check?(signal: AbortSignal): Promise<string | null>;
  /** Goes the way up to where a message would follow, and sends none. @returns the same */
  reach?(signal: AbortSignal): Promise<string | null>;
}
