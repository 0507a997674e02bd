import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { NotionKindSetting } from '../../config/notion.ts';
import type { Database } from '../../db/client.ts';
import { EchoError, InvalidInput } from '../../errors.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import * as input from '../../ground/input.ts';
import { type Job, PRIORITIES, type Priority } from '../../jobs/job.ts';
import { enqueue } from '../deliveries/outbox.ts';
import { enqueueTask, MAX_NAME_LENGTH } from '../tasks/tasks.ts';
import { EXTERNAL_ID, FROM_NOTION, TITLE } from './kind.ts';
import { type NotionPage, type Place, pagesBy, propertyOf } from './lookups.ts';
import type { MirrorServices } from './notion.ts';
import { PAGE_CHANGED } from './pages.ts';
import { CHANNEL, REMOVALS, targetOf } from './sources.ts';
import type { SourceRow } from './tables.ts';

/** In the outbox. */
export const PAGE_REFUSED = 'page.refused';
/** Fields without which no page becomes a task. */
const NEEDED = ['status', 'type', 'answer'] as const;
const FIELDS = [EXTERNAL_ID, TITLE, 'status', 'type', 'priority', 'payload'];
/** Pages that one look takes. */
const MOST = 500;

export interface RequestServices extends MirrorServices {
  readonly events: { wake(): void };
  readonly tasks: { readonly jobs: ReadonlyMap<string, Job>; wake(inMs?: number): void };
  readonly deliveries: { wake(): void };
  readonly tenants: { suspended(): Promise<readonly string[]> };
}

type Ready = NonNullable<NotionKindSetting['ready']>;

/**
 * Makes tasks of the pages that people set to be some, each once: the task, what is known of its page, and what will be written there are
 * one transaction, under a lock of the page. What cannot be a task is told on the page, once for each thing that it says.
 *
 * @throws NotionProblem
 */
export async function takeRequests(
  services: RequestServices,
  source: SourceRow,
  ready: Ready,
  signal: AbortSignal,
): Promise<void> {
  for (const page of await readyPages(services, source, ready, signal)) {
    if (signal.aborted) return;
    await takeRequest(services, source, ready, page);
  }
}

/** A page that would become a task, or be told why it cannot. */
export interface FutureTask {
  readonly pageId: string;
  readonly type: string | null;
  readonly name: string | null;
  readonly problem: string | null;
}

/** What would become of the pages that are set to be ready now. @throws NotionProblem */
export async function futureTasks(
  services: Pick<RequestServices, 'db' | 'notion' | 'tasks'>,
  source: Place,
  ready: Ready,
  signal: AbortSignal,
): Promise<FutureTask[]> {
  const future: FutureTask[] = [];
  for (const page of await readyPages(services, source, ready, signal)) {
    if (await isKnown(services.db, page.id)) continue;
    try {
      const { task } = await taskOf(services, source, ready, page);
      future.push({ pageId: page.id, type: task.type, name: task.name, problem: null });
    } catch (error) {
      if (!(error instanceof EchoError)) throw error;
      future.push({ pageId: page.id, type: null, name: null, problem: error.message });
    }
  }
  return future;
}

async function readyPages(
  { notion }: Pick<RequestServices, 'notion'>,
  source: Place,
  ready: Ready,
  signal: AbortSignal,
): Promise<NotionPage[]> {
  const trigger = propertyOf(source.properties, 'status');
  if (!trigger || NEEDED.some((field) => !propertyOf(source.properties, field))) return [];
  const filter = { property: trigger.id, [trigger.type]: { equals: ready.value } } as never;
  return pagesBy(notion, source, { filter, fields: FIELDS, most: MOST }, signal);
}

async function takeRequest(
  services: RequestServices,
  source: SourceRow,
  ready: Ready,
  page: NotionPage,
): Promise<void> {
  const { db, events, tasks, deliveries } = services;
  if (await isKnown(db, page.id)) return showAgain(db, page.id);
  try {
    if ((await services.tenants.suspended()).includes(ready.tenant))
      throw new InvalidInput('status', `the tenant ${ready.tenant} is suspended`);
    const { job, task } = await taskOf(services, source, ready, page);
    const isMade = await db.transaction(
      async (client) => {
        await lockPage(client, page.id);
        if (await isKnown({ pool: client }, page.id)) return false;
        const owner = { tenantId: ready.tenant, userId: ready.owner };
        const idempotencyKey = `notion:${page.id}`;
        const row = await enqueueTask(client, job, {
          ...task,
          idempotencyKey,
          owner,
          createdBy: FROM_NOTION,
        });
        await notePage(client, page.id, { ...owner, externalId: row.taskId });
        return true;
      },
      { ownName: true },
    );
    if (!isMade) return;
    events.wake();
    tasks.wake();
  } catch (error) {
    if (!(error instanceof EchoError) || error.httpStatus >= 500) throw error;
    await refuse(db, page, error.message);
  }
  deliveries.wake();
}

/** What a page asks for. @throws InvalidInput that names the field */
async function taskOf(
  { tasks }: Pick<RequestServices, 'tasks'>,
  { properties }: Place,
  ready: Ready,
  page: NotionPage,
): Promise<{
  readonly job: Job;
  readonly task: {
    readonly type: string;
    readonly name: string;
    readonly payload: unknown;
    readonly priority: Priority;
  };
}> {
  const said = (field: string) => page.words.get(propertyOf(properties, field)?.id ?? '')?.trim() ?? '';
  const allowed = ready.types.filter((type) => tasks.jobs.get(type)?.mayCreate === 'USER');
  const type = said('type');
  const job = tasks.jobs.get(type);
  if (!job || !allowed.includes(type))
    throw new InvalidInput('type', `must be one of ${allowed.join(', ')}, not "${type.slice(0, 100)}"`);
  const priority = said('priority').toUpperCase() || job.priority;
  if (!PRIORITIES.includes(priority as Priority))
    throw new InvalidInput('priority', `must be one of ${PRIORITIES.join(', ')}`);
  const payload = payloadOf(said('payload'));
  await job.check?.(input.parseInput(job.payload, payload, 'payload'));
  const name = input.parseInput(
    input.text(MAX_NAME_LENGTH),
    said(TITLE).toWellFormed().slice(0, MAX_NAME_LENGTH).toWellFormed() || job.name,
    'title',
  );
  return { job, task: { type, name, payload, priority: priority as Priority } };
}

function payloadOf(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidInput('payload', 'must be JSON, such as {"days": 3}');
  }
}

/** Whether a page is a task's already, or is to leave Notion. */
async function isKnown(
  { pool }: { readonly pool: Pick<PoolClient, 'query'> },
  pageId: string,
): Promise<boolean> {
  const { rows } = await pool.query<{ known: boolean }>({
    name: 'notion_page_known',
    text: `select exists (select from echo_notion_pages where page_id = $1 and tenant_id is not null)
             or exists (select from echo_deliveries where channel = '${CHANNEL}' and target = '${REMOVALS}' and payload->>'pageId' = $1) as known`,
    values: [pageId],
  });
  return rows[0]?.known ?? false;
}

/** What people set to be ready is written over: it has its task. */
async function showAgain({ pool }: Pick<Database, 'pool'>, pageId: string): Promise<void> {
  await pool.query({
    name: 'show_notion_page_again',
    text: `update echo_notion_pages p set written = null where page_id = $1 and tenant_id is not null and written is not null
             and not exists (select from echo_deliveries d where d.delivery_id = p.delivery_id and d.status = 'PENDING')`,
    values: [pageId],
  });
}

async function lockPage(client: PoolClient, pageId: string): Promise<void> {
  await client.query({
    name: 'lock_notion_page',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [JSON.stringify(['notion page', pageId])],
  });
}

/** The page is the task's from now on, and will say so. */
async function notePage(
  client: PoolClient,
  pageId: string,
  {
    tenantId,
    userId,
    externalId,
  }: { readonly tenantId: string; readonly userId: string; readonly externalId: string },
): Promise<void> {
  const [deliveryId] = await enqueue(client, [
    {
      ...{ ...targetOf('tasks'), tenantId, userId, kind: PAGE_CHANGED, order: ['tasks', externalId] },
      payload: { externalId },
    },
  ]);
  await client.query({
    name: 'adopt_notion_page',
    text: `insert into echo_notion_pages (tenant_id, user_id, kind, external_id, page_id, wanted, delivery_id)
           values ($1, $2, 'tasks', $3, $4, '', $5)`,
    values: [tenantId, userId, externalId, pageId, deliveryId],
  });
  await client.query({
    name: 'forget_notion_refusal',
    text: 'delete from echo_notion_refusals where page_id = $1',
    values: [pageId],
  });
}

/** Says on the page why it cannot be a task, unless that was said of the same words. */
async function refuse(db: Database, page: NotionPage, problem: string): Promise<void> {
  const said = createHash('sha256')
    .update(JSON.stringify([problem, ...page.words]))
    .digest();
  await db.transaction(
    async (client) => {
      const { rowCount } = await client.query({
        name: 'refuse_notion_page',
        text: `insert into echo_notion_refusals as r (page_id, said, problem) values ($1, $2, $3)
               on conflict (page_id) do update set said = $2, problem = $3, at = now() where r.said <> $2`,
        values: [page.id, said, problem],
      });
      if (rowCount === 0) return;
      await enqueue(client, [
        {
          ...{ ...targetOf('tasks'), tenantId: SERVER_TENANT, userId: null, kind: PAGE_REFUSED },
          ...{ order: ['refusal', page.id], payload: { pageId: page.id } },
        },
      ]);
    },
    { ownName: true },
  );
}

/** What was wrong with a page; null: it is a task by now. */
export async function refusalOf({ pool }: Pick<Database, 'pool'>, pageId: string): Promise<string | null> {
  const { rows } = await pool.query<{ problem: string }>({
    name: 'notion_refusal',
    text: 'select problem from echo_notion_refusals where page_id = $1',
    values: [pageId],
  });
  return rows[0]?.problem ?? null;
}
