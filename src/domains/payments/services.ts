import type { PoolClient } from 'pg';
import type { Config } from '../../config.ts';
import { NotConfigured } from '../../errors.ts';
import type { Job } from '../../jobs/job.ts';
import { SERVER_OWNER } from '../tasks/scope.ts';
import { enqueueTask, type TaskServices } from '../tasks/tasks.ts';

export type PaymentServices = TaskServices & { readonly config: Pick<Config, 'payments'> };

/** What may move, where anything may. @throws NotConfigured */
export function configured({ config }: Pick<PaymentServices, 'config'>) {
  if (config.payments === null)
    throw new NotConfigured(
      'STRIPE_API_KEY',
      'no payments are configured; the operator names a key of Stripe there',
    );
  return config.payments;
}

/**
 * Has something done at Stripe, in the transaction of `client`. The task is the server's: no erasure of whoever asked for it
 * ends it half way.
 *
 * @returns its id
 * @throws NotConfigured
 */
export async function enqueuePayment(
  client: PoolClient,
  { tasks }: Pick<PaymentServices, 'tasks'>,
  { job: name, title, payload }: { job: string; title: string; payload: Record<string, unknown> },
): Promise<string> {
  const job: Job | undefined = tasks.jobs.get(name);
  if (!job) throw new NotConfigured('STRIPE_API_KEY', 'no payments are configured');
  const task = await enqueueTask(client, job, {
    ...{ type: name, owner: SERVER_OWNER, createdBy: 'payments', name: title, payload },
  });
  return task.taskId;
}

/** It is committed: whoever waits for work or news is told. */
export function wake({ events, tasks }: Pick<PaymentServices, 'events' | 'tasks'>): void {
  events.wake();
  tasks.wake();
}
