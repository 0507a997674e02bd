import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Database } from '../../db/client.ts';
import { verifyChain } from '../audit/chain.ts';
import { allConversations } from '../conversations/reads.ts';
import { verifyConversation } from '../interactions/verify.ts';
import type { BackupKeys } from './encryption.ts';
import { BackupDamaged, BackupRefused } from './errors.ts';
import { finishLoading, type Loaded, loadBackup } from './loading.ts';
import { type ScratchParts, withScratch } from './scratch.ts';
import { atOneInstant } from './snapshot.ts';
import { chained, chainsOf, observed } from './writing.ts';

export interface VerifyOptions {
  readonly keys: BackupKeys;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number | null, note: string) => void;
  /** Of the file; null: nobody knows. */
  readonly bytes: number | null;
  /** Of the whole file. */
  readonly sha256: string;
  /** Seals of the audit log that are older may have lost their rows. */
  readonly auditRetentionDays: number;
}

/** What a verification looked at. */
export interface Verified {
  readonly rows: number;
  readonly conversations: number;
  readonly seals: number;
  /** Conversations and seals that do not fit their chain. They were so before: the bytes are those that were backed up. */
  readonly damagedChains: number;
}

/** Conversations between two looks at whether anybody still wants to know. */
const CHAINS_BETWEEN = 50;

/**
 * Restores a backup into a database of its own, and compares what came out: rows and bytes of each table, heads of the
 * chains, and each chain with the turns that it is over.
 *
 * @throws BackupDamaged where something is not as it was written; BackupRefused where it cannot be read here
 */
export async function verifyRestored(
  parts: ScratchParts,
  file: () => Promise<Readable>,
  { keys, signal, progress, bytes, sha256, auditRetentionDays }: VerifyOptions,
): Promise<Verified> {
  const altered = () => new BackupDamaged('its bytes are not those that were written');
  try {
    return await withScratch(parts, async (db) => {
      const seen = observed();
      let read = 0;
      const loaded = await loadBackup(chained(await file(), seen.stream), db, {
        ...{ keys, signal, journal: async () => undefined, file: async () => undefined },
        loaded: async () => undefined,
        progress: (more, note) => {
          read += more;
          progress(read, bytes, `restoring ${note}`);
        },
      });
      if (seen.result().sha256 !== sha256) throw altered();
      const rows = await compareTables(db, loaded, signal, (note) => progress(read, bytes, note));
      // Chains are read as this version reads them.
      await finishLoading(db);
      const chains = await checkChains(db, auditRetentionDays, signal, (note) => progress(read, bytes, note));
      return { rows, ...chains };
    });
  } catch (error) {
    // What was altered may look like something that another key, or a newer version, would read.
    if (error instanceof BackupRefused && (await hashOf(await file(), signal)) !== sha256) throw altered();
    throw error;
  }
}

async function hashOf(file: Readable, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of file) {
    signal.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

/**
 * Compares rows and bytes of each table, and the heads of the chains, with what was written.
 *
 * @returns how many rows there are
 * @throws BackupDamaged
 */
export async function compareTables(
  db: Database,
  { header, manifest }: Loaded,
  signal: AbortSignal,
  told: (note: string) => void,
): Promise<number> {
  return atOneInstant(db, async (snapshot) => {
    let rows = 0;
    for (const table of header.tables) {
      signal.throwIfAborted();
      told(`comparing ${table.name}`);
      // The queue of a word index that was left out is made by the load.
      const written = manifest.tables.find(({ name }) => name === table.name);
      const stream = snapshot.rows(table);
      const hash = createHash('sha256');
      for await (const chunk of stream) hash.update(chunk as Buffer);
      if (stream.rowCount !== written?.rows || hash.digest('hex') !== written.sha256)
        throw new BackupDamaged(
          `restored, the table ${table.name} is another: ${stream.rowCount} rows instead of ${written?.rows}, or other bytes`,
        );
      rows += stream.rowCount;
    }
    if (JSON.stringify(await chainsOf(snapshot)) !== JSON.stringify(manifest.chains))
      throw new BackupDamaged('restored, the heads of the chains are others');
    return rows;
  });
}

async function checkChains(
  db: Database,
  retentionDays: number,
  signal: AbortSignal,
  told: (note: string) => void,
): Promise<Omit<Verified, 'rows'>> {
  let [conversations, damagedChains] = [0, 0];
  for await (const { conversationId, ...owner } of allConversations(db)) {
    if (conversations++ % CHAINS_BETWEEN === 0) {
      signal.throwIfAborted();
      told(`chains of ${conversations} conversations`);
    }
    const { problems } = await verifyConversation(db, owner, conversationId);
    if (problems.length > 0) damagedChains++;
  }
  const { seals, broken } = await verifyChain(db, { retentionDays, headPath: null });
  return { conversations, seals, damagedChains: damagedChains + broken.length };
}
