import { setTimeout as delay } from 'node:timers/promises';
import { mapRow } from '../src/db/statements.ts';
import { type InteractionRow, interactions } from '../src/domains/interactions/tables.ts';
import { markOf } from './content.ts';
import { type Looked, look } from './database.ts';
import type { Epoch } from './ledger.ts';

const TABLE = 'echo_unified_interactions';
const ATTEMPTS_LIMIT_MS = 60_000;
/** A journal that drains nothing for so long will not drain. */
const DRAIN_LIMIT_MS = 30_000;

/** All stored turns of an epoch's conversations. */
export async function storedTurns(database: Looked, epoch: Pick<Epoch, 'prefix'>): Promise<InteractionRow[]> {
  const text = `select * from ${TABLE} where starts_with(conversation_id, $1) order by conversation_id, sequence, id`;
  const rows = await patiently(() => look(database.connection, text, [epoch.prefix]));
  return rows.map((raw) => mapRow(interactions, raw));
}

/**
 * The same, once everything that was only journaled has arrived. What was acknowledged as committed must be there
 * at once: for that nobody waits.
 */
export async function drainedTurns(database: Looked, epoch: Epoch): Promise<InteractionRow[]> {
  let missing = Infinity;
  for (let since = performance.now(); ; await delay(50)) {
    const stored = await storedTurns(database, epoch);
    // An interrupted turn is there before its answer, which may have been acknowledged by the journal.
    const finished = stored.filter(({ status }) => status !== 'INTERRUPTED');
    const marks = new Set(finished.map((row) => markOf(row.query)));
    const waiting = epoch.batches.filter(
      ({ ackedAt, durability, turns }) =>
        ackedAt !== null && durability !== 'COMMITTED' && turns.some(({ mark }) => !marks.has(mark)),
    ).length;
    if (waiting < missing) since = performance.now();
    missing = waiting;
    if (waiting === 0 || performance.now() - since > DRAIN_LIMIT_MS) return stored;
  }
}

/**
 * How many turns are stored in conversations with a prefix, and how many of them have no vector yet. The server's own canary
 * comes and goes, and one that a kill cut short stays for minutes: it is not counted.
 */
export async function countTurns(
  database: Looked,
  prefix: string,
): Promise<{ total: number; withoutVector: number }> {
  const text = `select count(*)::int as total, (count(*) filter (where vector_state <> 'EMBEDDED'))::int as "withoutVector"
                from ${TABLE} where starts_with(conversation_id, $1) and tenant_id <> '__canary'`;
  const [row] = await patiently(() =>
    look<{ total: number; withoutVector: number }>(database.connection, text, [prefix]),
  );
  return row ?? { total: 0, withoutVector: 0 };
}

/** The database may be on its way back from a fault. */
async function patiently<T>(run: () => Promise<T>): Promise<T> {
  for (const start = performance.now(); ; await delay(100)) {
    try {
      return await run();
    } catch (error) {
      if (performance.now() - start > ATTEMPTS_LIMIT_MS) throw error;
    }
  }
}
