import { z } from 'zod';

/**
 * What is kept of an erasure beside the backups, which may be all that is left one day: by it, who was erased after a backup does
 * not come back with it. It says no name.
 */
export const ErasureMark = z.object({
  receiptId: z.uuid(),
  tenantId: z.string(),
  /** SHA-256 of tenant and user, hexadecimal. */
  subject: z.string().regex(/^[0-9a-f]{64}$/),
  erasedAt: z.iso.datetime(),
  leftMarks: z.boolean(),
  /** Null: it is under way. */
  completed: z
    .object({
      at: z.iso.datetime(),
      receipt: z.record(z.string(), z.json()),
      signature: z.string(),
    })
    .nullable(),
});
export type ErasureMark = z.output<typeof ErasureMark>;

/** Keeps marks of erasures where the backups are, and knows which of them still hold what was erased. */
export interface ErasureMarks {
  /** @throws ServiceUnavailable */
  noteErasure(mark: ErasureMark): Promise<void>;
  /** Ids of the backups that were made until an instant, newest first. @throws ServiceUnavailable */
  backupsUntil(at: Date): Promise<readonly string[]>;
}
