import type { Cores } from './cores.ts';
import type { BenchDatabase } from './database.ts';
import type { Figure } from './figures.ts';
import type { Client } from './load.ts';

/** What works are given. */
export interface Bench {
  readonly cores: Cores | null;
  readonly rounds: number;
  /** Milliseconds that one candidate is measured in one round. */
  readonly ms: number;
  /** Sizes that a memory is measured at, growing. */
  readonly turns: readonly number[];
  /** The folder of a sentence model that (d) and (growth) search with; null: words alone. */
  readonly model: string | null;
  /** Whether their turns get vectors without a model's work for each. */
  readonly madeUp: boolean;
  /** Another checkout of this project, measured beside this one as `before`; null: none. */
  readonly before: string | null;
  readonly client: Client;
  /** The database with 200,000 turns, started and filled for the first work that asks. */
  database(): Promise<BenchDatabase>;
  /** A folder of this run, which ends with it. */
  folder(name: string): Promise<string>;
  print(line: string): void;
}

/** One or more of the works that are measured, in one go. */
export interface Work {
  readonly letters: readonly string[];
  readonly title: string;
  /** Gives each figure when it is there. */
  run(bench: Bench, wanted: ReadonlySet<string>): AsyncIterable<Figure>;
}
