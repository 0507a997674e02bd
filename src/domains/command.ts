import { EchoError } from './errors.ts';

/** Exit codes of an operator's commands. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/**
 * Runs an operator's command, and says in words what was wrong with what was asked.
 *
 * @param work returns an exit code; null: there is no such command
 * @returns the exit code
 */
export async function runCommand(
  usage: string,
  print: (line: string) => void,
  work: () => Promise<number | null>,
): Promise<number> {
  try {
    const code = await work();
    if (code !== null) return code;
  } catch (error) {
    const isUsage = (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    if (!isUsage && !(error instanceof EchoError)) throw error;
    print((error as Error).message);
    if (!isUsage) return EXIT.failed;
  }
  print(usage);
  return EXIT.usage;
}
