import { instantText, type MirroredKind } from './kind.ts';

/** Tasks whose attempts are looked at, the newest ones. */
const NEWEST = 5_000;

/** The job log: one page an attempt at a task, of users and of the server itself. */
export const jobs: MirroredKind = {
  name: 'jobs',
  words: 'An attempt at a task.',
  everyMs: 5_000,
  fields: [
    {
      name: 'title',
      form: 'text',
      words: 'the type of its task, the beginning of its id, and the number of the attempt',
      usual: 'Name',
      sql: "coalesce(t.task_type, 'task') || ' · ' || left(t.task_id, 8) || ' #' || a.number",
    },
    {
      name: 'externalId',
      form: 'text',
      words: 'the id of its task, # and its number',
      usual: 'External ID',
      sql: "t.task_id || '#' || a.number",
    },
    {
      name: 'status',
      form: 'choice',
      words: 'RUNNING, SUCCEEDED or FAILED',
      usual: 'Status',
      sql: "case when a.ended_at is null then 'RUNNING' when a.error is null then 'SUCCEEDED' else 'FAILED' end",
    },
    { name: 'type', form: 'choice', words: 'the type of its task', usual: 'Type', sql: 't.task_type' },
    {
      name: 'started',
      form: 'instant',
      words: 'when it began',
      usual: 'Started',
      sql: instantText('a.started_at'),
    },
    {
      name: 'ended',
      form: 'instant',
      words: 'when it ended',
      usual: 'Ended',
      sql: instantText('a.ended_at'),
    },
    {
      name: 'seconds',
      form: 'number',
      words: 'how long it took',
      usual: 'Seconds',
      sql: 'round(extract(epoch from a.ended_at - a.started_at), 3)',
    },
    { name: 'attempt', form: 'number', words: 'its number', usual: 'Attempt', sql: 'a.number' },
    { name: 'user', form: 'text', words: 'whose task it is', usual: null, sql: 't.user_id' },
    {
      name: 'problem',
      form: 'text',
      words: 'why it failed, which may have words of a user',
      usual: null,
      sql: 'a.error',
    },
  ],
  from: 'task_attempts a join autonomous_tasks t on t.id = a.task',
  externalId: "t.task_id || '#' || a.number",
  place: 't.id',
  tenantId: 't.tenant_id',
  userId: 't.user_id',
  recent: `t.id > coalesce((select max(n.id) from autonomous_tasks n), 0) - ${NEWEST}`,
  over: 'a.ended_at is not null',
  byId: (id) => `t.task_id = split_part(${id}, '#', 1) and a.number::text = split_part(${id}, '#', 2)`,
  held: 't',
};
