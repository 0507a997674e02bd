import { randomUUID } from 'node:crypto';
import type { Owner } from '../../access/principals.ts';
import type { Availability } from '../../db/availability.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { Logger } from '../../log.ts';
import { deleteConversation } from '../conversations/conversations.ts';
import { type RecordServices, recordTurns } from '../interactions/interactions.ts';
import { findInteractions } from '../interactions/views.ts';
import type { MemoryTier } from '../memory/hits.ts';
import { type MemoryServices, searchMemory } from '../memory/memory.ts';

export interface CanaryResult {
  readonly at: Date;
  readonly ok: boolean;
  /** The step that failed, and why; null if none did. */
  readonly problem: string | null;
  /** That step alone. */
  readonly failedStep: string | null;
  readonly tookMs: number;
}

export interface CanaryServices extends MemoryServices, RecordServices {
  readonly availability: Availability;
  readonly reconciler: { forget(turnIds: readonly string[]): Promise<void> };
  readonly log: Logger;
  readonly keepers: Keepers;
}

/** Apart from all users: nobody sees its turns. */
export const CANARY_OWNER: Owner = { tenantId: '__canary', userId: '__canary' };
/** What servers that were killed in the middle of a run have left goes after so many minutes. */
const LEFT_MINUTES = 10;
const VECTOR_WAIT_MS = 15_000;
const FIRST_RUN_MS = 1_000;
/** Not the latest turns, which fill up a search that finds too little: they would hide one that finds nothing. */
const BY_WORDS: MemoryTier[] = ['PHRASE', 'KEYWORDS'];

/** Makes the way of a turn at intervals: write, read, vector, search, erase. */
export class Canary {
  readonly #services: CanaryServices;
  readonly #intervalMs: number;
  /** Of this server alone: servers on one database must not take each other's turns away. */
  readonly #conversationId = `canary-${randomUUID()}`;
  readonly #keeper: Keeper;
  #last: CanaryResult | null = null;
  #stopped = false;

  /** @param intervalMs between two runs; 0: never */
  constructor(services: CanaryServices, intervalMs: number) {
    this.#services = services;
    this.#intervalMs = intervalMs;
    const round = () => this.run();
    this.#keeper = services.keepers.create({ name: 'canary', everyMs: intervalMs, round });
  }

  /** The latest run; null before the first. */
  get last(): CanaryResult | null {
    return this.#last;
  }

  /** Whether it runs by itself. */
  get isOn(): boolean {
    return this.#intervalMs > 0;
  }

  start(): void {
    if (!this.isOn || this.#stopped) return;
    this.#keeper.start();
    // A server that has just begun says soon whether a turn comes through.
    this.#keeper.wake(Math.min(FIRST_RUN_MS, this.#intervalMs));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#keeper.stop();
  }

  /** One run, now. Never fails: what went wrong is its result. */
  async run(): Promise<CanaryResult> {
    const started = performance.now();
    let step = 'write';
    let problem: string | null = null;
    try {
      await this.#makeTheWay((next) => {
        step = next;
      });
    } catch (error) {
      problem = `${step}: ${(error as Error).message}`;
      this.#services.log.warn({ problem }, 'the canary turn did not come through');
    }
    this.#last = {
      at: new Date(),
      ok: problem === null,
      problem,
      failedStep: problem === null ? null : step,
      tookMs: performance.now() - started,
    };
    return this.#last;
  }

  async #makeTheWay(enter: (step: string) => void): Promise<void> {
    const services = this.#services;
    const word = `canary${randomUUID().replaceAll('-', '')}`;
    const saved = await recordTurns(services, CANARY_OWNER, {
      conversationId: this.#conversationId,
      turns: [{ query: word }],
    });
    const turnId = saved.turns[0]?.row.turnId ?? '';
    if (saved.durability !== 'COMMITTED') throw new Error('only the journal took it');
    enter('read');
    const [row] = await findInteractions(services, CANARY_OWNER, [turnId]);
    if (row?.query !== word) throw new Error('what was read is not what was written');
    enter('vector');
    await this.#waitForVector(turnId);
    enter('search');
    // It is one turn, of which no model has anything to say.
    const plain = { ...services, reranking: null };
    const { hits, degraded } = await searchMemory(plain, CANARY_OWNER, {
      query: word,
      limit: 1,
      tiers: BY_WORDS,
    });
    if (hits[0]?.interaction.turnId !== turnId)
      throw new Error(
        degraded ? 'a part of the search did not answer in time' : 'it was not found by its word',
      );
    enter('erase');
    await deleteConversation(services, CANARY_OWNER, this.#conversationId);
    await this.#sweep();
  }

  async #sweep(): Promise<void> {
    const { rows } = await this.#services.db.pool.query<{ conversationId: string }>({
      name: 'left_canaries',
      text: `select conversation_id as "conversationId" from echo_conversations
             where tenant_id = $1 and user_id = $2 and last_interaction < now() - $3 * interval '1 minute' limit 100`,
      values: [CANARY_OWNER.tenantId, CANARY_OWNER.userId, LEFT_MINUTES],
    });
    for (const { conversationId } of rows)
      await deleteConversation(this.#services, CANARY_OWNER, conversationId);
  }

  async #waitForVector(turnId: string): Promise<void> {
    const deadline = Date.now() + VECTOR_WAIT_MS;
    for (;;) {
      const [row] = await findInteractions(this.#services, CANARY_OWNER, [turnId]);
      if (row?.vectorState === 'EMBEDDED') return;
      if (Date.now() > deadline || this.#stopped)
        throw new Error(`it has no vector after ${VECTOR_WAIT_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
