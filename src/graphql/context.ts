import DataLoader from 'dataloader';
import type { Principal } from '../access/principals.ts';
import type { Ports } from '../ground/ports.ts';

/**
 * What resolvers work with. Each domain adds its own parts by declaration merging, in its parts.ts,
 * so that the floor need not know the domains.
 */
export interface Services
  extends Pick<
    Ports,
    | 'db'
    | 'log'
    | 'keepers'
    | 'config'
    | 'replica'
    | 'availability'
    | 'journal'
    | 'events'
    | 'sealer'
    | 'shared'
    | 'tracing'
  > {}

/** The context of one operation. */
export interface Context {
  readonly principal: Principal;
  readonly services: Services;
  /** Names this request in logs and in masked errors. */
  readonly correlationId: string;
  readonly loader: LoadThrough;
  /** Of what is executed: it was measured before (`limits-known.ts`), so that nobody need measure it again. */
  isWithinLimits?: boolean;
  /** Ends the transport of a subscriber that reads too slowly, and leaves it the cursor to resume after. */
  readonly onOverflow?: (cursor: string) => void;
  /**
   * Of subscriptions: waits until the event of that name may be shown. What is loaded from then on is loaded once for
   * all who are shown it. @returns called when it was shown
   */
  readonly pace?: (event: string, signal: AbortSignal) => Promise<() => void>;
}

/** One batch read: all keys of a tick in one statement. `load` returns rows in the order of its keys. */
export interface Batch<Key, Value> {
  readonly name: string;
  readonly load: (keys: readonly Key[]) => Promise<readonly Value[]>;
  readonly key: Key;
  /** What tells keys apart, where that is less than all they say. The same for all of the batch. */
  readonly id?: (key: Key) => unknown;
}

/** Loads one key through the operation's batch of that name. Keys are compared by their JSON. */
export type LoadThrough = <Key, Value>(batch: Batch<Key, Value>) => Promise<Value>;

/**
 * @param cache false for what lives long: it batches but does not remember. What could not be loaded is never remembered.
 * @param use counts how often a key had been loaded
 */
export function createLoader(cache: boolean, use?: LoaderUse): LoadThrough {
  const loaders = new Map<string, DataLoader<unknown, unknown, string>>();
  return <Key, Value>({ name, load, key, id }: Batch<Key, Value>) => {
    let loader = loaders.get(name);
    if (!loader) {
      loader = new DataLoader<unknown, unknown, string>((keys) => load(keys as Key[]), {
        cache,
        ...(use && { cacheMap: new CountedMap(use) }),
        cacheKeyFn: (value) => JSON.stringify(id ? id(value as Key) : value),
      });
      loaders.set(name, loader);
    }
    const batch = loader;
    const loading = batch.load(key) as Promise<Value>;
    loading.catch(() => batch.clear(key));
    return loading;
  };
}

/** How often a key had been loaded for the operation, and how often it had not. */
export interface LoaderUse {
  hits: number;
  misses: number;
}

class CountedMap extends Map<string, Promise<unknown>> {
  readonly #use: LoaderUse;

  constructor(use: LoaderUse) {
    super();
    this.#use = use;
  }

  override get(key: string): Promise<unknown> | undefined {
    const known = super.get(key);
    this.#use[known ? 'hits' : 'misses']++;
    return known;
  }
}
