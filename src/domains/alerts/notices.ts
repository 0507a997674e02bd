import type { AlertSeverity } from '../../ground/promise.ts';
import type { Journal, StoredEntry } from '../../journal/journal.ts';
import type { Logger } from '../../log.ts';
import type { Alert, AlertState } from './alerts.ts';

/** That a danger began or ended, until the database has it. */
export interface Notice {
  readonly alertId: string;
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly state: AlertState;
  readonly message: string;
  readonly runbook: string | null;
  readonly at: Date;
  /** Channels that it was sent to without the database, the first one first. */
  readonly told: readonly string[];
  /** Nobody need be told: an earlier process of this server saw the same, and it goes on. */
  readonly isKnown: boolean;
}

/** A notice, and its place in the journal; null: it could not be kept there. */
export interface HeldNotice {
  readonly seq: number | null;
  readonly notice: Notice;
}

const ALERT_ENTRY = 'alert';

/** Keeps notices in the journal, so that a kill loses none: the database may be what they tell of. */
export class NoticeBook {
  readonly #journal: Journal;
  readonly #log: Logger;

  constructor(journal: Journal, log: Logger) {
    this.#journal = journal;
    this.#log = log;
  }

  /** What an earlier process left behind, in order. */
  recovered(): HeldNotice[] {
    return this.#journal.recovered.entries
      .filter(({ kind }) => kind === ALERT_ENTRY)
      .map((entry) => ({ seq: entry.seq, notice: noticeOf(entry) }));
  }

  /** Writes notices down, in the place of what was held of them. Never rejects: what cannot be kept is told all the same. */
  async keep(notices: readonly Notice[], instead: readonly HeldNotice[] = []): Promise<HeldNotice[]> {
    try {
      const seqs = await this.#journal.write({
        add: notices.map((notice) => ({ kind: ALERT_ENTRY, stream: '', body: JSON.stringify(notice) })),
        remove: seqsOf(instead),
      });
      return notices.map((notice, index) => ({ seq: seqs[index] ?? null, notice }));
    } catch (error) {
      this.#log.error({ err: error, alerts: notices.length }, 'alerts could not be kept in the journal');
      return notices.map((notice, index) => ({ seq: instead[index]?.seq ?? null, notice }));
    }
  }

  /** The database has them. */
  async drop(held: readonly HeldNotice[]): Promise<void> {
    await this.#journal.write({ remove: seqsOf(held) }).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'stored alerts stay in the journal; they will be recognised');
    });
  }
}

/** The notice of an alert as the board tells it. */
export function asNotice({ alertId, ...alert }: Alert): Notice {
  return { ...alert, alertId: alertId ?? '', told: [], isKnown: false };
}

const seqsOf = (held: readonly HeldNotice[]) => held.flatMap(({ seq }) => seq ?? []);

function noticeOf({ body }: StoredEntry): Notice {
  const notice = JSON.parse(body) as Notice;
  return { ...notice, at: new Date(notice.at) };
}
