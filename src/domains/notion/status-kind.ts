import { SERVER_TENANT } from '../../events/event.ts';
import { instantText, type MirroredKind } from './kind.ts';

/** Minutes between two looks: the page says as of when it speaks, so that one of a server that is gone is seen to be old. */
const MINUTES = 5;
const ID = 'status';

/** How the server stands: one page. */
export const status: MirroredKind = {
  name: 'status',
  words: 'How the server stands.',
  everyMs: MINUTES * 60_000,
  fields: [
    { name: 'title', form: 'text', words: 'Echo Brain', usual: 'Name', sql: "'Echo Brain'" },
    { name: 'externalId', form: 'text', words: ID, usual: 'External ID', sql: `'${ID}'` },
    {
      name: 'status',
      form: 'choice',
      words: 'HEALTHY; DEGRADED with a warning, UNHEALTHY with a critical alert that is not over',
      usual: 'Status',
      sql: "case when s.critical then 'UNHEALTHY' when s.alerts is null then 'HEALTHY' else 'DEGRADED' end",
    },
    {
      name: 'asOf',
      form: 'instant',
      words: `as of when, in steps of ${MINUTES} minutes`,
      usual: 'As of',
      sql: instantText('s.at'),
    },
    { name: 'alerts', form: 'text', words: 'alerts that are not over', usual: 'Alerts', sql: 's.alerts' },
    { name: 'servers', form: 'number', words: 'servers on the database', usual: 'Servers', sql: 's.servers' },
    { name: 'waiting', form: 'number', words: 'tasks that wait', usual: 'Tasks waiting', sql: 's.waiting' },
    { name: 'running', form: 'number', words: 'tasks that run', usual: 'Tasks running', sql: 's.running' },
  ],
  from: `(select date_bin('${MINUTES} minutes', now(), timestamptz '2000-01-01') as at,
      (select string_agg(name, ', ' order by id) from echo_alerts where status <> 'RESOLVED') as alerts,
      exists (select from echo_alerts where status <> 'RESOLVED' and severity = 'CRITICAL') as critical,
      (select count(*) from echo_journals where stopped_at is null and given_up_at is null and seen_at > now() - interval '2 minutes') as servers,
      (select count(*) from autonomous_tasks where status = 'PENDING') as waiting,
      (select count(*) from autonomous_tasks where status = 'RUNNING') as running) s`,
  externalId: `'${ID}'`,
  place: '1',
  tenantId: `'${SERVER_TENANT}'`,
  userId: 'null::text',
  recent: 'true',
  over: 'false',
  byId: (id) => `${id} = '${ID}'`,
  held: null,
};
