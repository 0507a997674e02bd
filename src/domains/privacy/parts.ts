import type { Duty } from '../../db/duty.ts';
import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { ReceiptSigner } from './signing.ts';
import { Tombstones } from './tombstones.ts';

interface PrivacyParts {
  readonly tombstones: Tombstones;
  readonly signer: ReceiptSigner;
  readonly duties: readonly Duty[];
}

declare module '../../graphql/context.ts' {
  interface Services extends PrivacyParts {}
}

/** Whose turns may not come back, and who signs that they are gone. @param ports.duties of every table */
export function openPrivacy(
  { config, db, availability, keepers, duties }: Ports & { duties: readonly Duty[] },
  closing: ClosingStack,
): PrivacyParts {
  const tombstones = new Tombstones(db, availability, keepers);
  closing.defer(() => tombstones.stop());
  return { tombstones, signer: new ReceiptSigner(config.dataDirectory), duties };
}
