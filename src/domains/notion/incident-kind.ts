import { SERVER_TENANT } from '../../events/event.ts';
import { instantText, type MirroredKind } from './kind.ts';

/** Alerts that are looked at, the newest ones. */
const NEWEST = 1_000;

/** Incidents: one page an alert. Who acknowledged it stays here. */
export const incidents: MirroredKind = {
  name: 'incidents',
  words: 'An alert.',
  everyMs: 5_000,
  fields: [
    { name: 'title', form: 'text', words: 'its name', usual: 'Name', sql: 'a.name' },
    { name: 'externalId', form: 'text', words: 'its id', usual: 'External ID', sql: 'a.alert_id' },
    { name: 'severity', form: 'choice', words: 'WARNING or CRITICAL', usual: 'Severity', sql: 'a.severity' },
    {
      name: 'status',
      form: 'choice',
      words: 'OPEN, ACKNOWLEDGED, SNOOZED or RESOLVED',
      usual: 'Status',
      sql: 'a.status',
    },
    {
      name: 'raised',
      form: 'instant',
      words: 'when it began',
      usual: 'Raised',
      sql: instantText('a.raised_at'),
    },
    {
      name: 'resolved',
      form: 'instant',
      words: 'when it was over',
      usual: 'Resolved',
      sql: instantText('a.resolved_at'),
    },
    { name: 'runbook', form: 'text', words: 'where it says what to do', usual: 'Runbook', sql: 'a.runbook' },
    {
      name: 'message',
      form: 'text',
      words: 'its message, which may name hosts',
      usual: null,
      sql: 'a.message',
    },
  ],
  from: 'echo_alerts a',
  externalId: 'a.alert_id::text',
  place: 'a.id',
  tenantId: `'${SERVER_TENANT}'`,
  userId: 'null::text',
  recent: `a.id > coalesce((select max(n.id) from echo_alerts n), 0) - ${NEWEST}`,
  over: "a.status = 'RESOLVED'",
  byId: (id) => `a.alert_id::text = ${id}`,
  held: null,
};
