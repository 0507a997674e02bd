import type { Database } from '../../db/client.ts';
import { EXIT, runPlainCommand, type WithServices } from '../../ground/command.ts';
import type { Logger } from '../../log.ts';
import { allConversations } from '../conversations/reads.ts';
import { verifyConversation } from './verify.ts';

const USAGE = `usage: npm run verify    checks the hash chain of every conversation; prints those that do not fit
Exit code 1 if a turn was altered, removed or put in. The server must not be running on the same DATA_DIR.`;

/** `npm run verify`. @returns the exit code */
export function verifyCommand(
  args: readonly string[],
  withServices: WithServices<{ readonly db: Database; readonly log: Logger }>,
  print: (line: string) => void,
): Promise<number> {
  return runPlainCommand(USAGE, args, print, () =>
    withServices(async ({ db, log }) => {
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
      log.info({ conversations, turns, damaged }, 'hash chains verified');
      return damaged > 0 ? EXIT.failed : EXIT.done;
    }),
  );
}
