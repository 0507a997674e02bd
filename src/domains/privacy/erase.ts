import { randomUUID } from 'node:crypto';
import { and, desc, eq, isNull } from 'drizzle-orm';
import type pg from 'pg';
import type { Owner, Principal } from '../../access/principals.ts';
import { auditNames } from '../../access/tables.ts';
import type { Database } from '../../db/client.ts';
import { isPassing, judgeDatabaseError } from '../../db/meaning.ts';
import type { Journal } from '../../journal/journal.ts';
import type { VectorStore } from '../../vectors/vector-store.ts';
import { markDeleted } from '../conversations/marks.ts';
import { InvalidInput, ServiceUnavailable } from '../errors.ts';
import type { TurnStore } from '../interactions/store.ts';
import { subjectOf } from '../ownership.ts';
import type { TextAnalyses } from '../word-index/turns.ts';
import { clearFiles } from './files.ts';
import type { ReceiptSigner } from './signing.ts';
import { erasures as e } from './tables.ts';
import type { Tombstones } from './tombstones.ts';

export interface ErasureServices {
  readonly db: Database;
  readonly store: TurnStore;
  readonly journal: Journal;
  readonly vectors: VectorStore;
  readonly texts: TextAnalyses;
  readonly tombstones: Tombstones;
  readonly signer: ReceiptSigner;
  readonly characters: { changed(tenantId: string, userId: string | null): void };
  readonly access: {
    readonly apiKeys: { clear(): void };
    readonly audit: { flush(): Promise<void> };
  };
}

/** Proof of an erasure. */
export interface Erasure {
  readonly receipt: Readonly<Record<string, unknown>>;
  /** Over the receipt in canonical JSON (sorted keys), Ed25519, base64. */
  readonly signature: string;
  readonly publicKey: string;
}

type Counts = Record<string, number>;

/** Turns that one statement erases. */
const BATCH = 1_000;
const ATTEMPTS = 5;
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
  // What is being answered now is refused when it comes.
  await markDeleted(db.pool, owner, store.pending.idsOf(owner));
  await store.settle();
  const { vectorsLeft = 0, ...turns } = await eraseTurns(services, owner);
  const counts: Counts = { ...turns, ...(await retried(() => eraseRest(db, owner))) };
  counts.journalEntries = await services.journal.purge({ tenantId: owner.tenantId, userId: owner.userId });
  await purgeVectors(services.vectors);
  services.texts.clear();
  services.access.apiKeys.clear();
  services.characters.changed(owner.tenantId, owner.userId);
  const left = { ...(await countLeft(db, owner)), vectors: vectorsLeft };
  const kept = { marks: await countMarks(db, owner) };
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
    files: await clearFiles(db),
    // This version makes no backups; copies that an operator made are not known here.
    backups: [],
  };
  const signature = services.signer.sign(receipt);
  await db.orm
    .update(e)
    .set({ receipt, signature })
    .where(and(eq(e.receiptId, receiptId), eq(e.tenantId, owner.tenantId)));
  return { receipt, signature, publicKey: services.signer.publicKey };
}

async function completeErasure({ access, db }: ErasureServices, owner: Owner, receiptId: string) {
  const completedAt = new Date();
  // What was refused to them in the last second would bring their name back.
  await access.audit.flush();
  await db.ormTransaction(async (orm) => {
    await orm
      .update(e)
      .set({ completedAt })
      .where(and(eq(e.receiptId, receiptId), eq(e.tenantId, owner.tenantId)));
    // Last, as the erasure itself is told in the audit log: its rows stay, and say no name any more.
    await orm
      .delete(auditNames)
      .where(and(eq(auditNames.userId, owner.userId), eq(auditNames.tenantId, owner.tenantId)));
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

/**
 * Some turns at a time, their vectors first: a turn that is left still says which vector to remove, a vector without
 * its turn says nothing. Conversations go when their turns have gone.
 */
async function eraseTurns({ db, vectors }: ErasureServices, owner: Owner): Promise<Counts> {
  const counts = { conversations: 0, turns: 0, vectorsLeft: 0 };
  const values = [owner.userId, owner.tenantId];
  for (;;) {
    const { rows } = await db.pool.query<{ id: number; turnId: string }>({
      name: 'erase_next',
      text: `select id, turn_id as "turnId" from echo_unified_interactions
             where user_id = $1 and tenant_id = $2 order by timestamp, id limit ${BATCH}`,
      values,
    });
    if (rows.length === 0) break;
    const turnIds = rows.map(({ turnId }) => turnId);
    await available(() => vectors.remove(turnIds));
    await retried(() =>
      db.pool.query({
        name: 'erase_turns',
        text: `with gone as (
                 delete from echo_unified_interactions where id = any($3::int[]) and user_id = $1 and tenant_id = $2
                 returning turn_id
               )
               insert into echo_deleted_turns (turn_id, tenant_id, subject, is_erased)
               select turn_id, $2, $4::bytea, true from gone
               on conflict (turn_id, subject) do update set is_erased = true`,
        values: [...values, rows.map(({ id }) => id), subjectOf(owner)],
      }),
    );
    // The worker may have been at one of them.
    await available(() => vectors.remove(turnIds));
    counts.vectorsLeft += (await available(() => vectors.fetch(turnIds))).size;
    counts.turns += turnIds.length;
  }
  const gone = await retried(() =>
    db.transaction((client) =>
      client.query({
        name: 'erase_conversations',
        text: 'delete from echo_conversations where user_id = $1 and tenant_id = $2',
        values,
      }),
    ),
  );
  counts.conversations = gone.rowCount ?? 0;
  return counts;
}

/** Tries again what met another transaction. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isPassing(judgeDatabaseError(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS * attempt));
    }
  }
}

/** Everything else that has their name on it, in one transaction. */
async function eraseRest(db: Database, { userId, tenantId }: Owner): Promise<Counts> {
  return db.transaction(async (client) => {
    const erase = async (name: string, text: string, values: unknown[] = [userId, tenantId]) =>
      (await client.query({ name: `erase_${name}`, text, values })).rowCount ?? 0;
    const owned = 'where user_id = $1 and tenant_id = $2';
    // What they had deleted before was theirs, too; where it stood is nobody's business any more.
    await erase(
      'places',
      `update echo_deleted_turns set is_erased = true, conversation_id = null, sequence = null, chain_hash = null
       where subject = $1 and tenant_id = $2`,
      [subjectOf({ userId, tenantId }), tenantId],
    );
    const counts: Counts = {
      events: await erase('events', `delete from echo_events ${owned}`),
      apiKeys: await erase('api_keys', `delete from echo_api_keys ${owned}`),
      authenticators: await erase('authenticators', `delete from echo_authenticators ${owned}`),
      settings: await erase('settings', `delete from echo_user_settings ${owned}`),
      characters: await erase('characters', `delete from character_profiles ${owned}`),
    };
    // What they made for others stays; that it was they does not.
    await erase(
      'made_keys',
      "update echo_api_keys set created_by = '(erased)' where created_by = $1 and tenant_id = $2",
    );
    await erase(
      'made_credentials',
      "update echo_credentials set updated_by = '(erased)' where updated_by = $1 and tenant_id = $2",
    );
    await erase(
      'made_revocations',
      "update echo_revoked_tokens set revoked_by = '(erased)' where revoked_by = $1 and tenant_id = $2",
    );
    await erase('index_queue', `delete from echo_index_queue ${owned}`);
    await erase('index_removals', `delete from echo_index_removals ${owned}`);
    const index: pg.QueryResult<{ id: number }> = await client.query({
      name: 'erase_index_owner',
      text: `delete from echo_index_owners ${owned} returning owner_id as id`,
      values: [userId, tenantId],
    });
    const owners = [index.rows.map(({ id }) => id)];
    const indexed = 'where owner_id = any($1::int[])';
    await erase('index_documents', `delete from echo_index_documents ${indexed}`, owners);
    await erase('index_segments', `delete from echo_index_segments ${indexed}`, owners);
    counts.indexedTerms = await erase('index_postings', `delete from echo_index_postings ${indexed}`, owners);
    return counts;
  });
}

function purgeVectors(vectors: VectorStore): Promise<void> {
  return available(() => vectors.purge());
}

async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((error as Error).name !== 'VectorStoreUnavailable') throw error;
    throw new ServiceUnavailable('the vector store does not answer; ask again to finish the erasure');
  }
}

async function countMarks(db: Database, owner: Owner): Promise<number> {
  const { rows } = await db.pool.query<{ marks: number }>({
    name: 'erase_marks_kept',
    text: 'select count(*)::int as marks from echo_deleted_turns where subject = $1 and tenant_id = $2',
    values: [subjectOf(owner), owner.tenantId],
  });
  return rows[0]?.marks ?? 0;
}

/** What a look finds afterwards: all zero, unless the user went on while they were erased. */
async function countLeft(db: Database, { userId, tenantId }: Owner): Promise<Counts> {
  const tables = {
    conversations: 'echo_conversations',
    turns: 'echo_unified_interactions',
    events: 'echo_events',
    apiKeys: 'echo_api_keys',
    authenticators: 'echo_authenticators',
    settings: 'echo_user_settings',
    characters: 'character_profiles',
    index: 'echo_index_owners',
  };
  const counts = Object.entries(tables).map(
    ([name, table]) =>
      `(select count(*)::int from ${table} where user_id = $1 and tenant_id = $2) as "${name}"`,
  );
  const { rows } = await db.pool.query<Counts>({
    name: 'erase_left',
    text: `select ${counts.join(', ')}`,
    values: [userId, tenantId],
  });
  return rows[0] ?? {};
}
