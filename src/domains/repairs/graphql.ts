import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { AutonomousTaskRef, loadTask } from '../tasks/graphql.ts';
import { repairPage } from './reads.ts';
import type { RepairOutcome, RepairRow, RepairType } from './tables.ts';

const RepairTypeEnum = builder.enumType('RepairType', {
  description: 'What is done to the machine.',
  values: {
    SERVICE_RESTART: { value: 'service_restart', description: 'A unit of systemd is restarted.' },
    DISK_CLEANUP: { value: 'disk_cleanup', description: 'Old files of a folder are deleted.' },
    LOG_ROTATION: { value: 'log_rotation', description: 'What a log file holds is moved to another one.' },
    PROCESS_KILL: { value: 'process_kill', description: 'Processes are ended.' },
  } satisfies Record<Uppercase<RepairType>, { value: RepairType; description: string }>,
});

const RepairOutcomeEnum = builder.enumType('RepairOutcome', {
  description: 'What came of a repair.',
  values: {
    STARTED: { description: 'It is under way, or nobody has come back from it yet.' },
    SUCCEEDED: { description: 'Done; of a dry run: seen what would be done.' },
    FAILED: { description: 'It did not, or not wholly, come to what it was for.' },
    REFUSED: { description: 'Nothing was done.' },
    UNKNOWN: { description: 'It was begun, and whether it was done nobody knows; it was not repeated.' },
  } satisfies Record<RepairOutcome, { description: string }>,
});

const RepairActionRef = builder.objectRef<RepairRow>('RepairAction').implement({
  description: 'A repair of the machine, a dry run of one, or one that was refused.',
  fields: (t) => ({
    actionId: t.exposeID('actionId', { description: 'Names it; the audit log and `activity` use it, too.' }),
    type: t.field({
      type: RepairTypeEnum,
      description: 'What is done.',
      resolve: ({ actionType }) => actionType,
    }),
    target: t.exposeString('target', { description: 'To what, as it was asked for.' }),
    dryRun: t.exposeBoolean('dryRun', { description: 'Whether it was only to be seen what would be done.' }),
    outcome: t.field({
      type: RepairOutcomeEnum,
      description: 'What came of it.',
      resolve: ({ outcome }) => outcome,
    }),
    success: t.exposeBoolean('success', {
      nullable: true,
      description: 'Whether it was done; null: it is under way, or unknown.',
    }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'Why it failed, was refused or is unknown; null: it was done, or is under way.',
    }),
    before: t.expose('beforeMetrics', {
      type: 'JSON',
      nullable: true,
      description:
        'Figures from before it, by name, in a form of its type; null: it was refused. A figure that is unknown is null.',
    }),
    after: t.expose('afterMetrics', {
      type: 'JSON',
      nullable: true,
      description: 'Figures from after it; null: nothing was done, or they are unknown.',
    }),
    requestedBy: t.exposeString('requestedBy', {
      description: 'The admin who asked for it; of an erased one a pseudonym.',
    }),
    host: t.exposeString('host', { description: 'Name of the machine.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it was begun, or refused.' }),
    endedAt: t.expose('endedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null: it is under way.',
    }),
    task: t.field({
      type: AutonomousTaskRef,
      nullable: true,
      description: 'The task that it is a part of; null: it was deleted.',
      resolve: ({ taskId }, _args, context) => loadTask(context, taskId),
    }),
  }),
});

const RepairActionConnection = builder.connectionObject(
  { type: RepairActionRef, name: 'RepairActionConnection' },
  { name: 'RepairActionEdge' },
);

const newest = numberCursor<RepairRow>(({ id }) => id);

builder.queryField('repairActions', (t) =>
  t.connection(
    {
      type: RepairActionRef,
      description:
        'What was repaired for the tenant, tried out or refused, newest first. For admins. Repairs are tasks of the types `repair_…`, which there are where the operator has set REPAIR.',
      authScopes: { permission: 'ADMIN' },
      resolve: (_root, args, { services, principal }) => {
        requireAdmin(principal);
        return connect(args, newest, (page) => repairPage(services.db, principal.tenantId, page));
      },
    },
    RepairActionConnection,
  ),
);
