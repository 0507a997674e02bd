import { runOperatorCommand } from '../../src/operator/asking.ts';
import type { CommandName } from '../../src/operator/commands.ts';

/**
 * Runs an operator's command as its script does beside a server that runs: the server does it, asked over its socket.
 *
 * @param directory the data directory of the server
 * @param given.confirmed what is said to questions; yes unless told otherwise
 * @returns the exit code, and the lines that were printed
 */
export async function operate(
  directory: string,
  name: CommandName,
  args: readonly string[],
  given: { readonly stdin?: string; readonly confirmed?: (question: string) => Promise<boolean> } = {},
): Promise<{ code: number; lines: string[]; text: string }> {
  const lines: string[] = [];
  const io = {
    args,
    print: (line: string) => void lines.push(line),
    confirmed: given.confirmed ?? (async () => true),
    input: async () => given.stdin ?? '',
  };
  const code = await runOperatorCommand(
    name,
    io,
    () => directory,
    () => {
      throw new Error('no server listens on the socket');
    },
  );
  return { code, lines, text: lines.join('\n') };
}
