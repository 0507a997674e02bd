import type { Print } from '../ground/command.ts';

/** What a command gets from the terminal that it was typed into, wherever it runs. */
export interface CommandIo {
  readonly args: readonly string[];
  readonly print: Print;
  /** Asks whoever runs it. */
  readonly confirmed: (question: string) => Promise<boolean>;
  /** All of the standard input. */
  readonly input: () => Promise<string>;
}
