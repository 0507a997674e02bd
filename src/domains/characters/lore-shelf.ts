import type { Owner } from '../../access/principals.ts';
import type { Json } from '../../cards/container.ts';
import type { Database } from '../../db/client.ts';
import { cardsOf } from './cards.ts';
import { loreOf } from './lore.ts';
import { type CompiledBook, compileBook } from './lore-book.ts';
import type { CharacterRow } from './tables.ts';

/** Characters whose lore is kept ready; that of others is read again. */
const MAX_BOOKS = 100;

interface Kept {
  readonly updatedAt: number;
  /** Null: the character has no lore. */
  readonly book: CompiledBook | null;
}

/** The lore of characters, ready to be searched; made anew where a character was changed. */
export class LoreShelf {
  /** How often a character's was ready. */
  readonly use = { hits: 0, misses: 0 };
  readonly #db: Database;
  readonly #kept = new Map<number, Kept>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** The lore of those of these characters that have any, in their order. */
  async booksOf(
    owner: Owner,
    characters: readonly CharacterRow[],
  ): Promise<{ characterId: number; book: CompiledBook }[]> {
    const isKept = ({ id, updatedAt }: CharacterRow) => this.#kept.get(id)?.updatedAt === updatedAt.getTime();
    const missing = characters.filter((row) => !isKept(row));
    this.use.hits += characters.length - missing.length;
    this.use.misses += missing.length;
    if (missing.length > 0) {
      const cards = await cardsOf(
        { db: this.#db },
        owner,
        missing.map(({ id }) => id),
      );
      for (const { id, updatedAt } of missing) {
        const stored = cards.get(id);
        const lore = stored ? loreOf(JSON.parse(stored.card) as Json) : null;
        this.#keep(id, { updatedAt: updatedAt.getTime(), book: lore && compileBook(lore) });
      }
    }
    return characters.flatMap(({ id }) => {
      const book = this.#kept.get(id)?.book;
      return book ? [{ characterId: id, book }] : [];
    });
  }

  #keep(id: number, kept: Kept): void {
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_BOOKS) return;
      this.#kept.delete(oldest);
    }
  }
}
