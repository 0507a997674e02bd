import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask } from './ask.ts';
import type { Operation } from './operation.ts';
import { ServerProblem } from './problem.ts';

export interface Answer<Data> {
  /** The latest that came; it stays while it is asked again. */
  readonly data: Data | null;
  readonly problem: ServerProblem | null;
  readonly isLoading: boolean;
  readonly again: () => void;
  /** Shows something else in its place, such as what a mutation gave. */
  readonly replace: (change: (data: Data) => Data) => void;
}

const AGAIN_MS = 2_000;

/**
 * Asks something, and asks it again: when its variables change, every so often, and after what passes.
 *
 * @param variables null: nothing is asked
 */
export function useAnswer<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables | null,
  everyMs = 0,
): Answer<Data> {
  const [data, setData] = useState<Data | null>(null);
  const [problem, setProblem] = useState<ServerProblem | null>(null);
  const [isLoading, setLoading] = useState(variables !== null);
  const [round, setRound] = useState(0);
  const key = JSON.stringify(variables);
  const keyShown = useRef(key);
  useEffect(() => {
    if (variables === null) return;
    const leaving = new AbortController();
    let timer = 0;
    const later = (ms: number) => {
      if (ms > 0 && !leaving.signal.aborted) timer = window.setTimeout(load, ms);
    };
    const load = async (): Promise<void> => {
      if (document.hidden && everyMs > 0) return later(everyMs);
      setLoading(true);
      try {
        const answer = await ask(operation, variables, leaving.signal);
        keyShown.current = key;
        setData(answer);
        setProblem(null);
        later(everyMs);
      } catch (error) {
        if (leaving.signal.aborted) return;
        const known = error instanceof ServerProblem ? error : new ServerProblem('UNKNOWN', String(error));
        setProblem(known);
        later(known.isPassing ? AGAIN_MS : 0);
      }
      setLoading(false);
    };
    void load();
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
  }, [operation, key, round, everyMs]);
  const again = useCallback(() => setRound((before) => before + 1), []);
  const replace = useCallback(
    (change: (before: Data) => Data) => setData((before) => (before === null ? null : change(before))),
    [],
  );
  return { data, problem, isLoading, again, replace };
}
