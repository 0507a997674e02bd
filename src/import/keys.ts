import { createHash } from 'node:crypto';
import type { TurnRecord } from './records.ts';

/** Different contents that are counted exactly; after that, memory stays constant. */
const MAX_EXACT_CONTENTS = 1_000_000;
const SHARED_COUNTERS = 1 << 22;

/**
 * Gives every turn without an idempotency key one that follows from its content and from how many equal turns of its
 * conversation came before. The same file gives the same keys, so importing it twice stores nothing twice, and a
 * turn that was really said twice is kept twice.
 *
 * Memory is bounded: past a million different contents, new ones share 4 million counters. Equal contents still get
 * different keys, and the same file still gets the same ones.
 *
 * @returns a function to call once for every turn, in the order of the file
 */
export function createKeyMaker(): (record: TurnRecord) => string {
  const exact = new Map<number, number>();
  const shared = new Uint32Array(SHARED_COUNTERS);
  const nextOrdinal = (hash: number): number => {
    const count = exact.get(hash);
    if (count !== undefined || exact.size < MAX_EXACT_CONTENTS) {
      exact.set(hash, (count ?? 0) + 1);
      return count ?? 0;
    }
    const slot = hash % SHARED_COUNTERS;
    const ordinal = shared[slot] ?? 0;
    shared[slot] = ordinal + 1;
    return ordinal;
  };
  return ({ conversationId, turn }) => {
    if (turn.idempotencyKey !== undefined) return turn.idempotencyKey;
    const content = createHash('sha256')
      .update(JSON.stringify([conversationId, sortedFields(turn)]))
      .digest();
    const ordinal = nextOrdinal(content.readUIntBE(0, 6));
    return `import/${createHash('sha256').update(content).update(`#${ordinal}`).digest('hex')}`;
  };
}

/** Independent of the order in which the schema names its fields, which must never change a key. */
function sortedFields(turn: TurnRecord['turn']): [string, unknown][] {
  return Object.entries(turn).sort(([a], [b]) => (a < b ? -1 : 1));
}
