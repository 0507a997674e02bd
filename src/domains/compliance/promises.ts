import type { Availability } from '../../db/availability.ts';
import { type Asker, type Bound, defineAlert, definePromise, type Standing } from '../../ground/promise.ts';
import type { ComplianceDesk } from './desk.ts';

interface Parts {
  readonly availability: Availability;
  readonly compliance: ComplianceDesk;
}

const DAY_SECONDS = 86_400;
const AGE: Bound = { of: 'time since the latest check', limit: 8 * DAY_SECONDS, unit: 'seconds' };

const complianceFindings = defineAlert<string>({
  name: 'compliance_findings',
  severity: 'CRITICAL',
  words:
    'Something that the server owes is not done, or was tampered with; or nobody has looked for too long.',
  message: (detail) => detail,
});

export const compliance = definePromise<Parts>({
  name: 'compliance',
  words: 'The audit log and the chains of turns are whole, and what is to be erased or to go is gone.',
  bounds: [AGE],
  check: checkFindings,
  alert: complianceFindings,
});

async function checkFindings(
  { availability, compliance: desk }: Parts,
  asker: Asker,
): Promise<Standing | null> {
  const latest = await availability.tolerate(() => desk.latest(asker), null);
  // A server that has not been there for a week yet has nothing to say.
  if (!latest) return null;
  const { findings } = latest.report;
  const isOld = Date.now() - latest.at.getTime() > AGE.limit * 1_000;
  const problems = [...findings, ...(isOld ? ['the latest check is too long ago'] : [])];
  const detail = `${latest.at.toISOString()}: ${problems.join('; ') || 'nothing was found'}`;
  return {
    status: problems.length > 0 ? 'DEGRADED' : 'HEALTHY',
    latencyMs: null,
    detail,
    ...(findings.length > 0 && { plainDetail: `${latest.at.toISOString()}: ${findings.length} findings` }),
  };
}
