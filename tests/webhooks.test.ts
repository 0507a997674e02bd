import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { exportedLines, restored } from './support/exports.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type Answer, isSigned, type Received, type Receiver, startReceiver } from './support/receiver.ts';
import { webhookCalls } from './support/webhooks.ts';

let app: TestApp;
let calls: ReturnType<typeof webhookCalls>;
const receivers: Receiver[] = [];
beforeAll(async () => {
  app = await startTestApp({ env: { OUTBOUND_ALLOW: '127.0.0.1', MASTER_KEY: '5e'.repeat(32) } });
  calls = webhookCalls(app.graphql);
});
afterEach(async () => {
  await app.sql('delete from echo_delivery_targets');
  await app.sql('delete from echo_webhooks');
  for (const receiver of receivers.splice(0)) await receiver.close();
});
afterAll(() => app.close());

async function receiving(answer?: (message: Omit<Received, 'status'>) => Answer): Promise<Receiver> {
  const receiver = await startReceiver(answer);
  receivers.push(receiver);
  return receiver;
}
const eventually = { interval: 150 };
const said = ({ body }: Received) => body?.data?.interaction?.query;
const ofConversation = (messages: readonly Received[], conversationId: string) =>
  messages.filter(({ body }) => body?.data?.interaction?.conversationId === conversationId).map(said);

test('health tells of deliveries that wait too long, and not of a target to which nothing is to be sent', async () => {
  const check = async () => {
    const { data } = await app.graphql('{ health { checks { name status detail } } }');
    return data.health.checks.find(({ name }: { name: string }) => name === 'deliveries');
  };
  const receiver = await receiving();
  await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
  await app.record('quiet', ['Delivered'], 'ada');
  const sent = "select 1 from echo_deliveries where status = 'DELIVERED'";
  await expect.poll(() => app.sql(sent), eventually).toHaveLength(1);
  const delivered =
    'select 1 from echo_delivery_targets where lease_token is null and last_delivered_at is not null';
  await expect.poll(() => app.sql(delivered), eventually).toHaveLength(1);
  await app.sql("update echo_delivery_targets set lease_until = now() - interval '1 day'");
  expect(await check()).toMatchObject({ status: 'HEALTHY', detail: 'nothing that could be sent waits' });
  // Servers pass over a target that somebody holds.
  const holder = new pg.Client({ connectionString: app.databaseUrl });
  await holder.connect();
  onTestFinished(() => holder.end());
  await holder.query('begin');
  await holder.query('select 1 from echo_delivery_targets for update');
  await app.sql("update echo_deliveries set status = 'PENDING', due_at = now() - interval '400 s'");
  expect(await check()).toMatchObject({
    status: 'DEGRADED',
    detail: expect.stringMatching(/has waited 40\d s/),
  });
  await holder.query('rollback');
  await expect.poll(check, eventually).toMatchObject({ status: 'HEALTHY' });
});

describe('a webhook', () => {
  test('is told of a turn, signed, with what was said', async () => {
    const receiver = await receiving();
    const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    expect(made).toMatchObject({ state: 'ACTIVE', ofTenant: false, waiting: 0, dead: 0 });
    expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    await app.record('hers', ['My cat is Miso'], 'ada');
    await app.record('his', ['Nothing for her'], 'ben');
    await expect.poll(() => receiver.taken.length, eventually).toBe(1);
    const [message] = receiver.taken as [Received];
    expect(isSigned(message, made.secret)).toBe(true);
    expect(isSigned(message, `whsec_${Buffer.alloc(32).toString('base64')}`)).toBe(false);
    expect(message.body).toMatchObject({
      type: 'interaction.added',
      cursor: expect.stringMatching(/^\d+-\d+$/),
      data: { interaction: { conversationId: 'hers', userId: 'ada', query: 'My cat is Miso', sequence: 1 } },
    });
    await expect
      .poll(() => calls.see(made.webhookId, 'ada'), eventually)
      .toMatchObject({
        waiting: 0,
        lastDeliveredAt: expect.any(String),
        deliveries: {
          nodes: [
            {
              deliveryId: message.id,
              kind: 'interaction.added',
              status: 'DELIVERED',
              attempts: 1,
              lastStatus: 204,
            },
          ],
        },
      });
    const kept = JSON.stringify(await app.sql('select * from echo_deliveries'));
    for (const word of ['Miso', 'hers']) expect(kept).not.toContain(word);
    const [{ secret }] = (await app.sql("select encode(secret, 'base64') as secret from echo_webhooks")) as [
      { secret: string },
    ];
    expect(secret).not.toContain(made.secret.slice(6));
    expect(receiver.got).toHaveLength(1);
  });

  test('is told of facts, tasks and dangers', async () => {
    const receiver = await receiving();
    await calls.made({
      url: receiver.url,
      events: ['FACT_CHANGED', 'TASK_CHANGED', 'ALERT'],
      ofTenant: true,
    });
    await app.graphql(
      'mutation { addFact(input: { predicate: "likes", object: "tea" }) { __typename } }',
      {},
      'ada',
    );
    await app.graphql('mutation { createTask(input: { type: "heartbeat" }) { __typename } }', {}, 'ada');
    const kind = {
      name: 'planted',
      severity: 'WARNING',
      words: '',
      runbook: '',
      message: () => 'planted',
    } as const;
    app.app.services.alerts.raise(kind, undefined);
    app.app.services.alerts.clear(kind, 'over');
    const types = () => receiver.taken.map(({ body }) => body.type);
    await expect
      .poll(types, eventually)
      .toEqual(expect.arrayContaining(['fact.changed', 'task.changed', 'alert.raised', 'alert.cleared']));
    await expect
      .poll(
        () => receiver.taken.flatMap(({ body }) => (body.type === 'task.changed' ? [body.data.status] : [])),
        eventually,
      )
      .toEqual(['PENDING', 'RUNNING', 'COMPLETED']);
    const fact = receiver.taken.find(({ body }) => body.type === 'fact.changed');
    expect(fact?.body.data).toMatchObject({
      kind: 'ADDED',
      fact: { userId: 'ada', object: 'tea', status: 'ACTIVE' },
    });
    // What another test of this file raised may just be over.
    const alerts = receiver.taken.filter(
      ({ body }) => body.type.startsWith('alert.') && body.data.name === 'planted',
    );
    expect(alerts.map(({ body }) => [body.data.name, body.data.state])).toEqual([
      ['planted', 'RAISED'],
      ['planted', 'CLEARED'],
    ]);
  });

  test('hears of a conversation in its order, and of others meanwhile', async () => {
    let refusals = 3;
    const receiver = await receiving(({ body }) =>
      body.data.interaction.conversationId === 'stubborn' &&
      body.data.interaction.query === '1' &&
      refusals-- > 0
        ? 500
        : 200,
    );
    await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    await app.record('stubborn', ['1', '2', '3'], 'ada');
    await app.record('easy', ['a', 'b', 'c'], 'ada');
    await expect.poll(() => receiver.taken.length, eventually).toBe(6);
    expect(ofConversation(receiver.taken, 'stubborn')).toEqual(['1', '2', '3']);
    expect(ofConversation(receiver.taken, 'easy')).toEqual(['a', 'b', 'c']);
    // The other conversation waits for no attempt.
    const last = receiver.got.findIndex((message) => said(message) === 'c');
    expect(receiver.got.slice(last).map(said)).toContain('1');
    expect(new Set(receiver.taken.map(({ id }) => id)).size).toBe(6);
    const tries = receiver.got.filter((message) => said(message) === '1');
    expect(tries).toHaveLength(4);
    expect(new Set(tries.map(({ id }) => id)).size).toBe(1);
  });

  test('hears what happened while its receiver was away, each once', async () => {
    const receiver = await startReceiver();
    const { port } = receiver;
    const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    await receiver.close();
    await app.record('away', ['1', '2', '3'], 'ada');
    await app.record('away too', ['a'], 'ada');
    await expect
      .poll(() => calls.see(made.webhookId, 'ada'), eventually)
      .toMatchObject({ waiting: 4, nextAttemptAt: expect.any(String) });
    const again = await startReceiver(() => 200, port);
    receivers.push(again);
    await expect.poll(() => again.taken.length, eventually).toBe(4);
    expect(ofConversation(again.taken, 'away')).toEqual(['1', '2', '3']);
    await expect
      .poll(() => calls.see(made.webhookId, 'ada'), eventually)
      .toMatchObject({ waiting: 0, nextAttemptAt: null });
  });

  test.each([
    ['429', 429],
    ['503', 503],
  ])('whose receiver answers %s waits as long as that wants, with all it has', async (_name, status) => {
    const receiver = await receiving(() => [status, { 'retry-after': '3600' }]);
    const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    await app.record('one', ['1'], 'ada');
    await app.record('two', ['a'], 'ada');
    const blocked = async () => {
      const [row] = await app.sql<{ seconds: number | null }>(
        'select extract(epoch from blocked_until - now())::float8 as seconds from echo_delivery_targets',
      );
      return row?.seconds ?? 0;
    };
    await expect.poll(blocked, eventually).toBeGreaterThan(3_000);
    const { nextAttemptAt } = await calls.see(made.webhookId, 'ada');
    expect(Date.parse(nextAttemptAt) - Date.now()).toBeGreaterThan(3_000_000);
    receiver.answers(() => 200);
    // Whoever knows better lets it go on.
    await calls.update(made.webhookId, { paused: false }, 'ada');
    await expect.poll(() => receiver.taken.length, eventually).toBe(2);
  });

  test('whose receiver answers 410 is suspended, until somebody lets it go on', async () => {
    const receiver = await receiving(() => 410);
    const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    await app.record('gone', ['1'], 'ada');
    await expect
      .poll(() => calls.see(made.webhookId, 'ada'), eventually)
      .toMatchObject({ state: 'SUSPENDED', problem: 'the receiver answered 410 Gone', waiting: 1 });
    await app.record('gone', ['2'], 'ada');
    receiver.answers(() => 200);
    const changed = await calls.update(made.webhookId, { paused: false }, 'ada');
    expect(changed.webhook).toMatchObject({ state: 'ACTIVE', problem: null });
    await expect.poll(() => ofConversation(receiver.taken, 'gone'), eventually).toEqual(['1', '2']);
  });

  test('is not led elsewhere', async () => {
    const inside = await receiving();
    const receiver = await receiving(() => [302, { location: inside.url }]);
    const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    await app.record('led', ['1'], 'ada');
    await expect
      .poll(async () => (await calls.see(made.webhookId, 'ada')).deliveries.nodes[0], eventually)
      .toMatchObject({
        status: 'PENDING',
        lastStatus: 302,
        lastError: 'it answered 302; redirects are not followed',
      });
    expect(inside.got).toEqual([]);
  });

  test('that is paused hears nothing, and then everything', async () => {
    const receiver = await receiving();
    const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    expect((await calls.update(made.webhookId, { paused: true }, 'ada')).webhook.state).toBe('PAUSED');
    await app.record('paused', ['1', '2'], 'ada');
    // Somebody else's comes through, so the round was there.
    const other = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ben');
    await app.record('other', ['b'], 'ben');
    await expect.poll(() => receiver.got.map(said), eventually).toEqual(['b']);
    await calls.remove(other.webhookId, 'ben');
    await calls.update(made.webhookId, { paused: false }, 'ada');
    await expect.poll(() => ofConversation(receiver.taken, 'paused'), eventually).toEqual(['1', '2']);
  });

  test('begins after a cursor, and goes back to one', async () => {
    const receiver = await receiving();
    const first = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'cleo');
    await app.record('since', ['1', '2', '3'], 'cleo');
    await expect.poll(() => receiver.taken.length, eventually).toBe(3);
    const [{ cursor }] = receiver.taken.map(({ body }) => body) as [{ cursor: string }];
    const later = await receiving();
    await calls.made({ url: later.url, events: ['INTERACTION_ADDED'], after: cursor }, 'cleo');
    await expect.poll(() => later.taken.map(said), eventually).toEqual(['2', '3']);
    await calls.update(first.webhookId, { after: '0-0' }, 'cleo');
    await expect.poll(() => receiver.taken.map(said), eventually).toEqual(['1', '2', '3', '1', '2', '3']);
  });

  test('says nothing of what was deleted before it was sent', async () => {
    const receiver = await receiving(() => 500);
    const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    const [turn] = await app.record('regret', ['My secret', 'And more'], 'ada');
    await expect.poll(() => receiver.got.length, eventually).toBeGreaterThan(0);
    receiver.got.length = 0;
    await calls.update(made.webhookId, { paused: true }, 'ada');
    await app.graphql(`mutation { deleteInteraction(turnId: "${turn?.turnId}") { __typename } }`, {}, 'ada');
    receiver.answers(() => 200);
    await calls.update(made.webhookId, { paused: false }, 'ada');
    await expect.poll(() => receiver.taken.map(said), eventually).toEqual(['And more']);
    const { deliveries } = await calls.see(made.webhookId, 'ada');
    expect(deliveries.nodes[1]).toMatchObject({
      status: 'DISCARDED',
      lastError: 'what it told of was deleted',
    });
  });

  test('is tried at once, also while it is paused', async () => {
    const receiver = await receiving();
    const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    await calls.update(made.webhookId, { paused: true }, 'ada');
    expect((await calls.try(made.webhookId, 'ada')).delivery).toEqual({
      ...{ kind: 'webhook.test', status: 'DELIVERED', attempts: 1, lastStatus: 204, lastError: null },
    });
    expect(receiver.got[0]?.body.type).toBe('webhook.test');
    expect(isSigned(receiver.got[0] as Received, made.secret)).toBe(true);
    receiver.answers(() => 404);
    expect((await calls.try(made.webhookId, 'ada')).delivery).toMatchObject({
      ...{ status: 'DISCARDED', lastStatus: 404, lastError: 'it answered 404' },
    });
  });

  test('gets a new secret, which the next message bears', async () => {
    const receiver = await receiving();
    const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    const { secret } = await calls.update(made.webhookId, { rotateSecret: true }, 'ada');
    expect(secret).not.toBe(made.secret);
    expect((await calls.update(made.webhookId, { description: 'mine' }, 'ada')).secret).toBeNull();
    await calls.try(made.webhookId, 'ada');
    expect(isSigned(receiver.got[0] as Received, secret)).toBe(true);
  });

  test('goes with its user, and comes back paused from their export', async () => {
    const receiver = await receiving();
    const made = await calls.made(
      { url: receiver.url, events: ['INTERACTION_ADDED'], description: 'x' },
      'dora',
    );
    await app.record('doras', ['1'], 'dora');
    await expect.poll(() => receiver.taken.length, eventually).toBe(1);
    const lines = (await exportedLines(app, 'dora')).filter((line) => line.startsWith('{"kind":"webhook"'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('secret');
    await calls.remove(made.webhookId, 'dora');
    await restored(app, 'dora', lines);
    expect(await calls.see(made.webhookId, 'dora')).toMatchObject({
      ...{ url: receiver.url, state: 'PAUSED', description: 'x', events: ['INTERACTION_ADDED'] },
    });
    const { data } = await app.graphql(
      'mutation { eraseUser(confirm: "dora") { ... on EraseUserSuccess { receipt } } }',
      {},
      'dora',
    );
    expect(data.eraseUser.receipt).toMatchObject({
      erased: { webhooks: 1 },
      left: { webhooks: 0, deliveries: 0 },
    });
    expect(await app.sql("select from echo_delivery_targets where user_id = 'dora'")).toEqual([]);
  });
});

describe('what was given up', () => {
  test('is seen by its owner and by admins, sent again, or discarded', async () => {
    const receiver = await receiving(() => 500);
    const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    await app.record('poison', ['1', '2'], 'ada');
    // Its end is noted after the receiver has it, and would come on top of what is written here.
    const tried = () => app.sql('select from echo_deliveries where attempts = 1 and last_status = 500');
    await expect.poll(tried, eventually).toHaveLength(1);
    await app.sql(
      'update echo_deliveries set attempts = 23, due_at = now() where id = (select min(id) from echo_deliveries)',
    );
    const dead = async (user?: string) => {
      const { data } = await app.graphql(
        '{ deliveries(filter: { status: DEAD }) { nodes { deliveryId attempts lastError } } }',
        {},
        user,
      );
      return data.deliveries.nodes;
    };
    await expect.poll(() => dead('ada'), eventually).toHaveLength(1);
    expect(await dead()).toEqual(await dead('ada'));
    expect(await dead('ben')).toEqual([]);
    expect(await dead('@other:admin')).toEqual([]);
    const [{ deliveryId, attempts, lastError }] = await dead();
    expect([attempts, lastError]).toEqual([24, 'it answered 500']);
    // What waited behind it goes on.
    await expect.poll(() => receiver.got.some((message) => said(message) === '2'), eventually).toBe(true);
    for (const stranger of ['ben', '@other:admin'])
      for (const change of ['retryDelivery', 'discardDelivery'] as const)
        expect((await calls.change(change, deliveryId, stranger)).code).toBe('NOT_FOUND');
    receiver.answers(() => 200);
    expect((await calls.change('retryDelivery', deliveryId)).delivery).toEqual({
      status: 'PENDING',
      attempts: 0,
    });
    await expect.poll(() => receiver.taken.map(said).sort(), eventually).toEqual(['1', '2']);
    await expect.poll(async () => (await calls.see(made.webhookId, 'ada')).waiting, eventually).toBe(0);
    expect((await calls.change('retryDelivery', deliveryId)).message).toContain(
      'DELIVERED; only one that is DEAD',
    );
    expect((await calls.change('discardDelivery', deliveryId)).code).toBe('BAD_USER_INPUT');
    expect((await calls.change('discardDelivery', 'none')).code).toBe('BAD_USER_INPUT');
  });

  test('and discarded lets what is behind it go on', async () => {
    const receiver = await receiving(({ body }) => (body.data.interaction.query === '1' ? 500 : 200));
    const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
    await app.record('poison', ['1', '2'], 'ada');
    await expect.poll(() => receiver.got.length, eventually).toBeGreaterThan(1);
    const { deliveries } = await calls.see(made.webhookId, 'ada');
    const first = deliveries.nodes.at(-1).deliveryId;
    expect((await calls.change('discardDelivery', first, 'ada')).delivery.status).toBe('DISCARDED');
    await expect.poll(() => receiver.taken.map(said), eventually).toEqual(['2']);
  });
});

describe('a webhook is refused', () => {
  const events = ['INTERACTION_ADDED'];
  test.each([
    ['no URL', { url: 'not a url', events }, 'BAD_USER_INPUT', 'url: must be a URL'],
    ['another scheme', { url: 'ftp://example.org/', events }, 'BAD_USER_INPUT', 'must begin with http://'],
    ['a file', { url: 'file:///etc/passwd', events }, 'BAD_USER_INPUT', 'must begin with http://'],
    ['a script', { url: 'javascript:alert(1)', events }, 'BAD_USER_INPUT', 'must begin with http://'],
    ['credentials', { url: 'https://a:b@example.org/', events }, 'BAD_USER_INPUT', 'user name or password'],
    ['a fragment', { url: 'https://example.org/#x', events }, 'BAD_USER_INPUT', 'fragment'],
    ['a long URL', { url: `https://example.org/${'x'.repeat(2_000)}`, events }, 'BAD_USER_INPUT', '2000'],
    ['no event', { url: 'https://example.org/', events: [] }, 'BAD_USER_INPUT', 'at least one event'],
    [
      'a private address',
      { url: 'http://10.0.0.1/', events },
      'URL_FORBIDDEN',
      'url: 10.0.0.1 is not a public',
    ],
    ['the metadata service', { url: 'http://169.254.169.254/', events }, 'URL_FORBIDDEN', 'secrets'],
    ['another port', { url: 'http://93.184.215.14:22/', events }, 'URL_FORBIDDEN', 'port 22'],
    [
      'a long description',
      { url: 'https://93.184.215.14/', events, description: 'x'.repeat(201) },
      'BAD_USER_INPUT',
      '200',
    ],
    [
      'what is no cursor',
      { url: 'https://93.184.215.14/', events, after: 'x' },
      'BAD_USER_INPUT',
      'after: is not a cursor',
    ],
  ])('for %s', async (_name, input, code, message) => {
    const { data } = await calls.create(input, 'ada');
    expect(data.createWebhook).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(await app.sql('select from echo_webhooks')).toEqual([]);
  });

  test('for an unknown event', async () => {
    const { errors } = await calls.create({ url: 'https://example.org/', events: ['EVERYTHING'] }, 'ada');
    expect(errors?.[0]?.message).toContain('EVERYTHING');
  });

  test.each([
    ['dangers', { events: ['ALERT'] }],
    ['all users', { events, ofTenant: true }],
  ])('to plain users for %s', async (_name, input) => {
    const { errors } = await calls.create({ url: 'https://93.184.215.14/', ...input }, 'ada');
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('for a cursor whose events are gone', async () => {
    await app.sql("insert into echo_events_pruned (kind, xid, id) values ('interaction_added', '7', 7)");
    const { data } = await calls.create({ url: 'https://93.184.215.14/', events, after: '1-1' }, 'ada');
    expect(data.createWebhook).toMatchObject({ __typename: 'CursorExpiredError', code: 'CURSOR_EXPIRED' });
    await app.sql('delete from echo_events_pruned');
  });

  test('as the 101st of a user, and not as the first of another one', async () => {
    await app.sql(
      `insert into echo_webhooks (user_id, webhook_id, url, events, secret, state, position_xid, position_id)
       select 'ada', gen_random_uuid(), 'https://example.org/', '{alert}', '', 'PAUSED', '1', 1 from generate_series(1, 100)`,
    );
    const { data } = await calls.create({ url: 'https://93.184.215.14/', events }, 'ada');
    expect(data.createWebhook).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: 'input: there are 100 webhooks already, of at most 100; delete one first',
    });
    await calls.made({ url: 'https://93.184.215.14/', events }, 'ben');
  });
});

test('a webhook is its owner’s, and the admins’ of the tenant', async () => {
  const made = await calls.made({ url: 'https://93.184.215.14/', events: ['INTERACTION_ADDED'] }, 'ada');
  for (const stranger of ['ben', '@other:admin']) {
    expect(await calls.see(made.webhookId, stranger)).toBeNull();
    expect((await calls.update(made.webhookId, { paused: true }, stranger)).code).toBe('NOT_FOUND');
    expect((await calls.remove(made.webhookId, stranger)).code).toBe('NOT_FOUND');
    expect((await calls.try(made.webhookId, stranger)).code).toBe('NOT_FOUND');
  }
  expect(await calls.see(made.webhookId)).toMatchObject({ webhookId: made.webhookId });
  expect((await calls.remove(made.webhookId, 'ada')).webhook.webhookId).toBe(made.webhookId);
  expect(await calls.see(made.webhookId, 'ada')).toBeNull();
});

test('events that were pruned before a webhook heard of them are told as lost, once', async () => {
  const receiver = await receiving();
  const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
  await calls.update(made.webhookId, { paused: true }, 'ada');
  await app.record('pruned', ['1'], 'ada');
  await app.sql(
    `insert into echo_events_pruned (kind, xid, id) select kind, xid, id from echo_events where kind = 'interaction_added'
     order by xid desc, id desc limit 1`,
  );
  await app.sql("delete from echo_events where kind = 'interaction_added'");
  await app.record('pruned', ['2'], 'ada');
  await calls.update(made.webhookId, { paused: false }, 'ada');
  await expect.poll(() => receiver.taken.length, eventually).toBe(2);
  expect(receiver.taken.map(({ body }) => body.type).sort()).toEqual(['events.lost', 'interaction.added']);
  expect(receiver.taken.find(({ body }) => body.type === 'events.lost')?.body.data).toEqual({
    events: ['interaction.added'],
  });
  await app.sql('delete from echo_events_pruned');
});
