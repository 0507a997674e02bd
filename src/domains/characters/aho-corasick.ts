export interface Automaton {
  /**
   * Calls `visit` for every pattern that ends at a position, the longest first; `end` is exclusive. What
   * `visit` returns decides whether the shorter patterns that end there are offered too.
   */
  scan(text: string, visit: (pattern: number, end: number) => 'continue' | 'next position'): void;
}

/**
 * An Aho-Corasick automaton over UTF-16 units: all patterns in one pass over the text.
 *
 * Aho and Corasick, "Efficient string matching: an aid to bibliographic search", 1975. Building is linear in
 * the total length of the patterns. Patterns must be distinct and not empty.
 */
export function buildAutomaton(patterns: readonly string[]): Automaton {
  const trie = buildTrie(patterns);
  const { failure, output } = link(trie);
  return {
    scan(text, visit) {
      let state = ROOT;
      for (let index = 0; index < text.length; index++) {
        state = step(trie, failure, state, trie.symbols.get(text.charCodeAt(index)));
        let ending = at(trie.patternOf, state) === NONE ? at(output, state) : state;
        while (ending !== ROOT) {
          if (visit(at(trie.patternOf, ending), index + 1) === 'next position') break;
          ending = at(output, ending);
        }
      }
    },
  };
}

const ROOT = 0;
const NONE = -1;

interface Trie {
  /** UTF-16 unit to a small number, so that state and symbol fit one integer key. */
  symbols: Map<number, number>;
  /** state × number of symbols + symbol, to the next state. */
  edges: Map<number, number>;
  parent: Int32Array;
  symbolOf: Int32Array;
  depth: Int32Array;
  patternOf: Int32Array;
  states: number;
}

function buildTrie(patterns: readonly string[]): Trie {
  let units = 1;
  const symbols = new Map<number, number>();
  for (const pattern of patterns) {
    units += pattern.length;
    for (let index = 0; index < pattern.length; index++) {
      const unit = pattern.charCodeAt(index);
      if (!symbols.has(unit)) symbols.set(unit, symbols.size);
    }
  }
  const trie: Trie = {
    symbols,
    edges: new Map(),
    parent: new Int32Array(units),
    symbolOf: new Int32Array(units),
    depth: new Int32Array(units),
    patternOf: new Int32Array(units).fill(NONE),
    states: 1,
  };
  patterns.forEach((pattern, number) => {
    insert(trie, pattern, number);
  });
  return trie;
}

function insert(trie: Trie, pattern: string, number: number): void {
  let state = ROOT;
  for (let index = 0; index < pattern.length; index++) {
    const symbol = trie.symbols.get(pattern.charCodeAt(index)) ?? 0;
    const key = state * trie.symbols.size + symbol;
    let next = trie.edges.get(key);
    if (next === undefined) {
      next = trie.states++;
      trie.edges.set(key, next);
      trie.parent[next] = state;
      trie.symbolOf[next] = symbol;
      trie.depth[next] = index + 1;
    }
    state = next;
  }
  trie.patternOf[state] = number;
}

interface Links {
  /** For each state, the state of its longest proper suffix that is in the trie. */
  failure: Int32Array;
  /** For each state, the nearest state on its failure path where a pattern ends; ROOT for none. */
  output: Int32Array;
}

function link(trie: Trie): Links {
  const failure = new Int32Array(trie.states);
  const output = new Int32Array(trie.states);
  for (const state of statesByDepth(trie)) {
    const parent = at(trie.parent, state);
    // A child of the root has no proper suffix but the empty one.
    if (parent !== ROOT) failure[state] = step(trie, failure, at(failure, parent), at(trie.symbolOf, state));
    const suffix = at(failure, state);
    output[state] = at(trie.patternOf, suffix) === NONE ? at(output, suffix) : suffix;
  }
  return { failure, output };
}

/** All states but the root, shallow ones first: links of a state are made of links of shallower ones. */
function statesByDepth(trie: Trie): number[] {
  const levels: number[][] = [];
  for (let state = 1; state < trie.states; state++) {
    const depth = at(trie.depth, state);
    levels[depth] ??= [];
    levels[depth].push(state);
  }
  return levels.flat();
}

function step(trie: Trie, failure: Int32Array, from: number, symbol: number | undefined): number {
  if (symbol === undefined) return ROOT;
  let state = from;
  for (;;) {
    const next = trie.edges.get(state * trie.symbols.size + symbol);
    if (next !== undefined) return next;
    if (state === ROOT) return ROOT;
    state = at(failure, state);
  }
}

// Indices come from the automaton itself; the fallback only satisfies the type.
function at(numbers: Int32Array, index: number): number {
  return numbers[index] ?? ROOT;
}
