/** All patterns in one pass over a text, both sequences of symbols: whole numbers from 1 on. */
export interface Automaton {
  /**
   * Calls `visit` for every pattern that ends at a position, the longest first; `end` is exclusive. What
   * `visit` returns decides whether the shorter patterns that end there are offered too.
   */
  scan(text: ArrayLike<number>, visit: (pattern: number, end: number) => 'continue' | 'next position'): void;
}

/**
 * Builds an Aho-Corasick automaton, a few thousand steps between two yields, so that who builds a large one can let
 * others have the thread.
 *
 * Aho and Corasick, "Efficient string matching: an aid to bibliographic search", 1975. Linear in the total length of
 * the patterns, which must be distinct and not empty.
 */
export function* buildAutomaton(patterns: readonly (readonly number[])[]): Generator<void, Automaton> {
  const trie = newTrie(patterns.reduce((total, pattern) => total + pattern.length, 1));
  for (let number = 0, work = 0; number < patterns.length; number++) {
    const pattern = patterns[number] ?? [];
    insert(trie, pattern, number);
    work += pattern.length;
    if (work >= STEPS_BETWEEN_YIELDS) {
      work = 0;
      yield;
    }
  }
  const { failure, output } = yield* link(trie);
  return {
    scan(text, visit) {
      let state = ROOT;
      for (let index = 0; index < text.length; index++) {
        state = step(trie, failure, state, text[index] ?? 0);
        let ending = at(trie.patternOf, state) === NONE ? at(output, state) : state;
        while (ending !== ROOT) {
          if (visit(at(trie.patternOf, ending), index + 1) === 'next position') break;
          ending = at(output, ending);
        }
      }
    },
  };
}

/** Runs to the end what yields between its steps. */
export function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

const STEPS_BETWEEN_YIELDS = 4_096;
const ROOT = 0;
const NONE = -1;

interface Trie {
  /** A hash table of states by their parent and symbol, which they know themselves; ROOT where nothing is. */
  slots: Int32Array;
  parent: Int32Array;
  symbolOf: Int32Array;
  depth: Int32Array;
  patternOf: Int32Array;
  states: number;
}

function newTrie(most: number): Trie {
  return {
    slots: new Int32Array(2 ** Math.ceil(Math.log2(2 * most))),
    parent: new Int32Array(most),
    symbolOf: new Int32Array(most),
    depth: new Int32Array(most),
    patternOf: new Int32Array(most).fill(NONE),
    states: 1,
  };
}

function insert(trie: Trie, pattern: readonly number[], number: number): void {
  let state = ROOT;
  for (const [index, symbol] of pattern.entries()) {
    const slot = slotOf(trie, state, symbol);
    let next = at(trie.slots, slot);
    if (next === ROOT) {
      next = trie.states++;
      trie.slots[slot] = next;
      trie.parent[next] = state;
      trie.symbolOf[next] = symbol;
      trie.depth[next] = index + 1;
    }
    state = next;
  }
  trie.patternOf[state] = number;
}

/** Where the state after `state` by `symbol` is in the hash table, or would be. */
function slotOf({ slots, parent, symbolOf }: Trie, state: number, symbol: number): number {
  const mask = slots.length - 1;
  const mixed = Math.imul(Math.imul(state, 0x9e3779b1) ^ symbol, 0x85ebca6b);
  let slot = (mixed ^ (mixed >>> 15)) & mask;
  for (;;) {
    const known = at(slots, slot);
    if (known === ROOT || (at(parent, known) === state && at(symbolOf, known) === symbol)) return slot;
    slot = (slot + 1) & mask;
  }
}

interface Links {
  /** For each state, the state of its longest proper suffix that is in the trie. */
  failure: Int32Array;
  /** For each state, the nearest state on its failure path where a pattern ends; ROOT for none. */
  output: Int32Array;
}

function* link(trie: Trie): Generator<void, Links> {
  const failure = new Int32Array(trie.states);
  const output = new Int32Array(trie.states);
  let work = 0;
  for (const state of statesByDepth(trie)) {
    const parent = at(trie.parent, state);
    // A child of the root has no proper suffix but the empty one.
    if (parent !== ROOT) failure[state] = step(trie, failure, at(failure, parent), at(trie.symbolOf, state));
    const suffix = at(failure, state);
    output[state] = at(trie.patternOf, suffix) === NONE ? at(output, suffix) : suffix;
    if (++work % STEPS_BETWEEN_YIELDS === 0) yield;
  }
  return { failure, output };
}

/** All states but the root, shallow ones first: links of a state are made of links of shallower ones. */
function statesByDepth({ depth, states }: Trie): Int32Array {
  // Where each depth begins: a counting sort.
  const begins: number[] = [];
  for (let state = 1; state < states; state++) {
    const below = at(depth, state) + 1;
    begins[below] = (begins[below] ?? 0) + 1;
  }
  for (let level = 0, total = 0; level < begins.length; level++) begins[level] = total += begins[level] ?? 0;
  const sorted = new Int32Array(states - 1);
  for (let state = 1; state < states; state++) {
    const level = at(depth, state);
    const place = begins[level] ?? 0;
    begins[level] = place + 1;
    sorted[place] = state;
  }
  return sorted;
}

function step(trie: Trie, failure: Int32Array, from: number, symbol: number): number {
  let state = from;
  for (;;) {
    const next = at(trie.slots, slotOf(trie, state, symbol));
    if (next !== ROOT || state === ROOT) return next;
    state = at(failure, state);
  }
}

// Indices come from the automaton itself; the fallback only satisfies the type.
function at(numbers: Int32Array, index: number): number {
  return numbers[index] ?? ROOT;
}
