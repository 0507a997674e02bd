import type { Database } from '../../db/client.ts';
import { EXIT, runPlainCommand, type WithServices } from '../../ground/command.ts';
import { allConversations } from '../conversations/reads.ts';
import { verifyConversation } from './verify.ts';

const USAGE = `usage: npm run verify    checks the hash chain of every conversation; prints those that do not fit, and how many there are
Exit code 1 if a turn was altered, removed or put in. Works beside a server that runs on the same DATA_DIR, too.`;

/** `npm run verify`. @returns the exit code */
export function verifyCommand(
  args: readonly string[],
  withServices: WithServices<{ readonly db: Database }>,
  print: (line: string) => void,
): Promise<number> {
  return runPlainCommand(USAGE, args, print, () =>
    withServices(async ({ db }) => {
      let turns = 0;
      let damaged = 0;
      let conversations = 0;
      for await (const { conversationId, ...owner } of allConversations(db)) {
        const found = { ...owner, ...(await verifyConversation(db, owner, conversationId)) };
        conversations++;
        turns += found.turns;
        if (found.problems.length === 0) continue;
        damaged++;
        print(JSON.stringify(found));
      }
      print(JSON.stringify({ conversations, turns, damaged }));
      return damaged > 0 ? EXIT.failed : EXIT.done;
    }),
  );
}
