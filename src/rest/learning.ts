import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { Owner, Principal } from '../access/principals.ts';
import { type FactRow, factsMatching } from '../domains/facts/views.ts';
import { requestLearning } from '../domains/learning/requests.ts';
import { latestRuns, learningStatus, learningTotals } from '../domains/learning/status.ts';
import { findTask, type TaskRow } from '../domains/tasks/views.ts';
import { ownerFor } from '../ground/ownership.ts';
import { decimal, decimalOf, now, ofUser, second, secondOf, secondOrNull } from './formats.ts';
import type { RestServices } from './request.ts';
import { defineRow, READING, type Row, WRITING } from './row.ts';

const MAX_PREFERENCES = 500;
const RUNS_SHOWN = 10;
const FACTS_SHOWN = 20;
/** Milliseconds that a caller is kept waiting for a run; older programs give up after half a minute. */
const WAIT_MS = 20_000;
const LOOK_MS = 100;

const runFields = {
  items: z.int().describe('Turns that it learned from.'),
  facts_added: z.int(),
  facts_merged: z.int().describe('Said once more.'),
  facts_superseded: z.int(),
  statements_refused: z.int(),
};
const Run = z
  .object({
    source: z.literal('conversations'),
    ...runFields,
    timestamp: second,
    completed_at: second.nullable().describe('Null: it is under way, or was cut off.'),
    model: z.string().nullable().describe('The model that was asked; null: only rules learned.'),
  })
  .meta({ id: 'LearningRun', description: 'What one run learned from the turns of a user.' });

const Learned = z
  .object({
    id: z.string(),
    statement: z.string(),
    category: z.string(),
    confidence: decimal,
    created_at: second,
  })
  .meta({ id: 'LearnedFact', description: 'A fact that holds.' });

const Preference = z
  .object({
    data: z.array(z.object({ value: z.string(), statement: z.string(), negated: z.boolean() })),
    confidence: decimal.describe('Of the surest of them, 0 to 1.'),
    last_updated: second,
  })
  .meta({ id: 'Preference', description: 'What a user prefers in one category.' });

/** What the server has learned. */
export const learningRows: readonly Row[] = [
  defineRow({
    method: 'GET',
    at: ['/api/echo/learning/status'],
    group: 'Learning',
    summary: 'What was learned from the turns of a user, counted, and the last run',
    toll: READING,
    query: ofUser,
    gives: z
      .object({
        status: z.enum(['active', 'paused']).describe('Paused: the server does not learn by itself.'),
        learning_sessions: z.int(),
        items_processed: z.int(),
        items_waiting: z.int(),
        last_learning: second.nullable(),
        next_learning: second.nullable(),
        preference_categories: z.int(),
        average_confidence: decimal.describe('Of preferences; 0.0 where there are none.'),
        last_run: Run.nullable(),
        timestamp: second,
      })
      .meta({ id: 'LearningStatus', description: 'How far learning is.' }),
    run: async ({ services, principal, query }) => {
      const owner = ownerFor(principal, query.user_id);
      const [{ waiting, lastRun, nextRunAt }, totals, facts] = await Promise.all([
        learningStatus(services, owner),
        learningTotals(services, owner),
        preferencesOf(services, owner),
      ]);
      const sure = facts.reduce((sum, { confidence }) => sum + confidence, 0);
      return {
        status: nextRunAt ? ('active' as const) : ('paused' as const),
        learning_sessions: totals.runs,
        items_processed: totals.turnsSeen,
        items_waiting: waiting.turns,
        last_learning: secondOrNull(lastRun?.startedAt ?? null),
        next_learning: secondOrNull(nextRunAt),
        preference_categories: new Set(facts.map(({ predicate }) => predicate)).size,
        average_confidence: decimalOf(facts.length === 0 ? 0 : rounded(sure / facts.length)),
        last_run: lastRun && shownRun(lastRun),
        timestamp: now(),
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/learning/insights'],
    group: 'Learning',
    summary: 'The latest runs, and what was learned last',
    toll: READING,
    query: ofUser,
    gives: z
      .object({
        summary: z.object({
          total_insights: z.int().describe('Runs that are shown.'),
          sources: z.array(z.string()),
          recent_activity: second.nullable(),
        }),
        recent_insights: z.array(Run),
        facts: z.array(Learned).describe(`The ${FACTS_SHOWN} that were recorded last.`),
        timestamp: second,
      })
      .meta({ id: 'LearningInsights', description: 'What was learned lately.' }),
    run: async ({ services, principal, query }) => {
      const owner = ownerFor(principal, query.user_id);
      const [runs, facts] = await Promise.all([
        latestRuns(services, owner, RUNS_SHOWN),
        factsMatching(services, owner, { status: 'ACTIVE' }, firstPage(FACTS_SHOWN)),
      ]);
      return {
        summary: {
          total_insights: runs.length,
          sources: runs.length === 0 ? [] : ['conversations'],
          recent_activity: secondOrNull(runs[0]?.startedAt ?? null),
        },
        recent_insights: runs.map(shownRun),
        facts: facts.map(({ factId, statement, category, confidence, recordedAt }) => ({
          ...{ id: factId, statement, category, confidence: decimalOf(rounded(confidence)) },
          created_at: secondOf(recordedAt),
        })),
        timestamp: now(),
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/learning/preferences'],
    group: 'Learning',
    summary: `What a user prefers, by category; of the ${MAX_PREFERENCES} preferences that were recorded last`,
    toll: READING,
    query: ofUser,
    gives: z
      .object({
        user: z.string(),
        preferences: z.record(z.string(), Preference),
        categories: z.array(z.string()),
        timestamp: second,
      })
      .meta({ id: 'Preferences', description: 'What a user prefers.' }),
    run: async ({ services, principal, query }) => {
      const owner = ownerFor(principal, query.user_id);
      const byCategory = Map.groupBy(await preferencesOf(services, owner), ({ predicate }) => predicate);
      const categories = [...byCategory].sort(([, a], [, b]) => surest(b) - surest(a));
      return {
        user: owner.userId,
        preferences: Object.fromEntries(categories.map(([name, facts]) => [name, shownPreference(facts)])),
        categories: categories.map(([name]) => name),
        timestamp: now(),
      };
    },
  }),
  defineRow({
    method: 'POST',
    at: ['/api/echo/learning/trigger'],
    group: 'Learning',
    summary: 'Learns from the turns that nothing was learned from yet; of an admin, from everybody’s',
    toll: WRITING,
    gives: z
      .object({
        status: z
          .enum(['success', 'running', 'failed'])
          .describe(
            `Running: it takes more than ${WAIT_MS / 1_000} seconds; /api/echo/tasks/{id} has the rest.`,
          ),
        task_id: z.string(),
        triggered_at: second,
        results: z.object(runFields).nullable().describe('Null: there are none yet.'),
        error: z.string().nullable(),
      })
      .meta({ id: 'Learning', description: 'What a run came to.' }),
    run: async ({ services, principal, signal }) => {
      const { taskId } = await requestLearning(services, principal);
      const task = await overOrLater(services, principal, taskId, signal);
      return {
        status: WORDS[task.status] ?? ('running' as const),
        task_id: taskId,
        triggered_at: secondOf(task.createdAt),
        results: task.status === 'COMPLETED' ? resultsOf(task) : null,
        error: task.error,
      };
    },
  }),
];

const WORDS: Readonly<Record<string, 'success' | 'failed'>> = {
  COMPLETED: 'success',
  FAILED: 'failed',
  CANCELLED: 'failed',
};

/** The task when it is over, or as it is when nobody should wait any more. */
async function overOrLater(
  services: RestServices,
  principal: Principal,
  taskId: string,
  signal: AbortSignal,
): Promise<TaskRow> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const task = await findTask(services, principal, taskId);
    if (WORDS[task.status] || Date.now() >= deadline || signal.aborted) return task;
    await setTimeout(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

function resultsOf({ result }: TaskRow): z.output<z.ZodObject<typeof runFields>> {
  const { turns = 0, added = 0, merged = 0, superseded = 0, refused = 0 } = result as Record<string, number>;
  return {
    ...{ items: turns, facts_added: added, facts_merged: merged, facts_superseded: superseded },
    statements_refused: refused,
  };
}

function shownRun(run: Awaited<ReturnType<typeof latestRuns>>[number]): z.output<typeof Run> {
  return {
    source: 'conversations',
    items: run.turnsSeen,
    facts_added: run.added,
    facts_merged: run.merged,
    facts_superseded: run.superseded,
    statements_refused: run.refused,
    timestamp: secondOf(run.startedAt),
    completed_at: secondOrNull(run.endedAt),
    model: run.modelUsed,
  };
}

function preferencesOf(services: RestServices, owner: Owner): Promise<FactRow[]> {
  const filter = { category: 'PREFERENCE', status: 'ACTIVE' } as const;
  return factsMatching(services, owner, filter, firstPage(MAX_PREFERENCES));
}

function shownPreference(facts: readonly FactRow[]): z.output<typeof Preference> {
  return {
    data: facts.map(({ object, statement, negated }) => ({ value: object, statement, negated })),
    confidence: decimalOf(rounded(surest(facts))),
    last_updated: secondOf(new Date(Math.max(...facts.map(({ recordedAt }) => recordedAt.getTime())))),
  };
}

const surest = (facts: readonly FactRow[]) => Math.max(...facts.map(({ confidence }) => confidence));
const firstPage = (limit: number) => ({ after: null, before: null, limit, inverted: false });
const rounded = (confidence: number) => Math.round(confidence * 1_000) / 1_000;
