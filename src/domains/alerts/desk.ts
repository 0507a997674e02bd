import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { within } from '../../db/deadline.ts';
import { isPassing, judgeDatabaseError } from '../../db/meaning.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { Alert, AlertBoard } from './alerts.ts';
import type { DirectSender } from './direct.ts';
import { asNotice, type HeldNotice, type Notice, type NoticeBook } from './notices.ts';
import {
  endLostSightings,
  keepSightings,
  lockAlerts,
  piecesOf,
  type Recorded,
  type Recording,
  recordCleared,
  recordRaised,
} from './record.ts';
import { type Telling, tellCleared, tellDue, tellRaised } from './telling.ts';

export interface DeskOptions extends Recording, Telling {
  readonly db: Database;
  readonly availability: Pick<Availability, 'isUp' | 'onChange' | 'patienceMs'>;
  readonly keepers: Keepers;
  readonly deliveries: { wake(): void };
  readonly board: Pick<AlertBoard, 'active' | 'forget'>;
  readonly book: NoticeBook;
  readonly direct: DirectSender;
}

/** Milliseconds between rounds while there are alerts, and while there are none. */
const ROUND_MS = { some: 1_000, none: 60_000 };
const STORE_MS = 5_000;
/** How often this server says what it still sees. */
const KEEP_MS = 10_000;
/** So long after its start a server has seen again what an earlier process saw, if it is still there. */
const LOOKED_MS = 60_000;

/**
 * Takes alerts from the board to whoever is to know: into the journal at once, then into the database with what is to be sent.
 * While the database is away they are sent without it.
 */
export class AlertDesk {
  readonly #options: DeskOptions;
  readonly #keeper: Keeper;
  readonly #stop = new AbortController();
  readonly #openedAt = performance.now();
  #fresh: Notice[] = [];
  #keeping: Promise<void> = Promise.resolve();
  /** In the journal, and not taken up by a round yet. */
  #kept: HeldNotice[] = [];
  #held: HeldNotice[];
  #keptAt = Number.NEGATIVE_INFINITY;
  #hasOpen = true;
  #hasLooked = false;
  #failures = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#held = options.book.recovered();
    this.#keeper = options.keepers.create({
      name: 'alerts',
      everyMs: () => (this.#held.length > 0 || this.#hasOpen ? ROUND_MS.some : ROUND_MS.none),
      retryMs: ROUND_MS.some,
      round: () => this.#round(),
    });
  }

  /** Takes an alert of the board. Never waits. */
  take(alert: Alert): void {
    this.#fresh.push(asNotice(alert));
    // At once: the round under way may wait for somebody who does not answer, and a kill may come meanwhile.
    this.#keeping = this.#keeping.then(() => this.#keepFresh());
    this.wake();
  }

  /** Something may be due. */
  wake(): void {
    this.#keeper.wake();
  }

  start(): void {
    this.#options.availability.onChange(() => this.wake());
    this.#keeper.start();
    this.#keeper.wake();
  }

  /** Breaks off what is under way; what was not sent is in the journal. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#keeper.stop();
    await this.#keeping;
  }

  async #round(): Promise<void> {
    const { availability } = this.#options;
    await this.#keeping;
    this.#held.push(...this.#kept.splice(0));
    if (this.#stop.signal.aborted) return;
    let problem: unknown = null;
    if (availability.isUp)
      try {
        await within(
          this.#store(),
          Math.max(STORE_MS, availability.patienceMs),
          'alerts could not be stored in time',
        );
        await this.#look();
        this.#failures = 0;
        return;
      } catch (error) {
        problem = error;
        this.#failures++;
      }
    // What failed once may be stored all the same, and would be told twice.
    if (availability.isUp && this.#failures === 1) return this.#keeper.wake(ROUND_MS.some);
    this.#held = await this.#options.direct.send(this.#held, this.#stop.signal);
    if (problem !== null && !isPassing(judgeDatabaseError(problem))) throw problem;
  }

  /** Never rejects, as the book does not. */
  async #keepFresh(): Promise<void> {
    const fresh = this.#fresh;
    this.#fresh = [];
    if (fresh.length === 0) return;
    const known = new Set<string>();
    for (const { notice } of [...this.#held, ...this.#kept])
      if (notice.state === 'RAISED') known.add(notice.name);
      else known.delete(notice.name);
    const notices = fresh.map((notice) => {
      const isKnown = notice.state === 'RAISED' && known.has(notice.name);
      if (notice.state === 'RAISED') known.add(notice.name);
      else known.delete(notice.name);
      return isKnown ? { ...notice, isKnown } : notice;
    });
    this.#kept.push(...(await this.#options.book.keep(notices)));
  }

  /** Into the database, with what is to be sent of it. */
  async #store(): Promise<void> {
    const held = this.#held;
    if (held.length === 0) return;
    const { db, book, deliveries } = this.#options;
    await db.transaction((client) => this.#record(client, held), { ownName: true });
    // Not the first so many: one that took too long may end after the next one has.
    const stored = new Set(held);
    this.#held = this.#held.filter((each) => !stored.has(each));
    await book.drop(held);
    this.#hasOpen = true;
    deliveries.wake();
  }

  async #record(client: Parameters<typeof lockAlerts>[0], held: readonly HeldNotice[]): Promise<void> {
    await lockAlerts(client);
    const begun: Recorded[] = [];
    const ended: Recorded[] = [];
    for (const piece of piecesOf(held.map(({ notice }) => notice))) {
      if (piece[0]?.state === 'RAISED') begun.push(...(await recordRaised(client, this.#options, piece)));
      else {
        const told = new Set(piece.flatMap(({ name, told }) => (told.length > 0 ? name : [])));
        const over = await recordCleared(client, this.#options, piece);
        ended.push(...over.filter(({ name }) => !told.has(name)));
      }
    }
    const way = await tellRaised(client, this.#options, begun);
    const isNew = new Set(begun.map(({ id }) => id));
    // What came and went at once is told as the two that it was.
    const told = (alert: Recorded) => (isNew.has(alert.id) && way !== null ? [way] : alert.told);
    await tellCleared(
      client,
      ended.map((alert) => ({ ...alert, told: told(alert) })),
    );
  }

  /** At what all servers know: what is to be told anew, and what nobody sees any more. */
  async #look(): Promise<void> {
    const { db, board, deliveries, server } = this.#options;
    const now = performance.now();
    if (!this.#hasOpen && now - this.#keptAt < KEEP_MS) return;
    const seen = board.active.flatMap(({ alertId }) => alertId ?? []);
    const isToKeep = now - this.#keptAt >= KEEP_MS;
    const canKnow = !this.#hasLooked && now - this.#openedAt >= LOOKED_MS;
    const { gone, isTold } = await db.transaction(
      async (client) => {
        const { rows } = await client.query<{ open: boolean }>({
          name: 'any_alert_open',
          text: `select exists (select from echo_alerts where status <> 'RESOLVED') as open`,
        });
        this.#hasOpen = rows[0]?.open ?? false;
        if (!this.#hasOpen) return { gone: [], isTold: false };
        await lockAlerts(client);
        const gone = isToKeep ? await keepSightings(client, seen) : [];
        const over = await endLostSightings(client, server, canKnow ? seen : null);
        await tellCleared(client, over);
        const due = await tellDue(client, this.#options);
        return { gone, isTold: over.length + due > 0 };
      },
      { ownName: true },
    );
    for (const alertId of gone) board.forget(alertId);
    if (isToKeep) this.#keptAt = now;
    if (canKnow) this.#hasLooked = true;
    if (isTold) deliveries.wake();
  }
}
