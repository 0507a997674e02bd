import { createHash, randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { Forbidden, IdempotencyKeyReused, InvalidInput, NotFound, QuotaExceeded } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { isOperators, OPERATOR_TENANT } from '../../ground/ownership.ts';
import { type Job, PRIORITIES, type Priority, type TaskOwner } from '../../jobs/job.ts';
import { tellTask } from './claims.ts';
import { isAdmin } from './scope.ts';
import { autonomousTasks, type TaskRow } from './tables.ts';

export interface TaskServices {
  readonly db: Database;
  readonly events: { wake(): void };
  readonly tasks: {
    readonly jobs: ReadonlyMap<string, Job>;
    wake(inMs?: number): void;
    cancel(id: number): Promise<void> | null;
  };
}

export const MAX_NAME_LENGTH = 200;
export const MAX_DESCRIPTION_LENGTH = 4_000;
export const MAX_RETRIES = 20;
export const MAX_TIMEOUT_SECONDS = 86_400;
/** How far ahead a task may be scheduled. */
export const MAX_DAYS_AHEAD = 366;
/** Tasks of one user that wait. */
export const MAX_WAITING = 20_000;
const DAY_MS = 86_400_000;

const whole = (least: number, most: number) =>
  z
    .int({ error: `must be a whole number from ${least} to ${most}` })
    .min(least, { error: `must be from ${least} to ${most}` })
    .max(most, { error: `must be from ${least} to ${most}` });

const NewTask = z.object({
  type: input.text(100),
  name: input.text(MAX_NAME_LENGTH).nullish(),
  description: input.text(MAX_DESCRIPTION_LENGTH, 0).nullish(),
  payload: input.jsonObject.nullish(),
  priority: z.enum(PRIORITIES, { error: `must be one of ${PRIORITIES.join(', ')}` }).nullish(),
  scheduledFor: input.instant.nullish(),
  maxRetries: whole(0, MAX_RETRIES).nullish(),
  timeoutSeconds: whole(1, MAX_TIMEOUT_SECONDS).nullish(),
  goalId: input.text(100).nullish(),
  idempotencyKey: input.idempotencyKey.nullish(),
});
/** Whatever its payload is, it is looked at. */
export type NewTask = Omit<z.input<typeof NewTask>, 'payload'> & { readonly payload?: unknown };

/** What the priority of a task is called. */
export function priorityOf({ priority }: Pick<TaskRow, 'priority'>): Priority {
  return PRIORITIES[priority] ?? 'NORMAL';
}

/** The kinds of tasks that a caller may make. */
export function taskTypesFor({ tasks }: Pick<TaskServices, 'tasks'>, principal: Principal): Job[] {
  return [...tasks.jobs.values()].filter((job) => mayMake(principal, job));
}

export function mayMake(principal: Principal, { mayCreate }: Pick<Job, 'mayCreate'>): boolean {
  if (mayCreate === 'USER') return true;
  if (!isAdmin(principal)) return false;
  return mayCreate === 'ADMIN' || (mayCreate === 'OPERATOR' && isOperators(principal));
}

/**
 * Makes a task of the caller's, which begins as soon as it is due and a worker is free. The same key with the same content
 * gives the task that was made first.
 *
 * @throws InvalidInput, IdempotencyKeyReused, Forbidden, NotFound (the goal)
 */
export async function createTask(
  services: TaskServices,
  principal: Principal,
  given: NewTask,
): Promise<TaskRow> {
  const job = jobOf(services, principal, given.type);
  const owner = { tenantId: principal.tenantId, userId: principal.userId };
  // By the type's own form first, which names the field.
  const payload = job.check && input.parseInput(job.payload, given.payload ?? {}, 'payload');
  const known = await taskOfRequest(services.db, owner, given);
  if (known) return known;
  await job.check?.(payload);
  return makeTask(services, job, { ...given, owner, createdBy: principal.userId });
}

/** Makes a task for a verb that knows who may: see `enqueueTask`. */
export async function makeTask(
  {
    db,
    events,
    tasks,
  }: Pick<TaskServices, 'db' | 'events'> & { readonly tasks: Pick<TaskServices['tasks'], 'wake'> },
  job: Job,
  given: Parameters<typeof enqueueTask>[2],
): Promise<TaskRow> {
  const row = await db.transaction((client) => enqueueTask(client, job, given));
  events.wake();
  tasks.wake(row.dueAt.getTime() - Date.now());
  return row;
}

/** @throws InvalidInput that names what there is; Forbidden */
function jobOf(services: TaskServices, principal: Principal, type: string): Job {
  const mine = taskTypesFor(services, principal);
  const job = mine.find(({ name }) => name === type);
  if (job) return job;
  const makers = services.tasks.jobs.get(type)?.mayCreate;
  if (makers === 'ADMIN' || makers === 'OPERATOR') {
    const of = makers === 'OPERATOR' ? ` of the tenant "${OPERATOR_TENANT}"` : '';
    throw new Forbidden(`type: only an admin${of} may make a task of the type ${type}`);
  }
  const known = mine.map(({ name }) => name).sort();
  throw new InvalidInput('type', `must be one of ${known.join(', ')}`);
}

/**
 * Makes a task in the transaction of `client`: it is there if that is committed, and only then. Whoever calls this wakes the
 * workers after the commit (`tasks.wake`), or it begins within ten seconds.
 *
 * @param given.owner whose it is; without a user: the server's own
 * @param given.createdBy a user, or the name of what made it
 * @throws InvalidInput, IdempotencyKeyReused, NotFound (a goal that is not its owner's), QuotaExceeded
 */
export async function enqueueTask(
  client: PoolClient,
  job: Job,
  given: NewTask & { readonly owner: TaskOwner; readonly createdBy: string },
): Promise<TaskRow> {
  const { owner, createdBy, ...asked } = given;
  const task = input.parseInput(NewTask, asked);
  const payload = task.payload ?? {};
  input.parseInput(job.payload, payload, 'payload');
  const { idempotencyKey = null } = task;
  const hash = idempotencyKey === null ? null : hashOf(task);
  if (idempotencyKey !== null) {
    const known = await taskOfKey(client, owner, idempotencyKey, hash);
    if (known) return known;
  }
  // Of what is made now: whoever asks once more may come when its time has passed.
  checkTime(task.scheduledFor ?? null);
  const perDay = await checkWaiting(client, owner);
  if (perDay !== null) {
    const known = await takeOneOfDay(client, owner, perDay, async () =>
      idempotencyKey === null ? null : taskOfKey(client, owner, idempotencyKey, hash),
    );
    if (known) return known;
  }
  const goal = await goalOf(client, owner, task.goalId ?? null);
  const priority = PRIORITIES.indexOf(task.priority ?? job.priority);
  const { rows } = await client.query<RawRow>({
    name: 'insert_task',
    text: `insert into autonomous_tasks (tenant_id, user_id, created_by, task_id, task_type, name, description, priority,
             payload, scheduled_for, due_at, max_retries, timeout, idempotency_key, request_hash, goal)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce($10, now()), $11, $12, $13, $14, $15)
           on conflict (queue_owner, idempotency_key) do nothing returning *`,
    values: [
      ...[owner.tenantId, owner.userId, createdBy, randomUUID(), job.name, task.name ?? job.name],
      ...[task.description, priority, JSON.stringify(payload), task.scheduledFor ?? null],
      ...[
        task.maxRetries ?? job.retry.limit,
        task.timeoutSeconds ?? job.timeoutSeconds,
        idempotencyKey,
        hash,
        goal,
      ],
    ],
  });
  if (!rows[0]) {
    // Somebody used the key between the look and the insert, and has committed.
    const known = await taskOfKey(client, owner, idempotencyKey ?? '', hash);
    if (!known) throw new IdempotencyKeyReused('idempotencyKey');
    return known;
  }
  const row = mapRow(autonomousTasks, rows[0]);
  await tellTask(client, row);
  return row;
}

/** The number of the owner's goal of this id. Nobody deletes it before the commit. */
async function goalOf(
  client: PoolClient,
  { tenantId, userId }: TaskOwner,
  goalId: string | null,
): Promise<number | null> {
  if (goalId === null) return null;
  const { rows } = goalId.includes('\0')
    ? { rows: [] }
    : await client.query<{ id: number }>({
        name: 'goal_of_task',
        text: 'select id from autonomous_goals where goal_id = $1 and tenant_id = $2 and user_id = $3 for key share',
        values: [goalId, tenantId, userId],
      });
  if (!rows[0]) throw new NotFound('goalId', `there is no goal "${goalId.slice(0, 100)}"`);
  return rows[0].id;
}

function checkTime(scheduledFor: Date | null): void {
  if (scheduledFor === null) return;
  const ahead = scheduledFor.getTime() - Date.now();
  if (ahead < 0) throw new InvalidInput('scheduledFor', 'must not be in the past');
  if (ahead > MAX_DAYS_AHEAD * DAY_MS)
    throw new InvalidInput('scheduledFor', `must be within the next ${MAX_DAYS_AHEAD} days`);
}

/** Of what was asked for, whatever the order of its fields. */
function hashOf({ idempotencyKey: _, ...task }: z.output<typeof NewTask>): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(sorted(task)))
    .digest();
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const fields = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, sorted(item)]);
}

/** The task that was made by the same request; null where it has no key, or is the first. @throws InvalidInput, IdempotencyKeyReused */
async function taskOfRequest(
  { pool }: Pick<Database, 'pool'>,
  owner: TaskOwner,
  given: NewTask,
): Promise<TaskRow | null> {
  const task = input.parseInput(NewTask, given);
  return task.idempotencyKey == null ? null : taskOfKey(pool, owner, task.idempotencyKey, hashOf(task));
}

async function taskOfKey(
  client: Pick<PoolClient, 'query'>,
  { tenantId, userId }: TaskOwner,
  key: string,
  hash: Buffer | null,
): Promise<TaskRow | null> {
  const { rows } = await client.query<RawRow>({
    name: 'task_of_key',
    text: `select * from autonomous_tasks
           where idempotency_key = $1 and tenant_id = $2 and user_id is not distinct from $3`,
    values: [key, tenantId, userId],
  });
  if (!rows[0]) return null;
  const row = mapRow(autonomousTasks, rows[0]);
  if (hash && !row.requestHash?.equals(hash)) throw new IdempotencyKeyReused('idempotencyKey');
  return row;
}

/** @returns how many tasks the owner's tenant may make a day; null: any number @throws InvalidInput */
async function checkWaiting(client: PoolClient, { tenantId, userId }: TaskOwner): Promise<number | null> {
  const { rows } = await client.query<{ full: boolean; perDay: number | null }>({
    name: 'tasks_waiting',
    text: `select exists (select from autonomous_tasks where status = 'PENDING' and tenant_id = $1 and user_id is not distinct from $2
             and queue_owner = $1 || chr(10) || coalesce($2, '') offset $3 limit 1) as full,
             (select n.tasks_per_day from echo_tenants n where n.tenant_id = $1 and $2::text is not null) as "perDay"`,
    values: [tenantId, userId, MAX_WAITING - 1],
  });
  const { full, perDay } = onlyRow({ rows });
  if (full)
    throw new InvalidInput(
      'type',
      `at most ${MAX_WAITING} tasks of a user may wait; try again when some have run`,
    );
  return perDay;
}

/**
 * Those of a tenant that may make so many a day take turns, so that there is never one too many.
 *
 * @param find the task, if somebody made it with the same key meanwhile
 * @throws QuotaExceeded
 */
async function takeOneOfDay(
  client: PoolClient,
  { tenantId }: TaskOwner,
  perDay: number,
  find: () => Promise<TaskRow | null>,
): Promise<TaskRow | null> {
  await client.query({
    name: 'lock_tasks_of_day',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [JSON.stringify(['tasks of a day', tenantId])],
  });
  const known = await find();
  if (known) return known;
  const { rows } = await client.query<{ made: number; resets: Date }>({
    name: 'count_tasks_of_day',
    text: `select count(*)::int as made, date_trunc('day', now(), 'UTC') + interval '1 day' as resets from autonomous_tasks
           where tenant_id = $1 and user_id is not null and created_at >= date_trunc('day', now(), 'UTC')`,
    values: [tenantId],
  });
  const { made, resets } = onlyRow({ rows });
  if (made < perDay) return null;
  throw new QuotaExceeded('type', `the tenant may make ${perDay} tasks a day, and ${made} are made`, resets);
}
