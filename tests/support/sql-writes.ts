import { globSync, readFileSync } from 'node:fs';
import { posix, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** Statements that write a table of another folder than their own, and why that is right. */
export const FOREIGN_WRITES: Readonly<Record<string, string>> = {
  // A turn is stored in one transaction with all that it changes, and in few round trips: each costs on the hot path.
  lock_conversations: 'a turn makes its conversation, and takes its lock by that',
  insert_turns: 'a turn and the event that tells of it are one statement',
  update_conversations: 'a turn moves its conversation on, under the lock that it has',
  update_conversations_and_mentions: 'the same, and what `count_mentions` does, in one round trip',
  count_mentions: 'a turn counts in the characters that it mentions, in its transaction',
  complete_turn: 'an answer goes into the index, and is told of, by the statement that stores it',
  note_late_intent: 'an answer tells its conversation what was meant, under the lock that it has',
  // A conversation and its turns go together, under the lock of the conversation.
  delete_turn:
    'a turn that goes leaves its mark in the same statement, or its retry would pass between the two',
  update_conversation_without_turn:
    'a turn that goes changes what its conversation says, under the lock that it has',
  update_context_without_turn:
    'a turn that goes changes what its conversation says, under the lock that it has',
  delete_conversation_turns: 'a conversation goes with its turns',
  // States of vectors are columns of turns, so that a turn comes with its place in the queue.
  finish_vectors: 'the worker says what became of them',
  fail_vectors: 'the worker says that they failed',
  requeue_vectors: 'turns whose vectors are missing are queued again',
  // So is whether facts were learned from a turn.
  lease_learning: 'a task takes turns that it learns from',
  release_learning: 'it gives turns back',
  finish_learning: 'it says that it has learned from them, in the transaction that stores the facts',
  cleanup_delete: 'conversations go with their turns, many in one statement',
};

export interface Source {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly source: string;
}

/** All sources of the server. */
export function sourcesOfServer(): Source[] {
  return sourcesIn('src');
}

/** Sources of the domain that tests plant. */
export function sourcesOfPlanted(): Source[] {
  return sourcesIn('tests/support/planted');
}

function sourcesIn(folder: string): Source[] {
  return globSync(`${folder}/**/*.ts`, { cwd: root }).map((path) => ({
    path: path.replaceAll('\\', '/'),
    source: readFileSync(resolve(root, path), 'utf8'),
  }));
}

/** Files that act on the tables of all domains, by what these say in their duties. */
const BY_DUTIES = ['src/db/erasure.ts', 'src/db/retention.ts'];

/** Tells of SQL that writes tables of another folder: the house's back door. */
export class SqlWrites {
  /** Folder of each table. */
  readonly #folders = new Map<string, string>();
  /** How the statements of a file are named. */
  readonly #names: { readonly path: string; readonly pattern: RegExp }[] = [];
  readonly #exceptions: Readonly<Record<string, string>>;
  readonly #sources: readonly Source[];
  readonly #judged = new Map<string, string | null>();

  constructor(sources: readonly Source[], exceptions = FOREIGN_WRITES) {
    this.#sources = sources;
    this.#exceptions = exceptions;
    for (const { path, source } of sources) {
      for (const [, table = ''] of source.matchAll(/\bpgTable\(\s*'(\w+)'/g))
        this.#folders.set(table, posix.dirname(path));
      for (const [, , name = ''] of source.matchAll(/(?:\bname: |\.prepare\(\s*)(['`])([^'`]+)\1/g))
        this.#names.push({ path, pattern: patternOf(name) });
    }
  }

  /** What is wrong with a statement that was sent; null if nothing is. */
  judge(name: string, text: string): string | null {
    const known = this.#judged.get(`${name} ${text}`);
    if (known !== undefined) return known;
    const problem = this.#problemOf(name, text);
    this.#judged.set(`${name} ${text}`, problem);
    return problem;
  }

  #problemOf(name: string, text: string): string | null {
    const written = writtenIn(text).filter((table) => this.#folders.has(table));
    if (written.length === 0 || name in this.#exceptions) return null;
    // Drizzle made it: which table is given to it stands in the sources; see `ormWrites`.
    if (/^(insert into|update|delete from) "/.test(text) && text.startsWith(name)) return null;
    // The limiter, which is a library, names its statements by the table that access gave to it.
    if (written.every((table) => name.startsWith(`${table}:rlflx-`))) return null;
    const senders = this.#sendersOf(name, text);
    if (senders.size === 0)
      return `"${name}" writes ${written.join(', ')}, and nobody knows whose it is: name it`;
    const foreign = written.filter((table) =>
      [...senders].some(
        (path) => !BY_DUTIES.includes(path) && posix.dirname(path) !== this.#folders.get(table),
      ),
    );
    return foreign.length === 0
      ? null
      : `"${name}" of ${[...senders].join(', ')} writes ${foreign.join(', ')}`;
  }

  /** By its name; one without, as its columns vary, by how it begins. */
  #sendersOf(name: string, text: string): Set<string> {
    const named = this.#names.filter(({ pattern }) => pattern.test(name));
    const start = text.trim().split(/\s+/).slice(0, 3).join(' ');
    const found = named.length > 0 ? named : this.#sources.filter(({ source }) => source.includes(start));
    return new Set(found.map(({ path }) => path));
  }
}

/** `reencrypt_${table}` stands for all names of this form. */
function patternOf(name: string): RegExp {
  const parts = name.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[^\w ]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`);
}

/** The tables that a statement writes. */
export function writtenIn(text: string): string[] {
  const code = text.replaceAll(/--[^\n]*/g, '').replaceAll(/'(?:[^']|'')*'/g, "''");
  const writes = code.matchAll(
    /\b(?:insert\s+into|update|delete\s+from|merge\s+into|truncate(?:\s+table)?)\s+(?:only\s+)?(?:public\.)?"?(\w+)"?/gi,
  );
  return [...new Set([...writes].map(([, table = '']) => table))];
}

/** Tables of other folders that a source gives to drizzle to write. */
export function ormWrites({ path, source }: Source): string[] {
  const found: string[] = [];
  for (const [, list = '', from = ''] of source.matchAll(/import \{([^}]*)\} from '([^']*tables\.ts)'/g)) {
    const folder = posix.dirname(posix.join(posix.dirname(path), from));
    if (folder === posix.dirname(path)) continue;
    for (const entry of list.split(',')) {
      const name =
        entry
          .trim()
          .split(/\s+as\s+/)
          .at(-1) ?? '';
      if (name !== '' && new RegExp(`\\.(?:insert|update|delete)\\(\\s*${name}\\s*\\)`).test(source))
        found.push(`${path} writes ${entry.trim()} of ${folder}`);
    }
  }
  return found;
}
