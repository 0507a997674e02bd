import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LOCAL_PRINCIPAL, type Principal } from '../../access/principals.ts';
import { InvalidInput } from '../../errors.ts';
import { EXIT, JSON_OPTION, printList, runCommand, type WithServices } from '../../ground/command.ts';
import { cancelTask } from './changes.ts';
import { attemptsOf, taskPage } from './reads.ts';
import type { TaskRunner } from './runner.ts';
import { taskScopeOf } from './scope.ts';
import { TASK_STATUSES, type TaskRow, type TaskStatus } from './tables.ts';
import { createTask, priorityOf, type TaskServices } from './tasks.ts';
import { findTask } from './views.ts';

const USAGE = `usage: npm run tasks -- COMMAND [--tenant ID]
  list [--status STATUS] [--type TYPE] [--system] [--limit NUMBER] [--json]    shows the newest tasks; --json: a line of JSON each
  show TASKID                            shows one, with its attempts and its result
  run TYPE [--payload JSON]              makes a task, waits until it is over and shows its result; exit code 1 if it fails
  cancel TASKID                          cancels one that waits or runs
Works beside a server that runs on the same DATA_DIR, too.`;

type Services = Omit<TaskServices, 'tasks'> & { readonly tasks: TaskRunner };

/** Milliseconds between two looks at a task that runs elsewhere. */
const LOOK_MS = 200;

interface Given {
  readonly status?: string | undefined;
  readonly type?: string | undefined;
  readonly system?: boolean | undefined;
  readonly limit: string;
  readonly json: boolean;
  readonly payload: string;
}

/** `npm run tasks`: background tasks for an operator. @returns the exit code */
export function tasksCommand(
  args: readonly string[],
  withServices: WithServices<Services>,
  print: (line: string) => void,
): Promise<number> {
  return runCommand(USAGE, args, print, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...JSON_OPTION,
        status: { type: 'string' },
        type: { type: 'string' },
        system: { type: 'boolean' },
        limit: { type: 'string', default: '20' },
        payload: { type: 'string', default: '{}' },
        tenant: { type: 'string', default: LOCAL_PRINCIPAL.tenantId },
      },
    });
    const operator = { ...LOCAL_PRINCIPAL, tenantId: values.tenant };
    const [command, named = '', ...more] = positionals;
    const work = { list: () => list(operator, values), show, run, cancel }[command ?? ''];
    if (!work || more.length > 0 || (command === 'list') !== (named === '')) return null;
    const done = work(operator, named, values);
    return withServices((services) => done(services, print));
  });
}

type Work = (services: Services, print: (line: string) => void) => Promise<number>;

/** @throws InvalidInput before anything is opened */
function list(operator: Principal, { status, type, system = false, limit, json }: Given): Work {
  if (status !== undefined && !TASK_STATUSES.includes(status as TaskStatus))
    throw new InvalidInput('--status', `must be one of ${TASK_STATUSES.join(', ')}`);
  const most = Number(limit);
  if (!Number.isInteger(most) || most < 1 || most > 1_000)
    throw new InvalidInput('--limit', 'must be a whole number from 1 to 1000');
  const conditions = { status: status as TaskStatus | undefined, type, system };
  return async ({ db }, print) => {
    const page = { after: null, before: null, limit: most, inverted: false };
    const rows = await taskPage(db, taskScopeOf(operator), conditions, page);
    printList(rows, { json, none: 'there are no such tasks', line: lineOf, shown: told }, print);
    return EXIT.done;
  };
}

function show(operator: Principal, taskId: string): Work {
  return async ({ db }, print) => {
    const row = await findTask({ db }, operator, taskId);
    const [attempts] = await attemptsOf(db, [row]);
    const { payload, result, error } = row;
    print(JSON.stringify({ ...told(row), payload, result, error, attempts }, null, 2));
    return EXIT.done;
  };
}

/** @throws InvalidInput before anything is opened */
function run(operator: Principal, type: string, { payload }: Given): Work {
  const given = parsed(payload);
  return async (services, print) => {
    const made = await createTask(services, operator, { type, payload: given, name: `${type}, by command` });
    const row = await untilOver(services, operator, made);
    print(
      JSON.stringify({ id: row.taskId, status: row.status, result: row.result, error: row.error }, null, 2),
    );
    return row.status === 'COMPLETED' ? EXIT.done : EXIT.failed;
  };
}

/** Runs it where it was made, unless a server on the same database was faster, which is waited for. */
async function untilOver(services: Services, operator: Principal, made: TaskRow): Promise<TaskRow> {
  for (;;) {
    await services.tasks.runHere(services, made);
    const row = await findTask(services, operator, made.taskId);
    if (row.status !== 'PENDING' && row.status !== 'RUNNING') return row;
    await sleep(LOOK_MS);
  }
}

function cancel(operator: Principal, taskId: string): Work {
  return async (services, print) => {
    const { task, stoppedInTime } = await cancelTask(services, operator, taskId);
    print(`${lineOf(task)}  ${stoppedInTime ? 'stopped' : 'did not stop in time'}`);
    return stoppedInTime ? EXIT.done : EXIT.failed;
  };
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    throw new InvalidInput('--payload', 'is not valid JSON');
  }
}

function told(row: TaskRow) {
  const { taskId: id, taskType: type, name, description, status, createdBy } = row;
  const { createdAt, dueAt, startedAt, completedAt } = row;
  const times = { createdAt, dueAt, startedAt, completedAt };
  return { id, type, name, description, priority: priorityOf(row), status, createdBy, ...times };
}

function lineOf(row: TaskRow): string {
  const { taskId, status, taskType, createdBy, createdAt, name } = row;
  return `${taskId}  ${status}  ${priorityOf(row)}  ${taskType}  ${createdBy}  ${createdAt.toISOString()}  ${name}`;
}
