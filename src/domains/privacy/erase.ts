import { randomUUID } from 'node:crypto';
import { and, desc, eq, isNull } from 'drizzle-orm';
import type { Owner, Principal } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';
import { type Counts, countLeft, eraseRows } from '../../db/erasure.ts';
import { retried } from '../../db/retried.ts';
import { InvalidInput, ServiceUnavailable } from '../../errors.ts';
import type { ActivityNotes } from '../../ground/activity.ts';
import { subjectOf } from '../../ground/ownership.ts';
import type { Journal } from '../../journal/journal.ts';
import type { VectorStore } from '../../vectors/vector-store.ts';
import { countMarks, markDeleted } from '../conversations/marks.ts';
import { answered } from '../interactions/erased.ts';
import type { TurnStore } from '../interactions/store.ts';
import { takeAllAway } from '../tasks/stopping.ts';
import type { TextAnalyses } from '../word-index/text-analyses.ts';
import { ERASERS, LAST_ERASERS } from './erasers.ts';
import { clearFiles } from './files.ts';
import type { ErasureMark, ErasureMarks } from './marks.ts';
import type { ReceiptSigner } from './signing.ts';
import { erasures as e } from './tables.ts';
import type { Tombstones } from './tombstones.ts';

export interface ErasureServices {
  readonly db: Database;
  readonly store: TurnStore;
  readonly journal: Journal;
  readonly vectors: VectorStore;
  readonly config: Pick<Config, 'dataDirectory'>;
  readonly texts: TextAnalyses;
  readonly tombstones: Tombstones;
  readonly signer: ReceiptSigner;
  /** What every table owes. */
  readonly duties: readonly Duty[];
  readonly characters: { changed(tenantId: string, userId: string | null): void };
  readonly access: { readonly apiKeys: { clear(): void } };
  readonly audit: { flush(): Promise<void> };
  readonly activity: ActivityNotes & { forget(owner: Owner): void };
  readonly backups: ErasureMarks;
}

/** Proof of an erasure. */
export interface Erasure {
  readonly receipt: Readonly<Record<string, unknown>>;
  /** Over the receipt in canonical JSON (sorted keys), Ed25519, base64. */
  readonly signature: string;
  readonly publicKey: string;
}

/** Milliseconds that turns on their way get to arrive. */
const ARRIVAL_MS = 20_000;
const LOOK_MS = 50;

/**
 * Erases everything of a user: turns, conversations, own characters, events, the word index, vectors, API keys, what the journal
 * still holds; and keeps a note, without a name, that older turns must not come back. What was cut off goes on when
 * it is asked for again.
 *
 * @param confirmed the user id once more
 * @throws InvalidInput, ServiceUnavailable (turns of the user wait for the database, or the vector store is away)
 */
export async function eraseUser(
  services: ErasureServices,
  by: Principal,
  owner: Owner,
  confirmed: string,
): Promise<Erasure> {
  if (confirmed !== owner.userId) throw new InvalidInput('confirm', 'must be the id of the user once more');
  const { db, store, tombstones } = services;
  await untilArrived(store, owner);
  const { receiptId, erasedAt, leftMarks } = await beginErasure(db, owner);
  tombstones.note(owner, erasedAt, leftMarks);
  const mark: ErasureMark = {
    ...{ receiptId, tenantId: owner.tenantId, subject: subjectOf(owner).toString('hex') },
    ...{ erasedAt: erasedAt.toISOString(), leftMarks, completed: null },
  };
  // Where the backups are, since the database may be what is lost one day.
  await services.backups.noteErasure(mark);
  // What is being answered now is refused when it comes.
  await markDeleted(db.pool, owner, store.pending.idsOf(owner));
  await store.settle((turn) => turn.tenantId === owner.tenantId && turn.userId === owner.userId);
  // What a task of theirs stores behind a table that was erased already would stay.
  await retried(() => db.transaction((client) => takeAllAway(client, owner)));
  const counts: Counts = {};
  const leftBeside: Counts = {};
  for (const erase of Object.values(ERASERS)) {
    const { erased, left } = await erase(services, owner);
    Object.assign(counts, erased);
    Object.assign(leftBeside, left);
  }
  services.activity.forget(owner);
  const rest = await retried(() => db.transaction((client) => eraseRows(client, owner, services.duties)));
  Object.assign(counts, rest.counts);
  counts.journalEntries = await services.journal.purge({ tenantId: owner.tenantId, userId: owner.userId });
  await answered(() => services.vectors.purge());
  services.texts.clear();
  services.access.apiKeys.clear();
  services.characters.changed(owner.tenantId, owner.userId);
  const left = { ...(await countLeft(db.pool, owner, rest.keys, services.duties)), ...leftBeside };
  const kept = { marks: await countMarks(db.pool, owner) };
  const completedAt = await completeErasure(services, owner, receiptId);
  const receipt = {
    receiptId,
    tenantId: owner.tenantId,
    subject: subjectOf(owner).toString('hex'),
    erasedAt: erasedAt.toISOString(),
    completedAt: completedAt.toISOString(),
    erasedBy: by.userId === owner.userId ? 'the user' : by.userId,
    erased: counts,
    left,
    // By which turns are known again that an old copy brings; they hold an id and a hash of whose it was.
    kept,
    // Last, when nothing is left that would bring their words into the files again.
    files: await clearFiles(db, services.duties),
    // They hold what was erased until they go; one that is restored loses it again. Copies that an operator made are not known here.
    backups: await services.backups.backupsUntil(completedAt),
  };
  const signature = services.signer.sign(receipt);
  await db.orm
    .update(e)
    .set({ receipt, signature })
    .where(and(eq(e.receiptId, receiptId), eq(e.tenantId, owner.tenantId)));
  await services.backups.noteErasure({
    ...mark,
    completed: { at: completedAt.toISOString(), receipt: JSON.parse(JSON.stringify(receipt)), signature },
  });
  services.activity.note({
    kind: 'user_erased',
    subject: receiptId,
    message: 'everything of a user was erased; the subject is the number of the receipt',
    level: 'INFO',
    // They themselves are nobody any more.
    owner: { tenantId: owner.tenantId, userId: null },
  });
  return { receipt, signature, publicKey: services.signer.publicKey };
}

async function completeErasure({ audit, db }: ErasureServices, owner: Owner, receiptId: string) {
  const completedAt = new Date();
  // What was refused to them in the last second would bring their name back.
  await audit.flush();
  await db.transaction(async (client) => {
    await client.query({
      name: 'complete_erasure',
      text: 'update echo_erasures set completed_at = $3 where receipt_id = $1 and tenant_id = $2',
      values: [receiptId, owner.tenantId, completedAt],
    });
    for (const erase of Object.values(LAST_ERASERS)) await erase(client, owner);
  });
  return completedAt;
}

/** What is acknowledged and not yet in the database would come back after the erasure. */
async function untilArrived(store: TurnStore, owner: Owner): Promise<void> {
  const deadline = Date.now() + ARRIVAL_MS;
  while (store.pending.ofUser(owner).length > 0) {
    if (Date.now() > deadline)
      throw new ServiceUnavailable('turns of this user still wait for the database; try again later');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** The note that it is under way; that of an erasure that was cut off before its receipt is taken up. */
async function beginErasure(db: Database, owner: Owner) {
  const subject = subjectOf(owner);
  const [open] = await db.orm
    .select()
    .from(e)
    .where(and(eq(e.subject, subject), eq(e.tenantId, owner.tenantId), isNull(e.receipt)))
    .orderBy(desc(e.id))
    .limit(1);
  const begun = {
    receiptId: open?.receiptId ?? randomUUID(),
    erasedAt: new Date(),
    // One that an older version began may have erased turns without a mark.
    leftMarks: open?.leftMarks ?? true,
  };
  if (open) await db.orm.update(e).set({ erasedAt: begun.erasedAt }).where(eq(e.id, open.id));
  else
    await db.ormTransaction((orm) => orm.insert(e).values({ ...begun, tenantId: owner.tenantId, subject }));
  return begun;
}
