import { tokensIn } from '../../src/domains/query/context.ts';
import type { Send } from '../../src/import/operations.ts';
import type { Dialogue, Question } from './dialogues.ts';

/** The answer to one question: ids of turns, best first. */
export interface Ranking {
  readonly questionId: string;
  readonly ranked: readonly string[];
  /** Milliseconds, as the caller saw them. */
  readonly ms: number;
  /** Tokens of the first ten. */
  readonly tokens: number;
}

const BATCH = 100;
const LIMIT = 100;
const POLL_MS = 500;
const RECORD = `mutation Record($input: RecordTurnsInput!) {
  recordTurns(input: $input) { ... on RecordTurnsSuccess { interactions { turnId } } ... on Error { code message } }
}`;
const SEARCH = `query Search($query: String!, $limit: Int!, $filter: MemoryFilter) {
  memorySearch(query: $query, limit: $limit, filter: $filter) { degraded hits { interaction { turnId query response } } }
}`;
const LEARN = `mutation { triggerSchedule(name: "learn") { ... on CreateTaskSuccess { task { taskId } } ... on Error { code message } } }`;
const TASK = 'query Task($id: ID!) { task(taskId: $id) { status error } }';
const SHOWN = 10;

/** Records each dialogue as the memory of a user of its own. @returns the dialogue's turn ids, by the server's */
export async function recordDialogues(
  dialogues: readonly Dialogue[],
  send: Send,
): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const { conversationId, turns } of dialogues) {
    for (let at = 0; at < turns.length; at += BATCH) {
      const batch = turns.slice(at, at + BATCH);
      const input = { conversationId, userId: conversationId, turns: batch.map((turn) => turn.input) };
      const { recordTurns } = await ask<{ recordTurns: { interactions?: { turnId: string }[] } }>(
        send,
        RECORD,
        {
          input,
        },
      );
      if (recordTurns.interactions?.length !== batch.length)
        throw new Error(`${conversationId}: ${JSON.stringify(recordTurns)}`);
      for (const [index, { turnId }] of recordTurns.interactions.entries())
        ids.set(turnId, (batch[index] as { id: string }).id);
    }
  }
  return ids;
}

/** Lets the server learn facts from all that was recorded, as it does every hour. */
export async function learnFacts(send: Send): Promise<void> {
  const { triggerSchedule } = await ask<{ triggerSchedule: { task?: { taskId: string } } }>(send, LEARN, {});
  if (!triggerSchedule.task) throw new Error(JSON.stringify(triggerSchedule));
  for (;;) {
    const { task } = await ask<{ task: { status: string; error: string | null } }>(send, TASK, {
      id: triggerSchedule.task.taskId,
    });
    if (task.status === 'COMPLETED') return;
    if (task.status === 'FAILED' || task.status === 'CANCELLED') throw new Error(`learning: ${task.error}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Asks each question of its user's memory, with nothing but the question's text. */
export async function askQuestions(
  questions: readonly Question[],
  ids: ReadonlyMap<string, string>,
  send: Send,
): Promise<Ranking[]> {
  const rankings: Ranking[] = [];
  for (const { questionId, conversationId, question } of questions) {
    const started = performance.now();
    const { memorySearch } = await ask<{
      memorySearch: {
        degraded: boolean;
        hits: { interaction: { turnId: string; query: string; response: string } }[];
      };
    }>(send, SEARCH, { query: question, limit: LIMIT, filter: { userId: conversationId } });
    const ms = performance.now() - started;
    if (memorySearch.degraded) process.stderr.write(`${questionId}: the search was degraded after ${ms}\n`);
    const ranked = memorySearch.hits.map(
      ({ interaction }) => ids.get(interaction.turnId) ?? interaction.turnId,
    );
    const tokens = memorySearch.hits
      .slice(0, SHOWN)
      .reduce((sum, { interaction }) => sum + tokensIn(`${interaction.query}\n${interaction.response}`), 0);
    rankings.push({ questionId, ranked, ms, tokens });
  }
  return rankings;
}

async function ask<T>(send: Send, query: string, variables: Record<string, unknown>): Promise<T> {
  const { data, errors } = await send({ query, variables });
  if (!data || errors) throw new Error(JSON.stringify(errors));
  return data as T;
}
