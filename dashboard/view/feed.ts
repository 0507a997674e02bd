import { useEffect, useState } from 'preact/hooks';
import { ask } from '../server/ask.ts';
import type { Operation } from '../server/operation.ts';
import { ServerProblem } from '../server/problem.ts';
import { follow } from '../server/socket.ts';

export interface FeedSource<
  Item,
  Recent,
  RecentVariables,
  Told,
  ToldVariables extends { after?: string | null },
> {
  /** What is there already, newest first. */
  readonly recent: Operation<Recent, RecentVariables>;
  readonly variables: RecentVariables;
  readonly items: (recent: Recent) => readonly Item[];
  readonly told: Operation<Told, ToldVariables>;
  readonly toldVariables?: Omit<ToldVariables, 'after'>;
  readonly event: (told: Told) => { readonly cursor: string; readonly item: Item };
  readonly idOf: (item: Item) => string;
  readonly limit: number;
}

const AGAIN_MS = 2_000;

/**
 * What was there, and what comes: each once, newest first. The subscription begins before it is asked what was there, so that nothing
 * falls between.
 *
 * @param source one that does not change
 */
export function useFeed<Item, Recent, RecentVariables, Told, ToldVariables extends { after?: string | null }>(
  source: FeedSource<Item, Recent, RecentVariables, Told, ToldVariables>,
): { items: readonly Item[] | null; arrived: ReadonlySet<string>; problem: ServerProblem | null } {
  const [items, setItems] = useState<readonly Item[] | null>(null);
  const [arrived, setArrived] = useState<ReadonlySet<string>>(new Set());
  const [problem, setProblem] = useState<ServerProblem | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    const put = (fresh: readonly Item[]) =>
      setItems((before) => merge(fresh, before ?? [], source.idOf).slice(0, source.limit));
    const load = async (): Promise<void> => {
      try {
        put(source.items(await ask(source.recent, source.variables, leaving.signal)));
        setProblem(null);
      } catch (error) {
        if (leaving.signal.aborted) return;
        setProblem(error instanceof ServerProblem ? error : new ServerProblem('UNKNOWN', String(error)));
        setTimeout(load, AGAIN_MS);
      }
    };
    const end = follow(
      source.told,
      (told: Told) => source.event(told),
      ({ item }) => {
        put([item]);
        setArrived((before) => new Set([...before, source.idOf(item)].slice(-source.limit)));
      },
      { ...(source.toldVariables && { variables: source.toldVariables }), onGap: load },
    );
    void load();
    return () => {
      leaving.abort();
      end();
    };
  }, [source]);
  return { items, arrived, problem };
}

/** The fresh ones first; what is there already is taken as it is now, where it stands. */
function merge<Item>(fresh: readonly Item[], before: readonly Item[], idOf: (item: Item) => string): Item[] {
  const known = new Map(fresh.map((item) => [idOf(item), item]));
  const old = new Set(before.map(idOf));
  const changed = before.map((item) => known.get(idOf(item)) ?? item);
  const added = fresh.filter((item) => !old.has(idOf(item)));
  // Of what was asked for while news came, the older ones belong behind them.
  const isOlder = before.length > 0 && added.length > 1;
  return isOlder ? [...changed, ...added] : [...added, ...changed];
}
