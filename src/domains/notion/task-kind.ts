import { PRIORITIES } from '../../jobs/job.ts';
import { FROM_NOTION, instantText, type MirroredKind } from './kind.ts';

/** Rows that are looked at, the newest ones. */
const NEWEST = 5_000;

const priority = `(array[${PRIORITIES.map((name) => `'${name}'`).join(', ')}])[t.priority + 1]`;

/** The queue of users' tasks, one page a task. What users wrote into it goes there only where the settings say so. */
export const tasks: MirroredKind = {
  name: 'tasks',
  words: 'A task of the queue.',
  everyMs: 2_000,
  fields: [
    {
      name: 'title',
      form: 'text',
      words: 'its type, and the beginning of its id; of a page that became a task what it was called',
      usual: 'Name',
      sql: `case when t.created_by = '${FROM_NOTION}' then t.name else coalesce(t.task_type, 'task') || ' · ' || left(t.task_id, 8) end`,
    },
    { name: 'externalId', form: 'text', words: 'its id', usual: 'External ID', sql: 't.task_id' },
    {
      name: 'status',
      form: 'choice',
      words: 'PENDING, RUNNING, COMPLETED, FAILED or CANCELLED',
      usual: 'Status',
      ofRequests: 'Status',
      sql: 't.status',
    },
    {
      name: 'type',
      form: 'choice',
      words: 'its type',
      usual: 'Type',
      ofRequests: 'Type',
      sql: 't.task_type',
    },
    {
      name: 'priority',
      form: 'choice',
      words: 'LOW, NORMAL, HIGH or CRITICAL',
      usual: 'Priority',
      sql: priority,
    },
    {
      name: 'created',
      form: 'instant',
      words: 'when it was made',
      usual: 'Created',
      sql: instantText('t.created_at'),
    },
    {
      name: 'started',
      form: 'instant',
      words: 'when its latest attempt began',
      usual: 'Started',
      sql: instantText('t.started_at'),
    },
    {
      name: 'completed',
      form: 'instant',
      words: 'when it was over',
      usual: 'Completed',
      sql: instantText('t.completed_at'),
    },
    {
      name: 'attempts',
      form: 'number',
      words: 'how often it was begun',
      usual: 'Attempts',
      sql: 't.attempt',
    },
    { name: 'user', form: 'text', words: 'whose it is', usual: null, sql: 't.user_id' },
    {
      name: 'name',
      form: 'text',
      words: 'its name, which a user may have written',
      usual: null,
      sql: 't.name',
    },
    {
      name: 'problem',
      form: 'text',
      words: 'why its latest attempt failed, which may have words of a user',
      usual: null,
      sql: 't.error',
    },
    {
      name: 'answer',
      form: 'text',
      words: 'why a page cannot become a task; empty where it has',
      usual: null,
      ofRequests: 'Answer',
      sql: 'null',
    },
    {
      name: 'payload',
      form: 'text',
      words: 'JSON for the task that a page becomes; it is read, and never written',
      usual: null,
      isRead: true,
      sql: 'null',
    },
  ],
  from: 'autonomous_tasks t',
  externalId: 't.task_id',
  place: 't.id',
  tenantId: 't.tenant_id',
  userId: 't.user_id',
  recent: `t.id > coalesce((select max(n.id) from autonomous_tasks n), 0) - ${NEWEST} and t.user_id is not null`,
  over: "t.status not in ('PENDING', 'RUNNING')",
  byId: (id) => `t.task_id = ${id}`,
  held: 't',
};
