import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask } from './ask.ts';
import type { Operation } from './operation.ts';
import { ServerProblem } from './problem.ts';

export interface Pages<Item> {
  /** What has come so far; null before the first page. */
  readonly items: readonly Item[] | null;
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly problem: ServerProblem | null;
  /** Asks for the next page, unless it is on its way. */
  readonly more: () => void;
  /** Asks anew for as much as has come. */
  readonly again: () => void;
  readonly replace: (change: (items: readonly Item[]) => readonly Item[]) => void;
}

interface OnePage<Item> {
  readonly items: readonly Item[];
  /** Null: it was the last. */
  readonly next: string | null;
}

const AGAIN_MS = 2_000;

/**
 * A list that comes page by page.
 *
 * @param variables all but the cursor; null: nothing is asked
 * @param cursor the variable that says where the next page is: `before` where the list is read from its end
 */
export function usePages<Item, Data, Variables extends { after?: string | null }>(
  operation: Operation<Data, Variables>,
  variables: Omit<Variables, 'after'> | null,
  pageOf: (data: Data) => OnePage<Item>,
  cursor: 'after' | 'before' = 'after',
): Pages<Item> {
  const [items, setItems] = useState<readonly Item[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [isLoading, setLoading] = useState(variables !== null);
  const [problem, setProblem] = useState<ServerProblem | null>(null);
  const [round, setRound] = useState(0);
  const asking = useRef<AbortController | null>(null);
  const key = JSON.stringify(variables);
  const load = async (from: string | null, atLeast = 0): Promise<void> => {
    if (variables === null) return;
    asking.current?.abort();
    const own = new AbortController();
    asking.current = own;
    setLoading(true);
    const pageAt = async (at: string | null) =>
      pageOf(await ask(operation, { ...variables, [cursor]: at } as unknown as Variables, own.signal));
    try {
      let page = await pageAt(from);
      while (page.next !== null && page.items.length < atLeast) {
        const { items: further, next: after } = await pageAt(page.next);
        page = { items: [...page.items, ...further], next: after };
      }
      setItems((before) => (from === null || before === null ? page.items : [...before, ...page.items]));
      setNext(page.next);
      setProblem(null);
    } catch (error) {
      if (own.signal.aborted) return;
      const known = error instanceof ServerProblem ? error : new ServerProblem('UNKNOWN', String(error));
      setProblem(known);
      if (known.isPassing) setTimeout(() => own === asking.current && void load(from, atLeast), AGAIN_MS);
    }
    if (own === asking.current) setLoading(false);
  };
  useEffect(() => {
    // Who acts on what stands on the second page stays there.
    void load(null, round && items?.length);
    return () => asking.current?.abort();
  }, [operation, key, round]);
  return {
    items,
    hasMore: next !== null,
    isLoading,
    problem,
    more: () => {
      if (!isLoading && next !== null) void load(next);
    },
    again: useCallback(() => setRound((before) => before + 1), []),
    replace: useCallback((change: (before: readonly Item[]) => readonly Item[]) => {
      setItems((before) => (before === null ? null : change(before)));
    }, []),
  };
}

/** A page of a Relay connection. */
export function connectionPage<Item>(connection: {
  readonly nodes: readonly Item[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}): OnePage<Item> {
  const { hasNextPage, endCursor } = connection.pageInfo;
  return { items: connection.nodes, next: hasNextPage ? endCursor : null };
}

/** The same, read from its end: the last one first. */
export function reversedPage<Item>(connection: {
  readonly nodes: readonly Item[];
  readonly pageInfo: { readonly hasPreviousPage: boolean; readonly startCursor: string | null };
}): OnePage<Item> {
  const { hasPreviousPage, startCursor } = connection.pageInfo;
  return { items: connection.nodes.toReversed(), next: hasPreviousPage ? startCursor : null };
}
