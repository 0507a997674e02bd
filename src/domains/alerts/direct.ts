import { randomUUID } from 'node:crypto';
import type { Logger } from '../../log.ts';
import { alertMessage, summaryMessage, summaryOf } from './messages.ts';
import type { HeldNotice, Notice, NoticeBook } from './notices.ts';
import { SINGLY_A_MINUTE } from './telling.ts';
import type { AlertMessage, AlertWay } from './ways.ts';

interface DirectOptions {
  readonly book: NoticeBook;
  readonly ways: readonly AlertWay[];
  readonly log: Logger;
  readonly escalateMs: number | null;
  /** Milliseconds of a clock that nobody sets. */
  readonly clock?: () => number;
}

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;
/** A pause that a receiver asks for is kept, up to an hour. */
const MAX_ASKED_MS = 3_600_000;

/**
 * Sends alerts without the database: to the first way that takes them, again until one does, and to the next one while
 * nobody can acknowledge. What was sent is noted in the journal, so that a kill repeats at most what was under way.
 */
export class DirectSender {
  readonly #options: DirectOptions;
  readonly #clock: () => number;
  readonly #closedUntil = new Map<string, number>();
  readonly #told = new Map<string, number>();
  #failures = 0;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(options: DirectOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** Sends what is due of these. @returns all of them, as they are held now */
  async send(held: readonly HeldNotice[], signal: AbortSignal): Promise<HeldNotice[]> {
    const { ways } = this.#options;
    if (ways.length === 0 || this.#clock() < this.#notBefore) return [...held];
    const unsent = held.filter(({ notice }) => notice.told.length === 0 && !notice.isKnown);
    let now: readonly HeldNotice[] = held;
    if (unsent.length > SINGLY_A_MINUTE) now = await this.#sendAsOne(now, unsent, signal);
    else
      for (const each of unsent) {
        if (signal.aborted || this.#clock() < this.#notBefore) break;
        now = await this.#sendOne(now, each, { kind: 'first' }, signal);
      }
    for (const each of this.#unanswered(now)) now = await this.#sendOne(now, each, { kind: 'next' }, signal);
    return [...now];
  }

  /** Dangers that were told of so long ago that the next way is to hear of them. */
  #unanswered(held: readonly HeldNotice[]): HeldNotice[] {
    const { escalateMs, ways } = this.#options;
    if (escalateMs === null) return [];
    const now = this.#clock();
    return held.filter(({ notice: { alertId, name, state, told } }, place) => {
      if (state !== 'RAISED' || told.length === 0 || told.length >= ways.length) return false;
      const isOver = held
        .slice(place + 1)
        .some(({ notice }) => notice.name === name && notice.state === 'CLEARED');
      // Of what an earlier process told, nobody knows on this clock when it was: it counts from now.
      const since = this.#told.get(alertId) ?? now;
      this.#told.set(alertId, since);
      return !isOver && now - since >= escalateMs;
    });
  }

  async #sendOne(
    held: readonly HeldNotice[],
    each: HeldNotice,
    { kind }: { readonly kind: 'first' | 'next' },
    signal: AbortSignal,
  ): Promise<readonly HeldNotice[]> {
    const { notice } = each;
    const type =
      notice.state === 'CLEARED' ? 'alert.cleared' : kind === 'next' ? 'alert.escalated' : 'alert.raised';
    const way = await this.#deliver(alertMessage(randomUUID(), type, notice, notice.at), notice.told, signal);
    return way === null ? held : this.#note(held, [each], way);
  }

  async #sendAsOne(
    held: readonly HeldNotice[],
    unsent: readonly HeldNotice[],
    signal: AbortSignal,
  ): Promise<readonly HeldNotice[]> {
    let now = held;
    for (const [state, kind] of [
      ['RAISED', 'alert.raised'],
      ['CLEARED', 'alert.cleared'],
    ] as const) {
      const those = unsent.filter(({ notice }) => notice.state === state);
      if (those.length === 0) continue;
      const summary = summaryOf(
        kind,
        those.map(({ notice }) => notice),
      );
      const way = await this.#deliver(summaryMessage(randomUUID(), summary, new Date()), [], signal);
      if (way !== null) now = await this.#note(now, those, way);
    }
    return now;
  }

  /** @returns which way took it; null: none did, and they are left alone for a while */
  async #deliver(
    message: AlertMessage,
    told: readonly string[],
    signal: AbortSignal,
  ): Promise<string | null> {
    const { ways, log } = this.#options;
    for (const way of ways) {
      if (told.includes(way.name) || this.#clock() < (this.#closedUntil.get(way.name) ?? 0)) continue;
      const outcome = await way.send(message, signal).catch((error: unknown) => {
        if (!signal.aborted) log.error({ err: error, channel: way.name }, 'an alert could not be sent');
        return null;
      });
      if (signal.aborted && outcome?.kind !== 'DELIVERED') return null;
      if (outcome?.kind === 'DELIVERED') {
        this.#failures = 0;
        return way.name;
      }
      const asked = outcome?.kind === 'FAILED' ? Math.min(outcome.retryAfterMs ?? 0, MAX_ASKED_MS) : 0;
      this.#closedUntil.set(way.name, this.#clock() + asked);
      if (outcome && 'error' in outcome)
        log.warn({ channel: way.name, problem: outcome.error }, 'an alert did not get through this way');
    }
    this.#notBefore = this.#clock() + Math.min(FIRST_DELAY_MS * 2 ** this.#failures, MAX_DELAY_MS);
    this.#failures = Math.min(this.#failures + 1, 16);
    return null;
  }

  async #note(
    held: readonly HeldNotice[],
    sent: readonly HeldNotice[],
    way: string,
  ): Promise<readonly HeldNotice[]> {
    const notices = sent.map<Notice>(({ notice }) => ({ ...notice, told: [...notice.told, way] }));
    const kept = await this.#options.book.keep(notices, sent);
    for (const { alertId } of notices) this.#told.set(alertId, this.#clock());
    const instead = new Map(sent.map((each, place) => [each, kept[place] ?? each]));
    return held.map((each) => instead.get(each) ?? each);
  }
}
