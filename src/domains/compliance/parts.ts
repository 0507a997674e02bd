import type { Ports } from '../../ground/ports.ts';
import { ComplianceDesk } from './desk.ts';

interface ComplianceParts {
  readonly compliance: ComplianceDesk;
}

declare module '../../graphql/context.ts' {
  interface Services extends ComplianceParts {}
}

/** What is known of the latest compliance check. */
export function openCompliance({ db, secrets, now }: Pick<Ports, 'db' | 'secrets' | 'now'>): ComplianceParts {
  const hasOperatorKey = () => secrets.get('API_KEY') !== null;
  return { compliance: new ComplianceDesk(db, { hasOperatorKey, now }) };
}
