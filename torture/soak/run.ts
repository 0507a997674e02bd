import { setTimeout as delay } from 'node:timers/promises';
import { RoamingClient, wireOf } from '../client.ts';
import type { Finding } from '../findings.ts';
import type { TortureOptions } from '../options.ts';
import { Random } from '../random.ts';
import { Subscriber } from '../subscriber.ts';
import { Gate } from '../traffic.ts';
import { runWriter } from '../writer.ts';
import { graphql } from './calls.ts';
import { judged, settle } from './closing.ts';
import { databaseOf, strikeOn } from './faults.ts';
import { watchHealth } from './health-watch.ts';
import { BOUNDS } from './judge-health.ts';
import { writeReport } from './report.ts';
import { sampleAll } from './samples.ts';
import type { Soak } from './soak.ts';
import { prepareSoak, type SoakStand } from './stand.ts';
import { type Visits, visitAll } from './visitors.ts';

const WRITERS = 3;
/** A machine that has other things to do is left half of its time. */
const WRITER_REST_MS = 8_000;
/** What visitors have begun must be done so long after the end, or it is given up and found. */
const VISITS_LIMIT_MS = 180_000;

/**
 * Everything at once: three servers on one database, traffic at all doors, learning, imports, media, tasks, backups and webhooks, a fault
 * every few minutes. At the end nothing may be lost, doubled or altered, nothing may have grown, and health must have told the truth.
 * The result, its samples and a page with plots are written to a folder.
 *
 * @throws if the run could not be made at all
 */
export async function runSoak(
  options: TortureOptions,
  minutes: number,
  print: (line: string) => void,
  interrupted: AbortSignal,
) {
  print(`seed ${options.seed}`);
  const random = new Random(options.seed);
  const findings: Finding[] = [];
  const note = (finding: Finding) => {
    print(`FOUND ${finding.check}: ${finding.detail}`);
    findings.push(finding);
  };
  const stand = await prepareSoak(options, random, note, print);
  let keep = true;
  try {
    const ended = new AbortController();
    const soak = openSoak(options, stand, random, findings, ended.signal);
    await goOn(soak, minutes * 60_000, ended, interrupted);
    const result = await judged(soak);
    await writeReport(options.out, result);
    keep = options.keep || !result.passed;
    const { samples: _1, healthSamples: _2, failures: _3, ...summary } = result;
    return { ...summary, written: options.out, ...(keep && { kept: stand.servers.directory }) };
  } finally {
    await stand.close(keep);
  }
}

function openSoak(
  options: TortureOptions,
  stand: SoakStand,
  random: Random,
  findings: Finding[],
  ended: AbortSignal,
): Soak {
  const { servers, report } = stand.servers;
  const since = performance.now();
  const now = () => Math.round(performance.now() - since);
  const ports = servers.map(({ port }) => port);
  const subscribers = [
    ...servers.map(({ name, port }) => ({ name, ports: [port], restless: false })),
    { name: 'restless', ports, restless: true },
  ].map((each) => new Subscriber({ ...each, random: random.fork(each.name), report }));
  const visits: Visits = {
    ...{ asked: [], tasks: [], backups: [], turnIds: [], failures: [], latencies: [], answers: 0 },
  };
  const struck = { kills: 0, freezes: 0, upgrades: 0, failovers: 0 };
  const abandoned = new AbortController();
  const striking = { stand, spans: [], struck, now, ended };
  return {
    ...{ options, stand, random, findings, subscribers, now },
    epoch: { number: 1, prefix: 'e1-', batches: [], refused: [], rekeyed: [] },
    striking,
    visiting: {
      stand,
      database: () => databaseOf(striking),
      random: random.fork('visitors'),
      visits,
      now,
      ended,
      abandoned: abandoned.signal,
    },
    ...{ health: [], samples: [], startedAt: new Date(), abandon: () => abandoned.abort() },
  };
}

async function goOn(
  soak: Soak,
  untilMs: number,
  ended: AbortController,
  interrupted: AbortSignal,
): Promise<void> {
  const { stand, random, subscribers, striking, visiting, now, epoch } = soak;
  const { servers, traffic, report, clients } = stand.servers;
  const gate = new Gate();
  const abandon = new AbortController();
  interrupted.addEventListener('abort', () => ended.abort());
  const listening = subscribers.map((subscriber) => subscriber.run());
  await untilListening(soak);
  await openWebhook(soak);
  const writing = Array.from({ length: WRITERS }, (_, index) =>
    runWriter({
      ...{ number: index + 1, random: random.fork(`writer ${index + 1}`), severalServers: true },
      ...{ client: new RoamingClient(clients, index), restMs: WRITER_REST_MS },
      ...{ gate, abandoned: abandon.signal, traffic, report, epoch: () => epoch },
    }),
  );
  const watching = [
    watchHealth(servers, soak.health, now, ended.signal),
    sampleAll(servers, () => databaseOf(striking), latencyReader(soak), soak.samples, {
      now,
      ended: ended.signal,
    }),
  ];
  const visited = visitAll(visiting);
  const restMs = (soak.options.rest ?? BOUNDS.clearMs / 1_000 + 60) * 1_000;
  const struck = strikeOn(striking, random.fork('faults'), { restMs, untilMs });
  // It is awaited below: where a fault could not be played, the run ends there, with its servers and data put away.
  struck.catch(() => ended.abort());
  await delay(untilMs - now(), null, { signal: ended.signal }).catch(() => null);
  ended.abort();
  try {
    await struck;
    for (const { server } of servers) await server.untilReady();
    stand.servers.print('waiting for what is on its way');
    await gate.close();
    await Promise.race([visited, delay(VISITS_LIMIT_MS, null, { ref: false })]);
    soak.abandon();
    await Promise.all([visited, ...watching]);
    await settle(soak);
  } finally {
    abandon.abort();
    gate.stop();
    for (const subscriber of subscribers) subscriber.stop();
    await Promise.all([...writing, ...listening]);
  }
}

/** Gives what requests took since it was last asked, by what they asked for. */
function latencyReader({ visiting: { visits }, stand }: Soak): () => Map<string, number[]> {
  let read = 0;
  return () => {
    stand.forget();
    const found = new Map<string, number[]>();
    for (const { what, ms } of visits.latencies.splice(0)) found.set(what, [...(found.get(what) ?? []), ms]);
    const { latenciesMs } = stand.servers.traffic;
    const acks = latenciesMs.slice(read);
    read = latenciesMs.length;
    return acks.length > 0 ? found.set('acknowledgement', acks) : found;
  };
}

/** Sends turns until every subscriber has a cursor: from there on it must not miss anything. */
async function untilListening({ subscribers, stand }: Soak): Promise<void> {
  const client = new RoamingClient(stand.servers.clients, 0);
  for (let count = 0; count < 200; count++) {
    if (subscribers.every(({ hasCursor }) => hasCursor)) return;
    await client.attempt(
      wireOf('recordTurns', { conversationId: 'beacon', turns: [{ query: `beacon ${count}` }] }),
    );
    await delay(100);
  }
  throw new Error('no event arrives at the subscribers');
}

/** Of all changes of facts. */
async function openWebhook({ stand }: Soak): Promise<void> {
  const input = { url: stand.receiver.url, events: ['FACT_CHANGED'], ofTenant: true };
  await graphql(
    stand.servers.servers[0]?.port ?? 0,
    `mutation ($input: WebhookInput!) { createWebhook(input: $input) {
      ... on WebhookSuccess { webhook { webhookId } } ... on Error { code message } } }`,
    { input },
  );
}
