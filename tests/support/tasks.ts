import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { TestApp } from './harness.ts';

const FIELDS = `taskId type name description status priority payload result error createdBy createdAt scheduledFor startedAt
  completedAt retryCount maxRetries timeoutSeconds progress { done total note }
  attempts { number startedAt endedAt worker error }`;

/** What clients see of a task. */
// biome-ignore lint/suspicious/noExplicitAny: results have the shape that each test asks for
export type SeenTask = any;

/** Makes a task. @throws Error if it is refused */
export async function runTask(
  app: TestApp,
  input: Record<string, unknown>,
  user?: string,
): Promise<SeenTask> {
  const { data, errors } = await app.graphql(
    `mutation ($input: CreateTaskInput!) { createTask(input: $input) {
      ... on CreateTaskSuccess { task { ${FIELDS} } } ... on Error { message } } }`,
    { input },
    user,
  );
  const made = data?.createTask?.task;
  if (!made) throw new Error(`no task was made: ${JSON.stringify(data ?? errors)}`);
  return made;
}

/** One task as it is now. */
export async function task(app: TestApp, taskId: string, user?: string): Promise<SeenTask> {
  const { data } = await app.graphql(
    `query ($id: ID!) { task(taskId: $id) { ${FIELDS} } }`,
    { id: taskId },
    user,
  );
  return data?.task;
}

/**
 * One task when it has come to a status. It is looked at more seldom the longer it takes: each look costs the processor
 * some milliseconds, and many tests do little else.
 */
export async function untilTask(
  app: TestApp,
  taskId: string,
  status: string,
  user?: string,
  timeout = 30_000,
): Promise<SeenTask> {
  const end = performance.now() + timeout;
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 250)) {
    try {
      const now = await task(app, taskId, user);
      expect(now?.status, JSON.stringify(now)).toBe(status);
      return now;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await sleep(pauseMs);
  }
}

/** Something that jobs of a test wait for. */
export function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    open,
    /** @throws the signal's reason if that comes first */
    passed: (signal: AbortSignal | null) =>
      new Promise<void>((resolve, reject) => {
        void opened.then(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
  };
}
