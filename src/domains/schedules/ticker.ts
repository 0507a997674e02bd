import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import type { ActivityNotes } from '../../ground/activity.ts';
import type { Job } from '../../jobs/job.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import { type Decided, decideSlots, lockSchedule, type Moment } from './decide.ts';
import { type DeclaredSchedule, declareSchedule, Recurrences } from './declared.ts';
import { noteSlots } from './notes.ts';
import { schedulesByName } from './reads.ts';
import type { ScheduleRow } from './tables.ts';

export interface TickerOptions {
  readonly db: Database;
  readonly availability: Availability;
  readonly events: { wake(): void };
  readonly tasks: { wake(): void };
  readonly keepers: Keepers;
  readonly activity: ActivityNotes;
  readonly now: () => Date;
  readonly declared: ReadonlyMap<string, DeclaredSchedule>;
  /** False: this server does no background work. */
  readonly isOn: boolean;
}

/** The clock is looked at so often (milliseconds), without the database: it may have been set. */
const LOOK_MS = 60_000;
/** What other servers changed of the schedules is read so often. */
const READ_MS = 600_000;
/** Between two looks whether what waits can go on. */
const LINE_MS = 1_000;
const RETRY_MS = 5_000;

/** Makes the tasks of schedules when their slots come, from `start` to `stop`. */
export class Ticker {
  readonly declared: ReadonlyMap<string, DeclaredSchedule>;
  readonly now: () => Date;
  readonly recurrences = new Recurrences();
  readonly #options: TickerOptions;
  readonly #keeper: Keeper;
  /** When each schedule is to be looked at next; null: never again. */
  readonly #due = new Map<string, Date | null>();
  /** Schedules of which slots wait for the end of a task. */
  readonly #inLine = new Set<string>();
  #since: Date | null = null;
  #isDeclared = false;
  #readAt = 0;
  #lastNow = 0;

  constructor(options: TickerOptions) {
    this.#options = options;
    this.declared = options.declared;
    this.now = options.now;
    this.#keeper = options.keepers.create({
      name: 'schedules',
      everyMs: () => this.#untilNext(),
      retryMs: RETRY_MS,
      round: () => this.#round(),
    });
    options.availability.onChange(({ up }) => up && this.wake());
  }

  /** From now on this server is there to make tasks. */
  start(): void {
    if (!this.#options.isOn || this.#since) return;
    this.#since = this.now();
    this.#keeper.wake();
    this.#keeper.start();
  }

  /** Looks now. */
  wake(): void {
    if (this.#since) this.#keeper.wake();
  }

  async stop(): Promise<void> {
    await this.#keeper.stop();
  }

  /** When slots are decided, and since when this server was there. */
  get moment(): Moment {
    const now = this.now();
    return { now, since: this.#since ?? now };
  }

  /** When the next task of a schedule comes; null: none does, or not from what this server knows. */
  nextSlot({ name, ...row }: ScheduleRow): Date | null {
    if (row.paused || !this.declared.has(name)) return null;
    return this.#after({ name, ...row }, this.now());
  }

  async #round(): Promise<void> {
    const { availability } = this.#options;
    // Whoever sees it come back wakes this.
    if (!availability.isUp) return;
    const now = this.now();
    const wasSetBack = now.getTime() < this.#lastNow;
    this.#lastNow = now.getTime();
    if (!this.#isDeclared) await this.#declare();
    if (wasSetBack || now.getTime() - this.#readAt >= READ_MS) await this.#read(now);
    const problems: unknown[] = [];
    for (const [name, due] of this.#due)
      if ((due && due <= now) || this.#inLine.has(name))
        await this.#tick(name).catch((error: unknown) => problems.push(error));
    if (problems.length > 0) throw problems[0];
  }

  async #declare(): Promise<void> {
    for (const declared of this.declared.values())
      await this.#options.db.transaction(
        (client) => declareSchedule(client, declared, this.recurrences, this.moment),
        { ownName: true },
      );
    this.#isDeclared = true;
    this.#readAt = 0;
  }

  /** What is undecided, or waits, is looked at at once. */
  async #read(now: Date): Promise<void> {
    const names = [...this.declared.keys()];
    if (names.length > 0)
      for (const row of await schedulesByName(this.#options.db, names))
        if (row) this.#due.set(row.name, this.#readAt === 0 ? now : this.#undecided(row, now));
    this.#readAt = now.getTime();
  }

  async #tick(name: string): Promise<void> {
    const { db, events, tasks, activity } = this.#options;
    const job = this.declared.get(name)?.job;
    const ticked =
      job && (await db.transaction((client) => this.#decide(client, name, job), { ownName: true }));
    this.#inLine.delete(name);
    if (!ticked) {
      this.#due.set(name, null);
      return;
    }
    const { row, decided } = ticked;
    this.#due.set(name, this.#after({ ...row, decidedUntil: decided.decidedUntil }, this.now()));
    if (decided.waiting > 0 && !row.paused) this.#inLine.add(name);
    if (decided.task) {
      events.wake();
      tasks.wake();
    }
    noteSlots(activity, name, decided.outcomes);
  }

  async #decide(
    client: Parameters<typeof decideSlots>[0],
    name: string,
    job: Job,
  ): Promise<{ row: ScheduleRow; decided: Decided } | null> {
    const row = await lockSchedule(client, name);
    const recurrence = row && this.recurrences.of(row);
    if (!row || !recurrence) return null;
    return { row, decided: await decideSlots(client, row, job, recurrence, this.moment) };
  }

  /** The first slot that is not decided, also if it is over. */
  #undecided(row: ScheduleRow, now: Date): Date | null {
    const from = row.decidedUntil < now ? row.decidedUntil : now;
    return this.recurrences.of(row)?.next(from) ?? null;
  }

  /** The first slot that is neither over nor decided; other servers' clocks may be a little ahead of this one's. */
  #after(row: ScheduleRow, now: Date): Date | null {
    const { decidedUntil } = row;
    const isAhead = decidedUntil > now && decidedUntil.getTime() - now.getTime() <= LOOK_MS;
    return this.recurrences.of(row)?.next(isAhead ? decidedUntil : now) ?? null;
  }

  #untilNext(): number {
    const now = this.now().getTime();
    let next = this.#inLine.size > 0 ? LINE_MS : LOOK_MS;
    for (const due of this.#due.values()) if (due) next = Math.min(next, due.getTime() - now);
    return Math.max(next, 1);
  }
}
