import { afterEach, expect, test } from 'vitest';
import { startChildServer } from './support/child-server.ts';
import { temporaryFolder } from './support/folders.ts';
import { putCluster } from './support/prepared-cluster.ts';
import { type Received, startReceiver } from './support/receiver.ts';
import { webhookCalls } from './support/webhooks.ts';

/** For tests that start servers again, and may wait for a lease to run out. */
const LONG_MS = 300_000;
const eventually = { timeout: 200_000, interval: 150 };

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const said = ({ body }: Received) => body.data.interaction.query as string;

test(
  'what a killed server has sent, or was about to, arrives in order, with the same id if it arrives again',
  async () => {
    const receiver = await startReceiver();
    closing.push(() => receiver.close());
    const directory = temporaryFolder('webhooks');
    await putCluster(directory);
    const start = () => startChildServer(directory, { OUTBOUND_ALLOW: '127.0.0.1', LOG_LEVEL: 'info' });
    let server = await start();
    closing.push(async () => {
      server.signal('SIGKILL');
      await server.exited;
    });
    const calls = webhookCalls((query, variables) => server.graphql(query, variables));
    await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] });
    const wanted: string[] = [];
    for (let round = 0; round < 3; round++) {
      const arrived = receiver.got.length;
      // In the first round it is sent and never answered; in the others it may be anywhere.
      if (round === 0) receiver.answers(() => null);
      const turns = Array.from({ length: 5 }, (_, place) => ({ query: `${round}.${place}` }));
      wanted.push(...turns.map(({ query }) => query));
      await server.graphql(
        'mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename } }',
        { input: { conversationId: 'killed', turns } },
      );
      if (round === 0) await expect.poll(() => receiver.got.length, eventually).toBeGreaterThan(arrived);
      server.signal('SIGKILL');
      await server.exited;
      receiver.answers(() => 200);
      server = await start();
    }
    const distinct = () => [
      ...new Map(receiver.taken.map((message) => [message.id, said(message)])).values(),
    ];
    await expect.poll(() => distinct().length, eventually).toBe(wanted.length);
    expect(distinct()).toEqual(wanted);
    const first = receiver.got.filter((message) => said(message) === '0.0');
    expect(first.length).toBeGreaterThan(1);
    expect(new Set(first.map(({ id }) => id)).size).toBe(1);
  },
  LONG_MS,
);
