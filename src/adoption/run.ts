import { createHash } from 'node:crypto';
import type { Send } from '../import/operations.ts';
import type { ProgressSink } from '../import/progress.ts';
import { beginningOf } from '../texts.ts';
import { begin, CONVERSATIONS, nameOf, TURNS, turnsOfConversations } from './conversations.ts';
import { type Change, OlderRow, type RawRow } from './older-row.ts';
import { type Adoptable, CHARACTERS_TABLE, LATER_TABLES } from './others.ts';
import { Outbox, type Outcome } from './outbox.ts';
import { type OlderTable, type Source, SourceError } from './source.ts';
import { Checksum, type Found, lookAfter, lookBefore, type There } from './there.ts';
import type { AdoptedConversation, TurnOwner } from './turns.ts';

export interface AdoptionServices {
  readonly source: Source;
  /** Null: a dry run. */
  readonly send: Send | null;
  readonly progress: ProgressSink;
  /** Told of every value that could not be taken as it was. */
  readonly tellChange: (change: Change) => void;
  readonly tellRefused: (what: string, why: string) => void;
}

export interface AdoptionReport {
  /** Rows that were read, by table. */
  readonly read: ReadonlyMap<string, number>;
  /** What the server said of the lines; null: a dry run. */
  readonly outcome: Outcome | null;
  /** Rows that are the same as another one, in everything. */
  readonly repeated: number;
  /** Turns that were deleted here since an earlier adoption. */
  readonly deletedSince: number;
  /** Conversations that were put under another name, because one of theirs was there. */
  readonly renamed: ReadonlyMap<string, string>;
  /** Other tables of the older database, with their rows. */
  readonly ignored: ReadonlyMap<string, number>;
  readonly refused: number;
  readonly turns: { readonly sent: number; readonly found: number; readonly isSame: boolean } | null;
  /** By kind: lines that were sent and are not there. */
  readonly missing: ReadonlyMap<string, number>;
  readonly checksum: string;
}

const SUFFIX = ' (older)';
/** What every row of turns must have; without them it is another table of that name. */
const NEEDED = ['query'];
const TENANT = 'default';

/**
 * Copies an older database into the server: characters, conversations and turns, media, tasks. Reads in one snapshot,
 * writes nothing there; sends lines of an export, so that a second run passes over what is there.
 *
 * @param user whose the rows of the older service's user "default" become, and all rows that name none
 * @throws SourceError, ImportRefusedError, ImportConnectionError
 */
export async function adopt(user: string, services: AdoptionServices): Promise<AdoptionReport> {
  return new Adoption(user, services).run();
}

class Adoption {
  readonly #user: string;
  readonly #services: AdoptionServices;
  readonly #outbox: Outbox | null;
  readonly #there = new Map<string, There>();
  readonly #sums = new Map<string, Checksum>();
  /** By kind and user: the keys that were sent. */
  readonly #keys = new Map<string, Map<string, Set<string>>>();
  readonly #read = new Map<string, number>();
  readonly #renamed = new Map<string, string>();
  #rows = 0;
  #turns = 0;
  #repeated = 0;
  #deleted = 0;
  #refused = 0;

  constructor(user: string, services: AdoptionServices) {
    this.#user = user;
    this.#services = services;
    const tellRefused = (what: string, why: string) => {
      this.#refused++;
      services.tellRefused(what, why);
    };
    this.#outbox = services.send ? new Outbox(services.send, tellRefused) : null;
  }

  async run(): Promise<AdoptionReport> {
    const { source, progress } = this.#services;
    const tables = await source.tables();
    const adopted = this.#adoptedOf(tables);
    const ignored = new Map<string, number>();
    let total = 0;
    for (const name of tables.keys()) {
      const count = await source.count(name);
      if (adopted.has(name)) total += count;
      else ignored.set(name, count);
    }
    progress.start('adopting', total, () => ({ done: this.#rows, items: this.#turns }));
    try {
      await this.#rowsAlone(tables, CHARACTERS_TABLE);
      // What turns name is there before them.
      await this.#outbox?.flush();
      await this.#conversations(adopted);
      for (const each of LATER_TABLES) await this.#rowsAlone(tables, each);
      await this.#outbox?.flush();
    } finally {
      progress.stop();
    }
    return { ...(await this.#verify()), ...this.#counts(), ignored };
  }

  /** @throws SourceError if there is nothing to adopt, or something else under the name of a table */
  #adoptedOf(tables: ReadonlyMap<string, OlderTable>): ReadonlyMap<string, OlderTable> {
    const known = [TURNS, CONVERSATIONS, ...[CHARACTERS_TABLE, ...LATER_TABLES].map(({ table }) => table)];
    const adopted = new Map([...tables].filter(([name]) => known.includes(name)));
    if (adopted.size === 0) throw new SourceError(`the older database has none of ${known.join(', ')}`);
    const needs = new Map([CHARACTERS_TABLE, ...LATER_TABLES].map(({ table, needs: its }) => [table, its]));
    for (const { name, columns } of adopted.values()) {
      const missing = (needs.get(name) ?? (name === TURNS ? NEEDED : ['conversation_id'])).filter(
        (column) => !columns.has(column),
      );
      if (missing.length > 0)
        throw new SourceError(
          `${name} has no column ${missing.join(', ')}: it is another table of that name`,
        );
    }
    if (adopted.get(TURNS)?.columns.has('turn_id'))
      throw new SourceError(
        `${TURNS} has turn_id: this is a database of this product; use a backup or an export`,
      );
    return adopted;
  }

  readonly #ownerOf = (userId: unknown): TurnOwner => {
    const name = nameOf(userId, 'default');
    return { tenantId: TENANT, userId: name === 'default' ? this.#user : name };
  };

  readonly #tell = (change: Change): void => this.#services.tellChange(change);

  #count(table: string): void {
    this.#rows++;
    this.#read.set(table, (this.#read.get(table) ?? 0) + 1);
  }

  async #thereOf(userId: string): Promise<There> {
    const known = this.#there.get(userId);
    if (known) return known;
    const { send } = this.#services;
    const there = send ? await lookBefore(send, userId) : { foreign: new Set(), deleted: new Map() };
    this.#there.set(userId, there as There);
    return there as There;
  }

  async #conversations(tables: ReadonlyMap<string, OlderTable>): Promise<void> {
    let name: string | null = null;
    /** Of the conversation of this name, by user. */
    let begun = new Map<string, AdoptedConversation>();
    for await (const next of turnsOfConversations(this.#services.source, tables, this.#ownerOf)) {
      const { owner, conversationId } = next;
      if (conversationId !== name) begun = new Map();
      name = conversationId;
      const raw = 'conversation' in next ? next.conversation : null;
      if (raw) this.#count(CONVERSATIONS);
      let conversation = begun.get(owner.userId);
      if (!conversation) {
        conversation = await this.#begin(owner, conversationId, raw);
        begun.set(owner.userId, conversation);
      } else if (raw) {
        this.#repeated++;
      }
      if ('row' in next) await this.#turn(conversation, next.row);
    }
  }

  async #begin(owner: TurnOwner, name: string, raw: RawRow | null): Promise<AdoptedConversation> {
    const { foreign } = await this.#thereOf(owner.userId);
    const isForeign = foreign.has(name);
    const conversationId = isForeign
      ? nameOf(`${beginningOf(name, 100 - SUFFIX.length)}${SUFFIX}`, name)
      : name;
    if (isForeign) this.#renamed.set(name, conversationId);
    const { line, conversation } = begin(owner, conversationId, raw, this.#tell);
    const group = groupOf(conversation);
    await this.#outbox?.add(owner.userId, {
      ...{ line: JSON.stringify(line), group, what: `the conversation "${conversationId}"` },
    });
    if (!this.#sums.has(owner.userId)) this.#sums.set(owner.userId, new Checksum());
    return conversation;
  }

  async #turn(conversation: AdoptedConversation, raw: RawRow): Promise<void> {
    this.#count(TURNS);
    const row = new OlderRow(TURNS, raw, contentOf(raw), this.#tell);
    for (const column of ['conversation_id', 'user_id']) row.raw(column);
    const turn = conversation.next(row);
    if (!turn) {
      this.#repeated++;
      return;
    }
    this.#turns++;
    const { owner, conversationId } = conversation;
    const { deleted } = await this.#thereOf(owner.userId);
    const deletedAt = deleted.get(turn.turnId);
    const { turnId, sequence, chainHash } = turn;
    const line = deletedAt
      ? { kind: 'deleted', conversationId, turnId, sequence, chainHash, deletedAt }
      : turn;
    if (deletedAt) this.#deleted++;
    else this.#sums.get(owner.userId)?.add(turn);
    await this.#outbox?.add(owner.userId, {
      ...{ line: JSON.stringify(line), group: groupOf(conversation) },
      what: `the turn ${row.id} of the conversation "${conversationId}"`,
    });
  }

  /** Rows of a table that stand alone. */
  async #rowsAlone(tables: ReadonlyMap<string, OlderTable>, adoptable: Adoptable): Promise<void> {
    const table = tables.get(adoptable.table);
    if (!table) return;
    for await (const raw of this.#services.source.rows(table, { names: [], columns: ['id'] })) {
      this.#count(table.name);
      const row = new OlderRow(table.name, raw, contentOf(raw), this.#tell);
      const owner = this.#ownerOf(row.raw('user_id'));
      const keys = this.#keysOf(adoptable.kind, owner.userId);
      const { line, key } = adoptable.adopt(row, owner, keys);
      if (keys.has(key)) this.#repeated++;
      keys.add(key);
      const what = `the row ${row.id} of ${table.name}`;
      await this.#outbox?.add(owner.userId, { line: JSON.stringify(line), group: null, what });
    }
  }

  #keysOf(kind: string, userId: string): Set<string> {
    const byUser = this.#keys.get(kind) ?? new Map<string, Set<string>>();
    this.#keys.set(kind, byUser);
    const keys = byUser.get(userId) ?? new Set();
    byUser.set(userId, keys);
    return keys;
  }

  get #users(): string[] {
    const alone = [...this.#keys.values()].flatMap((byUser) => [...byUser.keys()]);
    return [...new Set([...this.#sums.keys(), ...alone])].sort();
  }

  #counts() {
    return {
      ...{ read: this.#read, outcome: this.#outbox?.outcome ?? null, repeated: this.#repeated },
      ...{ deletedSince: this.#deleted, renamed: this.#renamed, refused: this.#refused },
    };
  }

  /** Reads everything back, and compares. */
  async #verify(): Promise<Pick<AdoptionReport, 'turns' | 'missing' | 'checksum'>> {
    const sent = [...this.#sums.values()].reduce((sum, { count }) => sum + count, 0);
    const checksum = createHash('sha256').update(
      [...this.#sums]
        .map(([user, sum]) => `${user}\n${sum.value}\n`)
        .sort()
        .join(''),
    );
    const report = { checksum: checksum.digest('hex'), missing: new Map<string, number>() };
    const { send } = this.#services;
    if (!send) return { ...report, turns: null };
    const fields = new Map([CHARACTERS_TABLE, ...LATER_TABLES].map(({ kind, keyField }) => [kind, keyField]));
    let found = 0;
    let isSame = true;
    for (const userId of this.#users) {
      const sum = this.#sums.get(userId) ?? new Checksum();
      const after = await lookAfter(send, userId, sum, fields);
      found += after.turns;
      if (after.turns !== sum.count || after.checksum !== sum.value) isSame = false;
      this.#noteMissing(userId, after, report.missing);
    }
    return { ...report, turns: { sent, found, isSame } };
  }

  #noteMissing(userId: string, after: Found, missing: Map<string, number>): void {
    for (const [kind, byUser] of this.#keys)
      for (const key of byUser.get(userId) ?? [])
        if (!after.keys.get(kind)?.has(key)) missing.set(kind, (missing.get(kind) ?? 0) + 1);
  }
}

function groupOf({ owner, conversationId }: AdoptedConversation): string {
  return JSON.stringify([owner.userId, conversationId]);
}

/** Names a row that has no id: by what it says, so that it is the same each time. */
function contentOf(raw: RawRow): string {
  return createHash('sha256').update(JSON.stringify(raw)).digest('hex').slice(0, 16);
}
