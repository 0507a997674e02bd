import type pg from 'pg';
import { isConnectionError, within } from './deadline.ts';

/** A transaction that takes longer gives up its connection; whether it committed is then unknown. */
const TRANSACTION_TIMEOUT_MS = 10_000;

/**
 * Work in a transaction whose statements may go out before those in front of them are answered. The database takes them one after the
 * other, and does nothing of those behind one that failed.
 *
 * @param commit sends the commit behind the statements that were sent by then. Work that has no statement left says so at once, and waits for
 *   it with its last answers; without it, the commit goes out when the work is done
 */
export type PipelinedWork<T> = (client: pg.PoolClient, commit: () => Promise<void>) => Promise<T>;

/** A client of the driver's pipeline that is cut when it is given up: the driver would wait for the answers to what was sent, for ever. */
export function pipelinedClient(base: typeof pg.Client): typeof pg.Client {
  return class PipelinedClient extends base {
    // biome-ignore lint/suspicious/noExplicitAny: both overloads are passed on unchanged
    override end(...given: any[]): any {
      (this as { pipeline: boolean }).pipeline = false;
      return super.end(...(given as []));
    }
  };
}

/** Runs work in one transaction; rolls back if it throws. @param actor whom the audit log is told of, as JSON; null: nobody */
export function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  actor: string | null,
): Promise<T> {
  return onConnection(pool, (client) => runTransaction(client, work, actor));
}

/** The same for work that does not wait for each answer, on connections that were made for it. */
export function inPipelinedTransaction<T>(pool: pg.Pool, work: PipelinedWork<T>): Promise<T> {
  return onConnection(pool, (client) => runPipelined(client, work));
}

async function onConnection<T>(pool: pg.Pool, run: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    return await within(run(client), TRANSACTION_TIMEOUT_MS, 'the transaction took too long');
  } catch (error) {
    // After a silence nobody knows what the connection still carries: it must not return to the pool.
    if (isConnectionError(error)) broken = error as Error;
    else
      await client.query('rollback').catch((rollbackError: Error) => {
        broken = rollbackError;
      });
    throw error;
  } finally {
    client.release(broken);
  }
}

async function runTransaction<T>(
  client: pg.PoolClient,
  work: (client: pg.PoolClient) => Promise<T>,
  actor: string | null,
): Promise<T> {
  await client.query('begin');
  if (actor !== null)
    await client.query({
      name: 'set_actor',
      text: "select set_config('echo.actor', $1, true)",
      values: [actor],
    });
  const result = await work(client);
  await client.query('commit');
  return result;
}

async function runPipelined<T>(client: pg.PoolClient, work: PipelinedWork<T>): Promise<T> {
  let committed: Promise<void> | null = null;
  const commit = () => {
    committed ??= requireCommitted(client.query<never>('commit'));
    // Where the work fails before it waits for it, the work's error tells more.
    committed.catch(() => undefined);
    return committed;
  };
  const begun = client.query<never>('begin');
  const [result] = await Promise.all([work(client, commit), begun]);
  await commit();
  return result;
}

/** PostgreSQL ends a transaction in which something failed, and calls that no error. */
async function requireCommitted(answer: Promise<pg.QueryResult>): Promise<void> {
  const { command } = await answer;
  if (command !== 'COMMIT') throw new Error(`the transaction ended with ${command} instead of a commit`);
}
