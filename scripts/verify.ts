import { runStandalone } from '../src/app.ts';
import { allConversations } from '../src/domains/conversations/reads.ts';
import { verifyConversation } from '../src/domains/interactions/verify.ts';

/** Checks the hash chain of every conversation; exit code 1 if a turn was altered, removed or put in. */
await runStandalone(async ({ db, log }) => {
  let turns = 0;
  let damaged = 0;
  let conversations = 0;
  for await (const { conversationId, ...owner } of allConversations(db)) {
    const found = { ...owner, ...(await verifyConversation(db, owner, conversationId)) };
    conversations++;
    turns += found.turns;
    if (found.problems.length === 0) continue;
    damaged++;
    process.stdout.write(`${JSON.stringify(found)}\n`);
  }
  log.info({ conversations, turns, damaged }, 'hash chains verified');
  if (damaged > 0) process.exitCode = 1;
});
