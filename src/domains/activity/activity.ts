import { SERVER_TENANT } from '../../events/event.ts';
import type { Announcement } from '../../events/outbox.ts';
import type { ActivityKind, ActivityLevel, ActivityNote, ActivityNotes } from '../../ground/activity.ts';
import type { Logger } from '../../log.ts';

/** A line of the stream, as it is kept. */
export interface ActivityLine {
  readonly kind: ActivityKind;
  readonly subject: string | null;
  readonly message: string;
  readonly level: ActivityLevel;
  /** How many notes it stands for. */
  readonly count: number;
}

export interface ActivityOptions {
  readonly outbox: {
    announce(announcement: Announcement): Promise<void>;
    /** Told, and not in the database yet. */
    readonly waiting: number;
  };
  readonly log: Logger;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** How long notes that are alike become one line, from the first one on, which is told at once. */
export const ALIKE_MS = 10_000;
/** Lines that are told at once between two rounds; whatever comes beyond is told as one line for each kind. */
export const LINES_AT_ONCE = 20;
/** Kinds and owners beyond the lines at once; of more only the number is told. */
const MAX_CROWDS = 50;
/** Lines that may wait for the database: they lie in the journal, whose room is for turns. */
export const MAX_WAITING = 100;
const MAX_SUBJECT = 200;
const MAX_MESSAGE = 500;

interface Gathering {
  readonly note: ActivityNote;
  readonly until: number;
  /** Notes since its last line. */
  more: number;
}

/**
 * Makes lines of notes and tells them: the first of its kind, subject and owner at once, those that follow within some
 * seconds as one line with their number. However much is noted, only so many lines come of it.
 */
export class Activity implements ActivityNotes {
  readonly #options: ActivityOptions;
  readonly #now: () => number;
  readonly #alike = new Map<string, Gathering>();
  readonly #crowds = new Map<string, Gathering>();
  #follower: ((kind: ActivityKind) => void) | null = null;
  #linesLeft = LINES_AT_ONCE;
  #leftOut = 0;
  #sending = 0;

  constructor(options: ActivityOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** @param follower told of the kind of each note, also of those that become one line; must not wait */
  follow(follower: (kind: ActivityKind) => void): void {
    this.#follower = follower;
  }

  note(note: ActivityNote): void {
    try {
      this.#follower?.(note.kind);
      this.#take({ ...note, subject: note.subject && plain(note.subject, MAX_SUBJECT) });
    } catch (error) {
      this.#options.log.error({ err: error, kind: note.kind }, 'an activity could not be told');
    }
  }

  /** Tells what was gathered; to be called about once a second. */
  round(): void {
    this.#linesLeft = LINES_AT_ONCE;
    for (const [key, { note, more }] of this.#crowds) {
      this.#crowds.delete(key);
      this.#tell({ ...note, subject: null, message: `${more} more of this kind` }, more);
    }
    for (const [key, { note, until, more }] of this.#alike) {
      if (until > this.#now()) continue;
      this.#alike.delete(key);
      if (more === 0) continue;
      this.#tell(note, more);
      this.#alike.set(key, { note, until: this.#now() + ALIKE_MS, more: 0 });
    }
    const leftOut = this.#leftOut;
    if (leftOut === 0 || this.#isFull) return;
    this.#leftOut = 0;
    const message = `${leftOut} more lines were left out`;
    this.#tell({ kind: 'left_out', subject: null, message, level: 'WARNING' }, leftOut);
  }

  /** Drops what is gathered of a user who is erased. */
  forget({ tenantId, userId }: { readonly tenantId: string; readonly userId: string }): void {
    for (const gathered of [this.#alike, this.#crowds])
      for (const [key, { note }] of gathered)
        if (note.owner?.tenantId === tenantId && note.owner.userId === userId) gathered.delete(key);
  }

  get #isFull(): boolean {
    return this.#sending >= MAX_WAITING || this.#options.outbox.waiting >= MAX_WAITING;
  }

  #take(note: ActivityNote): void {
    const key = keyOf(note, note.subject);
    const known = this.#alike.get(key);
    if (known) {
      // The latest one says how things stand.
      this.#alike.set(key, { note, until: known.until, more: known.more + 1 });
      return;
    }
    if (this.#linesLeft > 0) {
      this.#linesLeft--;
      this.#alike.set(key, { note, until: this.#now() + ALIKE_MS, more: 0 });
      this.#tell(note, 1);
      return;
    }
    const crowdKey = keyOf(note, note.level);
    const crowd = this.#crowds.get(crowdKey);
    if (crowd) crowd.more++;
    else if (this.#crowds.size < MAX_CROWDS) this.#crowds.set(crowdKey, { note, until: 0, more: 1 });
    else this.#leftOut++;
  }

  #tell({ kind, subject, message, level, owner }: ActivityNote, count: number): void {
    if (this.#isFull) {
      this.#leftOut += count;
      return;
    }
    const line: ActivityLine = { kind, subject, message: plain(message, MAX_MESSAGE), level, count };
    this.#sending++;
    void this.#options.outbox
      .announce({
        kind: 'activity',
        tenantId: owner?.tenantId ?? SERVER_TENANT,
        userId: owner?.userId ?? null,
        payload: { ...line },
      })
      .catch((error: unknown) => this.#options.log.error({ err: error, kind }, 'an activity was not told'))
      .finally(() => {
        this.#sending--;
      });
  }
}

function keyOf({ kind, owner }: ActivityNote, what: string | null): string {
  return JSON.stringify([kind, owner?.tenantId, owner?.userId, what]);
}

/** One line that PostgreSQL can store: one that it cannot would hold up all events behind it. */
function plain(text: string, most: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const line = text.toWellFormed().replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
  return line.length <= most ? line : `${line.slice(0, most - 1).toWellFormed()}…`;
}
