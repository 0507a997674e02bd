import { parseArgs } from 'node:util';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import { EXIT, runCommand, type WithServices } from '../../ground/command.ts';
import { allConversations } from '../conversations/reads.ts';
import { verifyConversation } from '../interactions/verify.ts';
import { tryAgain, turnsSetAside } from '../word-index/set-aside.ts';
import { forgottenRows } from './forgotten-rows.ts';

const USAGE = `usage: npm run verify [-- --repair]    checks the hash chain of every conversation, and whether all that hangs on turns came and went with them (words, facts, events, counts)
Prints a line of JSON for each conversation that does not fit and each kind of rows that were forgotten, and how many of both there are;
and one for each reason for which turns were set aside, as their words cannot be indexed: nothing of them is lost.
  --repair    makes the rows good, where what they should be follows from others, and lets what was set aside be tried again; chains are
              never changed
Exit code 1 if a turn was altered, removed or put in, or rows are wrong and were not made good. Works beside a server that runs on the same DATA_DIR, too.`;

type Print = (line: string) => void;

/** `npm run verify`. @returns the exit code */
export function verifyCommand(
  args: readonly string[],
  withServices: WithServices<{ readonly db: Database }>,
  print: Print,
): Promise<number> {
  return runCommand(USAGE, args, print, () => {
    const { values } = parseArgs({
      args: [...args],
      options: { repair: { type: 'boolean', default: false } },
    });
    return withServices(async ({ db }) => {
      const chains = await verifyChains(db, print);
      const forgotten = await verifyRows(db, values.repair, print);
      const setAside = await tellSetAside(db, values.repair, print);
      print(JSON.stringify({ ...chains, forgotten, setAside }));
      return chains.damaged + forgotten > 0 ? EXIT.failed : EXIT.done;
    });
  });
}

async function verifyChains(db: Database, print: Print) {
  let [turns, damaged, conversations] = [0, 0, 0];
  for await (const { conversationId, ...owner } of allConversations(db)) {
    const found = await unlessDeleted(verifyConversation(db, owner, conversationId));
    if (!found) continue;
    conversations++;
    turns += found.turns;
    if (found.problems.length === 0) continue;
    damaged++;
    print(JSON.stringify({ ...owner, ...found }));
  }
  return { conversations, turns, damaged };
}

/** Null: it was there a moment ago. */
async function unlessDeleted<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}

/** @returns how many rows are wrong, and were not made good */
async function verifyRows(db: Database, repair: boolean, print: Print): Promise<number> {
  let left = 0;
  for await (const rows of forgottenRows(db, { repair })) {
    left += rows.count - (rows.repaired ?? 0);
    print(JSON.stringify(rows));
  }
  return left;
}

/** Turns that no search for their words finds, and why not: known, and no damage. @returns how many */
async function tellSetAside(db: Database, repair: boolean, print: Print): Promise<number> {
  const { total, reasons } = await turnsSetAside(db);
  if (repair && total > 0) await tryAgain(db);
  const what = 'turns that were set aside, as their words cannot be indexed';
  for (const { reason, count, examples } of reasons)
    print(JSON.stringify({ setAside: what, reason, count, examples, triedAgain: repair }));
  return total;
}
