import type { Ports } from '../../ground/ports.ts';
import { ComplianceDesk } from './desk.ts';

interface ComplianceParts {
  readonly compliance: ComplianceDesk;
}

declare module '../../graphql/context.ts' {
  interface Services extends ComplianceParts {}
}

/** What is known of the latest compliance check. */
export function openCompliance({ db }: Pick<Ports, 'db'>): ComplianceParts {
  return { compliance: new ComplianceDesk(db) };
}
