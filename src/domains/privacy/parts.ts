import type { ClosingStack } from '../../jobs/ending.ts';
import type { Ground } from '../ground.ts';
import { ReceiptSigner } from './signing.ts';
import { Tombstones } from './tombstones.ts';

interface PrivacyParts {
  readonly tombstones: Tombstones;
  readonly signer: ReceiptSigner;
}

declare module '../../graphql/context.ts' {
  interface Services extends PrivacyParts {}
}

/** Whose turns may not come back, and who signs that they are gone. */
export function openPrivacy({ config, db, availability, log }: Ground, closing: ClosingStack): PrivacyParts {
  const tombstones = new Tombstones(db, availability, log);
  closing.defer(() => tombstones.stop());
  return { tombstones, signer: new ReceiptSigner(config.dataDirectory) };
}
