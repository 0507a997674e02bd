import { defineJob } from '../../jobs/job.ts';
import { taskPage } from '../tasks/reads.ts';
import {
  changesSince,
  type EvaluationReport,
  type EvaluationServices,
  evaluate,
  GoldenSet,
} from './evaluate.ts';

const EVALUATE = 'evaluate_memory';
/** Evaluations that are looked through for an earlier one of the same questions. */
const LOOKED_BACK = 100;

/** Asks the questions of a golden set and keeps what came out. Made by `evaluateMemory` alone, which looks at the turns. */
export const evaluateMemory = defineJob({
  name: EVALUATE,
  description: 'Asks your memory questions whose answers are known, and counts how much of them is found.',
  payload: GoldenSet,
  priority: 'LOW',
  mayCreate: 'SERVER',
  isForOwner: true,
  timeoutSeconds: 3_600,
  run: async (services: EvaluationServices, set, task): Promise<object> => {
    const { tenantId, userId } = task.owner;
    if (userId === null) throw new Error('nobody is named whose memory is asked');
    const report = await evaluate(services, { tenantId, userId }, set, task);
    const scope = { tenantId, userId, system: false };
    const conditions = { type: EVALUATE, status: 'COMPLETED' as const, system: false };
    const page = { after: null, before: null, inverted: false, limit: LOOKED_BACK };
    const earlier = (await taskPage(services.db, scope, conditions, page)).find(
      ({ result }) => (result as EvaluationReport | null)?.setHash === report.setHash,
    );
    const before = earlier?.result as EvaluationReport | undefined;
    return {
      ...report,
      before:
        earlier && before
          ? {
              taskId: earlier.taskId,
              configurationHash: before.configuration.hash,
              changes: changesSince(report, before),
            }
          : null,
    };
  },
});
