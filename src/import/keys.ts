import { createHash } from 'node:crypto';
import type { TurnRecord } from './records.ts';

/** Different contents that are counted exactly; after that, memory stays constant. */
const MAX_EXACT_CONTENTS = 1_000_000;
const SHARED_COUNTERS = 1 << 22;

/**
 * Counts equal contents, told by their hashes. Memory is bounded: past a million different ones, new ones share 4 million
 * counters. Equal contents still get different numbers, and the same file still gets the same ones.
 *
 * @returns a function that tells how often the content came before
 */
export function createCounter(): (digest: Buffer) => number {
  const exact = new Map<number, number>();
  let shared: Uint32Array | null = null;
  return (digest) => {
    const hash = digest.readUIntBE(0, 6);
    const count = exact.get(hash);
    if (count !== undefined || exact.size < MAX_EXACT_CONTENTS) {
      exact.set(hash, (count ?? 0) + 1);
      return count ?? 0;
    }
    shared ??= new Uint32Array(SHARED_COUNTERS);
    const slot = hash % SHARED_COUNTERS;
    const ordinal = shared[slot] ?? 0;
    shared[slot] = ordinal + 1;
    return ordinal;
  };
}

/**
 * Gives every turn without an idempotency key one that follows from its content and from how many equal turns of its
 * conversation came before. The same file gives the same keys, so importing it twice stores nothing twice, and a
 * turn that was really said twice is kept twice.
 *
 * @returns a function to call once for every turn, in the order of the file
 */
export function createKeyMaker(): (record: TurnRecord) => string {
  const count = createCounter();
  return ({ conversationId, turn }) => {
    if (turn.idempotencyKey !== undefined) return turn.idempotencyKey;
    const content = createHash('sha256')
      .update(JSON.stringify([conversationId, sortedFields(turn)]))
      .digest();
    return `import/${createHash('sha256')
      .update(content)
      .update(`#${count(content)}`)
      .digest('hex')}`;
  };
}

/**
 * Gives messages that have no ids some that follow from what was said, by whom, when and in which conversation; equal ones
 * are numbered, so that the same export gives the same ones.
 *
 * @returns a function to call once for every message, in the order of the file
 */
export function createIdMaker(): (said: readonly unknown[]) => string {
  const count = createCounter();
  return (said) => {
    const content = createHash('sha256').update(JSON.stringify(said)).digest();
    const ordinal = count(content);
    return `${content.toString('hex').slice(0, 32)}${ordinal === 0 ? '' : `-${ordinal}`}`;
  };
}

/** Independent of the order in which the schema names its fields, which must never change a key. */
function sortedFields(turn: TurnRecord['turn']): [string, unknown][] {
  return Object.entries(turn).sort(([a], [b]) => (a < b ? -1 : 1));
}
