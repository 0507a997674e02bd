import { SERVER_OWNER } from '../../src/domains/tasks/scope.ts';
import { makeTask } from '../../src/domains/tasks/tasks.ts';
import type { TestApp } from './harness.ts';
import { untilTask } from './tasks.ts';

const RUN = `runId startedAt endedAt turnsSeen added merged superseded refused failedBatches modelUsed tokensIn tokensOut cost
  refusals { interaction { turnId } field reason count }`;
const FACT = `factId statement subject predicate object category negated confidence status origin validFrom validUntil
  sources { field quote start end interaction { turnId } } supersedes { object } supersededBy { object }
  changes { changeId kind by runId }`;

// biome-ignore lint/suspicious/noExplicitAny: results have the shape that each test asks for
type Seen = any;

/** What clients see of learning. */
export function learning(app: TestApp) {
  const calls = {
    /** Asks for learning. */
    async request(user: string): Promise<{ taskId: string; status: string }> {
      const { data, errors } = await app.graphql(
        'mutation { runLearning { ... on CreateTaskSuccess { task { taskId status } } ... on Error { message } } }',
        {},
        user,
      );
      const made = data?.runLearning?.task;
      if (!made) throw new Error(`nothing is learned: ${JSON.stringify(data ?? errors)}`);
      return made;
    },
    /** Lets the server learn from everybody's turns, as it does by itself. */
    async learnAll(): Promise<Seen> {
      const { services } = app.app;
      const job = services.tasks.jobs.get('learn');
      if (!job) throw new Error('there is no such job');
      const owner = SERVER_OWNER;
      const { taskId } = await makeTask(services, job, { type: 'learn', owner, createdBy: 'learn' });
      return (await untilTask(app, taskId, 'COMPLETED')).result;
    },
    async runs(user: string): Promise<Seen[]> {
      const { data, errors } = await app.graphql(`{ learningRuns { nodes { ${RUN} } } }`, {}, user);
      if (errors) throw new Error(JSON.stringify(errors));
      return data.learningRuns.nodes;
    },
    async status(user: string): Promise<Seen> {
      const { data, errors } = await app.graphql(
        `{ learningStatus { turnsWaiting oldestWaitingSeconds nextRunAt lastRun { ${RUN} } } }`,
        {},
        user,
      );
      if (errors) throw new Error(JSON.stringify(errors));
      return data.learningStatus;
    },
    /** What was recorded last first. */
    async facts(user: string, filter: object = {}): Promise<Seen[]> {
      const { data, errors } = await app.graphql(
        `query ($filter: FactFilter) { facts(first: 50, filter: $filter) { nodes { ${FACT} } } }`,
        { filter },
        user,
      );
      if (errors) throw new Error(JSON.stringify(errors));
      return data.facts.nodes;
    },
    /** Learns from all that waits. @returns the result of the task, and all runs of the user */
    async learn(user: string, timeout = 60_000): Promise<{ result: Seen; runs: Seen[] }> {
      const { taskId } = await calls.request(user);
      const { result } = await untilTask(app, taskId, 'COMPLETED', user, timeout);
      return { result, runs: await calls.runs(user) };
    },
  };
  return calls;
}
