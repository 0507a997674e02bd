import type { Finding } from './findings.ts';

/** A task as the database has it at the end. */
export interface TaskEvidence {
  readonly taskId: string;
  readonly status: string;
  readonly steps: number;
  /** Which attempt it says came to its end. */
  readonly returned: number | null;
  readonly attempt: number;
  readonly attempts: readonly {
    readonly number: number;
    /** Milliseconds since 1970, by the database's clock. */
    readonly startedAt: number;
    readonly endedAt: number | null;
    readonly error: string | null;
  }[];
  readonly effects: readonly { readonly step: number; readonly attempt: number; readonly at: number }[];
}

/** Whether each task came to its end once, with one effect of each step, by attempts that fit each other. */
export function checkTasks(tasks: readonly TaskEvidence[], expected: readonly string[]): Finding[] {
  const found = new Map(tasks.map((task) => [task.taskId, task]));
  return [
    ...expected
      .filter((taskId) => !found.has(taskId))
      .map((taskId) => finding('task-lost', taskId, 'it was made, and is not there')),
    ...tasks
      .filter(({ taskId }) => !expected.includes(taskId))
      .map(({ taskId }) => finding('task-unknown', taskId, 'nobody made it')),
    ...tasks.flatMap((task) => [...problemsOf(task)]),
  ];
}

function* problemsOf(task: TaskEvidence): Generator<Finding> {
  const { taskId, status, steps, effects } = task;
  if (status !== 'COMPLETED') yield finding('task-unfinished', taskId, `it is ${status}`);
  for (let step = 1; step <= steps; step++) {
    const count = effects.filter((effect) => effect.step === step).length;
    if (count === 0) yield finding('effect-missing', taskId, `step ${step} left nothing`);
    if (count > 1) yield finding('effect-twice', taskId, `step ${step} left ${count} rows`);
  }
  for (const problem of incoherent(task)) yield finding('attempts-incoherent', taskId, problem);
}

/** Attempts follow each other, only the last one came to the end, and effects fall into the time of their own. */
function* incoherent({ attempts, attempt, returned, effects, status }: TaskEvidence): Generator<string> {
  const numbers = attempts.map(({ number }) => number);
  if (numbers.some((number, index) => number !== index + 1) || numbers.length !== attempt)
    yield `its attempts are ${numbers.join(', ')}, and it says ${attempt}`;
  const last = attempts.at(-1);
  if (status === 'COMPLETED' && (returned !== attempt || last?.error !== null))
    yield `attempt ${returned} returned, the last one is ${attempt} (${last?.error ?? 'no error'})`;
  for (const [index, each] of attempts.entries()) {
    if (each.endedAt === null) yield `attempt ${each.number} has no end`;
    if (each !== last && each.error === null)
      yield `attempt ${each.number} came to its end, and another followed`;
    const next = attempts[index + 1];
    if (each.endedAt !== null && next && next.startedAt < each.endedAt)
      yield `attempt ${next.number} began before the one before it had ended`;
  }
  for (const { step, attempt: number, at } of effects) {
    const own = attempts[number - 1];
    // The row of an effect is written before its transaction ends, and its attempt after that.
    if (!own || at < own.startedAt || (own.endedAt !== null && at > own.endedAt))
      yield `step ${step} was done by attempt ${number} outside of its time`;
  }
}

function finding(check: Finding['check'], taskId: string, detail: string): Finding {
  return { check, conversationId: null, detail: `task ${taskId}: ${detail}` };
}
