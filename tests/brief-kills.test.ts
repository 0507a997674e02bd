import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import {
  type OpenAiServer,
  type RecordedRequest,
  type Reply,
  startOpenAiServer,
} from './support/openai-server.ts';
import { untilTask } from './support/tasks.ts';
import { type WorkerProcesses, workerProcesses } from './support/worker-processes.ts';

/** The front door; it runs no tasks itself. */
let app: TestApp;
let provider: OpenAiServer;
let workers: WorkerProcesses;
const models = { LLM_MODELS: 'quick=pen,expert=eye', LLM_BRIEF_MODEL: 'pen', LLM_JUDGE_MODEL: 'eye' };

beforeAll(async () => {
  provider = await startOpenAiServer({ models: ['pen', 'eye'] });
  app = await startTestApp({ env: { LLM_BASE_URL: provider.url, ...models, TASK_WORKERS: '0' } });
  workers = await workerProcesses();
});
afterAll(async () => {
  await workers.end();
  await app.close();
  await provider.close();
});

test('a server that is killed in each call of a brief asks again for that one only', async () => {
  const settings = { LLM_BASE_URL: provider.url, ...models };
  const args = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const scores = (score: number) =>
    JSON.stringify({
      clarity: score,
      accuracy: score,
      completeness: score,
      tone: score,
      critique: 'Say more.',
    });
  const answers = ['First.', scores(40), 'Second.', scores(90)];
  const never = new Promise(() => undefined);
  let answered = 0;
  let isAsked = false;
  const calls: string[] = [];
  // Each call comes twice: at the first its server is killed, at the second it is answered.
  provider.respondWith(({ body }: RecordedRequest): Reply => {
    const answer = answers[answered] ?? '';
    calls.push(`${body.model} ${answered}`);
    if (isAsked) answered++;
    isAsked = !isAsked;
    return { kind: 'answer', deltas: [answer], ...(isAsked && { until: never }) };
  });
  const { data } = await app.graphql(
    'mutation { submitBrief(input: { text: "Write it." }) { ... on BriefSuccess { brief { briefId task { taskId } } } } }',
  );
  const { briefId, task } = data.submitBrief.brief;
  for (let killed = 0; killed < answers.length; killed++) {
    const worker = await workers.start(app.databaseUrl, { args });
    await expect.poll(() => [answered, isAsked]).toEqual([killed, true]);
    await workers.kill(worker);
  }
  await workers.start(app.databaseUrl, { args });
  await untilTask(app, task.taskId, 'COMPLETED', undefined, 60_000);

  expect(calls).toEqual(['pen 0', 'pen 0', 'eye 1', 'eye 1', 'pen 2', 'pen 2', 'eye 3', 'eye 3']);
  const { data: after } = await app.graphql(
    `query ($id: ID!) { brief(briefId: $id) { status output attempts { number output passed judging { average timesAsked } } }
      briefStats { attempts retries judgings byStatus { status count } } }`,
    { id: briefId },
  );
  expect(after.brief).toEqual({
    ...{ status: 'PASSED', output: 'Second.' },
    attempts: [
      { number: 1, output: 'First.', passed: false, judging: { average: 40, timesAsked: 1 } },
      { number: 2, output: 'Second.', passed: true, judging: { average: 90, timesAsked: 1 } },
    ],
  });
  expect(after.briefStats).toEqual({
    ...{ attempts: 2, retries: 1, judgings: 2, byStatus: [{ status: 'PASSED', count: 1 }] },
  });
});
