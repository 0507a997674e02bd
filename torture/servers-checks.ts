import { setTimeout as delay } from 'node:timers/promises';
import { type Looked, look } from './database.ts';
import type { Finding } from './findings.ts';
import type { ServersStand } from './servers-stand.ts';
import { SLOTS_JOB, type SlotEvidence } from './slots.ts';
import { ask } from './truth.ts';

const INDEXED_LIMIT_MS = 120_000;
const SLOTS_LIMIT_MS = 60_000;
const UNINDEXED = `select count(*)::int as count from echo_unified_interactions i
  where tenant_id <> '__canary' and not exists (select from echo_index_documents d where d.interaction_id = i.id)`;
const VECTORS = '{ persistence { journal { depth setApart } vectors { stored embedded failed } } }';

interface Said {
  readonly persistence: {
    readonly journal: { readonly depth: number; readonly setApart: number };
    readonly vectors: {
      readonly stored: number;
      readonly embedded: number;
      readonly failed: number;
    };
  };
}

/** Whether each turn is in the index of words and, at each server, has its vector; and nothing is left in a journal. */
export async function checkIndexes(stand: ServersStand, database: Looked): Promise<Finding[]> {
  const start = performance.now();
  for (; ; await delay(500)) {
    const missing = await missingNow(stand, database).catch((error: unknown) => [String(error)]);
    if (missing.length === 0) {
      stand.print(
        `indexes: complete at each server ${Math.round(performance.now() - start)} ms after the last turn`,
      );
      return [];
    }
    if (performance.now() - start > INDEXED_LIMIT_MS)
      return missing.map((detail) => ({ check: 'index-missing', conversationId: null, detail }));
  }
}

async function missingNow({ servers }: ServersStand, database: Looked): Promise<string[]> {
  const missing: string[] = [];
  const [row] = await look<{ count: number }>(database.connection, UNINDEXED);
  if (row?.count !== 0) missing.push(`${row?.count} turns are not in the index of words`);
  for (const { name, port } of servers) {
    const { journal, vectors } = (await ask<Said>(port, VECTORS)).persistence;
    if (journal.depth + journal.setApart > 0)
      missing.push(`${name}: ${journal.depth} wait in the journal, ${journal.setApart} are set apart`);
    if (vectors.embedded !== vectors.stored || vectors.failed > 0)
      missing.push(
        `${name}: ${vectors.embedded} of ${vectors.stored} turns have a vector, ${vectors.failed} failed`,
      );
  }
  return missing;
}

/** The slots up to now, once their tasks are over. */
export async function slotEvidence({ connection }: Looked): Promise<SlotEvidence> {
  const until = new Date();
  for (const start = performance.now(); ; await delay(250)) {
    const slots = await look<SlotEvidence['slots'][number]>(
      connection,
      `select (extract(epoch from slot_at) * 1000)::float8 as at, state, note, task::text as task
       from schedule_slots where schedule = $1 and slot_at <= $2 order by slot_at`,
      [SLOTS_JOB, until],
    );
    const tasks = await look<SlotEvidence['tasks'][number]>(
      connection,
      `select t.id::text as task, t.status, (select count(*)::int from torture.effects e where e.task = t.task_id) as runs
       from autonomous_tasks t where t.created_by = $1
         -- The server keeps the latest thousand slots.
         and t.id >= (select min(task) from schedule_slots where schedule = $1) and t.id <= (
         select max(task) from schedule_slots where schedule = $1 and slot_at <= $2) order by t.id`,
      [SLOTS_JOB, until],
    );
    const isOver =
      slots.every(({ state }) => state !== 'PLANNED') && tasks.every(({ status }) => status === 'COMPLETED');
    if (isOver || performance.now() - start > SLOTS_LIMIT_MS) return { slots, tasks };
  }
}
