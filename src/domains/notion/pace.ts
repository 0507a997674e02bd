import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../db/client.ts';

/** Nobody waits longer for a turn: there are others to do until then. */
const MAX_WAIT_MS = 10_000;
const MAX_PAUSE_MS = 86_400_000;

/** There is no turn soon. */
export class NoTurn extends Error {
  override readonly name = 'NoTurn';
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('requests to Notion wait for their turn');
    this.retryAfterMs = retryAfterMs;
  }
}

/** Gives the requests of all servers of the database their turns, one after the other, and none while Notion asks for a pause. */
export class Pace {
  readonly #db: Pick<Database, 'pool'>;
  readonly #everyMs: number;
  #latestAt = Number.NEGATIVE_INFINITY;

  constructor(db: Pick<Database, 'pool'>, everyMs: number) {
    this.#db = db;
    this.#everyMs = everyMs;
  }

  /** Resolves when a request may go out. @throws NoTurn, and what `signal` was aborted with */
  async turn(signal: AbortSignal): Promise<void> {
    const waitMs = await this.#take();
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
    const pausedMs = await this.#pausedMs();
    if (pausedMs > 0) throw new NoTurn(pausedMs);
    // However late timers and answers of the database come: no two of this server are closer than that.
    const at = Math.max(performance.now(), this.#latestAt + this.#everyMs);
    this.#latestAt = at;
    if (at > performance.now()) await delay(at - performance.now(), undefined, { signal });
  }

  /** Nobody asks Notion for anything for so long. */
  async pause(ms: number): Promise<void> {
    await this.#db.pool.query({
      name: 'pause_notion',
      text: `update echo_notion_pace set paused_until = greatest(paused_until, clock_timestamp() + $1::float8 * interval '1 ms')
             where name = 'notion'`,
      values: [Math.min(ms, MAX_PAUSE_MS)],
    });
  }

  async #take(): Promise<number> {
    // A turn that is further away than any can be was taken before the clock was set back.
    const { rows } = await this.#db.pool.query<{ wait: number }>({
      name: 'take_notion_turn',
      text: `insert into echo_notion_pace as p (name, next_at) values ('notion', clock_timestamp() + $1::float8 * interval '1 ms')
             on conflict (name) do update set next_at = $1::float8 * interval '1 ms' + greatest(clock_timestamp(),
               case when p.next_at < clock_timestamp() + interval '30 seconds' then p.next_at end)
             where (p.next_at < clock_timestamp() + ${MAX_WAIT_MS} * interval '1 ms'
                 or p.next_at > clock_timestamp() + interval '30 seconds')
               and (p.paused_until is null or p.paused_until <= clock_timestamp())
             returning (extract(epoch from p.next_at - clock_timestamp()) * 1000 - $1::float8)::float8 as wait`,
      values: [this.#everyMs],
    });
    const [taken] = rows;
    if (taken) return taken.wait;
    throw new NoTurn(Math.max(await this.#pausedMs(), MAX_WAIT_MS / 2));
  }

  async #pausedMs(): Promise<number> {
    const { rows } = await this.#db.pool.query<{ paused: number }>({
      name: 'notion_pause',
      text: `select greatest(0, extract(epoch from paused_until - clock_timestamp()) * 1000)::float8 as paused
             from echo_notion_pace where name = 'notion'`,
    });
    return rows[0]?.paused ?? 0;
  }
}
