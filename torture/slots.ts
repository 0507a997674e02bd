import type { Finding } from './findings.ts';
import type { Patch } from './source-copy.ts';
import { effectPatches } from './task-effects.ts';

export const SLOTS_JOB = 'torture_slots';
export const SLOT_EVERY_MS = 3_000;

/**
 * What the copy of the server has more than the product: a job with a slot every few seconds, which leaves a row for each of its
 * tasks; the product takes one a minute at most.
 */
export function slotPatches(): readonly Patch[] {
  const [jobs, ...others] = effectPatches();
  if (!jobs) return [];
  return [
    { ...jobs, replace: `${jobs.replace}${SLOTS_NAME}, ` },
    { file: jobs.file, find: /^const tortureEffects = /m, replace: `${SLOTS}$&` },
    ...others,
    { file: RECURRENCE, find: /count === FIELDS\.length \+ 1/, replace: 'count === FIELDS.length + 2' },
    { file: RECURRENCE, find: /count !== FIELDS\.length\)/, replace: 'count < FIELDS.length)' },
    { file: RECURRENCE, find: /mode: '5-part'/, replace: "mode: '5-or-6-parts'" },
  ];
}

const RECURRENCE = 'src/jobs/recurrence.ts';
const SLOTS_NAME = 'tortureSlots';
const SLOTS = `const ${SLOTS_NAME} = defineJob({
  name: '${SLOTS_JOB}',
  description: 'Leaves a row for each slot.',
  payload: z.strictObject({}),
  retry: { limit: 20, delaySeconds: 0.2, maxDelaySeconds: 2 },
  schedule: { cron: '*/${SLOT_EVERY_MS / 1_000} * * * * *', timeZone: 'UTC', missed: 'RUN_ALL' },
  run: async (_services: unknown, _payload, { taskId, attempt, once }) => {
    await once('slot', (client) =>
      client.query('insert into torture.effects values ($$1, 1, $$2)', [taskId, attempt]).then(() => null),
    );
    return { attempt };
  },
});

`;

/** The slots of a schedule up to a moment, and what they made, as the database has it. */
export interface SlotEvidence {
  /** In the order of time. */
  readonly slots: readonly {
    /** Milliseconds since 1970. */
    readonly at: number;
    readonly state: string;
    readonly note: string | null;
    /** Id of its task. */
    readonly task: string | null;
  }[];
  /** All tasks that the schedule made. */
  readonly tasks: readonly { readonly task: string; readonly status: string; readonly runs: number }[];
}

/** Whether each slot was decided once, and each that was to run has one task that did its work once. */
export function checkSlots({ slots, tasks }: SlotEvidence, everyMs: number): Finding[] {
  const found: Finding[] = [];
  const say = (check: Finding['check'], detail: string) =>
    found.push({ check, conversationId: null, detail });
  for (const [index, { at }] of slots.entries()) {
    const before = slots[index - 1];
    if (before && at - before.at !== everyMs)
      say('slot-missing', `${(at - before.at) / 1_000} s lie between two slots, at ${timeOf(before.at)}`);
  }
  const slotsOf = Map.groupBy(
    slots.filter(({ task }) => task !== null),
    ({ task }) => task,
  );
  for (const { task, status, runs } of tasks) {
    const own = slotsOf.get(task) ?? [];
    if (own.length !== 1) say('slot-twice', `task ${task} is of ${own.length} slots`);
    if (status !== 'COMPLETED') say('slot-missing', `task ${task} is ${status}`);
    if (runs > 1) say('slot-twice', `task ${task} did its work ${runs} times`);
    if (runs < 1) say('slot-missing', `task ${task} did not do its work`);
  }
  const made = new Set(tasks.map(({ task }) => task));
  for (const { at, state, note, task } of slots) {
    const isRun = state === 'RUN' && task !== null && made.has(task);
    // A slot that comes while its predecessor runs is left out by rule, and says so.
    const isSkipped = state === 'SKIPPED' && note !== null && note.includes('was unfinished');
    if (!isRun && !isSkipped) say('slot-missing', `the slot at ${timeOf(at)} is ${state} (${note})`);
  }
  return found;
}

const timeOf = (at: number) => new Date(at).toISOString();
