import { z } from 'zod';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import { defineJob, type TaskOwner } from '../../jobs/job.ts';
import { sampleConversations } from '../conversations/reads.ts';
import { verifyConversation } from '../interactions/verify.ts';
import type { HealthDesk } from './health.ts';

interface Services {
  readonly db: Database;
  readonly health: HealthDesk;
}

const MOST = 500;

/** Asks whether the promises are kept, and looks whether turns are as they were stored. */
export const selfCheck = defineJob({
  name: 'self_check',
  description:
    'Asks all parts of the server how they are, and recomputes the chains of some conversations: of the user whose task it is, or of all users for a task of the server.',
  payload: z.strictObject({
    conversations: z
      .int({ error: `must be a whole number from 0 to ${MOST}` })
      .min(0, { error: `must be from 0 to ${MOST}` })
      .max(MOST, { error: `must be from 0 to ${MOST}` })
      .default(20)
      .describe('How many conversations are looked at, chosen by chance.'),
  }),
  timeoutSeconds: 600,
  schedule: { cron: '20 */6 * * *', timeZone: 'UTC', missed: 'RUN_ONCE' },
  retry: { limit: 2, delaySeconds: 30, maxDelaySeconds: 300 },
  run: async ({ db, health }: Services, { conversations: most }, task) => {
    const { status, checks } = await health.check();
    const chosen = await sampleConversations(db, task.owner, most);
    const found = { conversations: 0, turns: 0, damaged: [] as string[] };
    for (const conversation of chosen) {
      task.signal.throwIfAborted();
      const chain = await chainOf(db, conversation);
      if (chain) {
        found.conversations++;
        found.turns += chain.turns;
        if (chain.problems.length > 0) found.damaged.push(nameFor(task.owner, conversation.conversationId));
      }
      task.progress(found.conversations, chosen.length);
    }
    return { status, checks: checks.map(({ name, status, detail }) => ({ name, status, detail })), ...found };
  },
});

/** Null for a conversation that was deleted meanwhile. */
async function chainOf(
  db: Database,
  conversation: { tenantId: string; userId: string; conversationId: string },
) {
  return verifyConversation(db, conversation, conversation.conversationId).catch((error: unknown) => {
    if (error instanceof NotFound) return null;
    throw error;
  });
}

/** A task of the server may be read by admins of all tenants: it names nobody's conversations. */
function nameFor({ userId }: TaskOwner, conversationId: string): string {
  return userId === null ? '(npm run verify names it)' : conversationId;
}
