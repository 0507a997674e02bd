import type { Duty } from '../../db/duty.ts';
import type { Ports } from '../../ground/ports.ts';
import type { Section } from '../../ground/section.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { ReceiptSigner } from './signing.ts';
import { Tombstones } from './tombstones.ts';

interface PrivacyParts {
  readonly tombstones: Tombstones;
  readonly signer: ReceiptSigner;
  readonly duties: readonly Duty[];
}

declare module '../../graphql/context.ts' {
  interface Services extends PrivacyParts {
    /** What an export is made of. */
    readonly sections: readonly Section<Services>[];
  }
}

interface PrivacyLists<Parts> {
  /** What every table owes. */
  readonly duties: readonly Duty[];
  readonly sections: readonly Section<Parts>[];
}

/** Whose turns may not come back, who signs that they are gone, and what an export is made of. */
export function openPrivacy<Parts>(
  { config, db, availability, keepers, duties, sections }: Ports & PrivacyLists<Parts>,
  closing: ClosingStack,
): PrivacyParts & PrivacyLists<Parts> {
  const tombstones = new Tombstones(db, availability, keepers);
  closing.defer(() => tombstones.stop());
  return { tombstones, signer: new ReceiptSigner(config.dataDirectory), duties, sections };
}
