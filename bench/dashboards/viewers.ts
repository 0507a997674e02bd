import { setTimeout as delay } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { openViewer } from './viewer.ts';

/** What the process of the viewers is told to do. */
export interface Task {
  readonly url: string;
  readonly secret: string;
  readonly viewers: number;
}

/** What the viewers saw, all together. */
export interface Told {
  readonly kind: 'ready' | 'seen';
  /** By turn: how many viewers got it, and how often it came in all. */
  readonly turns: Readonly<Record<string, { viewers: number; times: number }>>;
  readonly events: Readonly<Record<'metrics' | 'alerts' | 'activity', number>>;
  /** Milliseconds: the middle and the 99th percentile. */
  readonly delays: readonly [number, number];
  readonly answers: readonly [number, number];
  readonly asked: number;
  readonly problems: readonly string[];
}

/** So many sockets of one address are let in; a loopback network has many addresses. */
const OF_ADDRESS = 150;
/** Several stand open for one user: on walls, on phones. */
const OF_USER = 10;
/** They are opened over so long a time, in milliseconds: people do not open pages in one instant. */
const OPENING_MS = 60;

/** A process of its own: the viewers' work is not the server's. */
process.once('message', async ({ url, secret, viewers }: Task) => {
  const opened: ReturnType<typeof openViewer>[] = [];
  for (let n = 0; n < viewers; n++) {
    const token = await new SignJWT({ roles: ['ADMIN'] })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(`viewer-${Math.floor(n / OF_USER)}`)
      .setIssuer('bench')
      .setAudience('bench')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(Buffer.from(secret));
    opened.push(openViewer({ url, token, localAddress: `127.0.1.${1 + Math.floor(n / OF_ADDRESS)}` }));
    await delay(OPENING_MS);
  }
  await Promise.all(opened.map(({ ready }) => ready));
  const tell = (kind: Told['kind']) =>
    process.send?.(
      together(
        kind,
        opened.map(({ seen }) => seen),
      ),
    );
  // What came while the pages were opened is not measured.
  for (const { seen } of opened) {
    seen.turns.clear();
    seen.delays.length = 0;
    seen.answers.length = 0;
    for (const name of Object.keys(seen.events)) seen.events[name as keyof typeof seen.events] = 0;
  }
  tell('ready');
  process.on('message', async () => {
    tell('seen');
    await Promise.all(opened.map(({ close }) => close()));
    process.disconnect?.();
  });
});

type Seen = ReturnType<typeof openViewer>['seen'];

function together(kind: Told['kind'], seen: readonly Seen[]): Told {
  const turns: Record<string, { viewers: number; times: number }> = {};
  for (const one of seen)
    for (const [turnId, times] of one.turns) {
      const entry = turns[turnId] ?? { viewers: 0, times: 0 };
      turns[turnId] = { viewers: entry.viewers + 1, times: entry.times + times };
    }
  const sum = (name: keyof Seen['events']) => seen.reduce((all, { events }) => all + events[name], 0);
  const answers = seen.flatMap((one) => one.answers);
  return {
    kind,
    turns,
    events: { metrics: sum('metrics'), alerts: sum('alerts'), activity: sum('activity') },
    delays: middleAndWorst(seen.flatMap((one) => one.delays)),
    answers: middleAndWorst(answers),
    asked: answers.length,
    problems: seen.flatMap((one) => one.problems).slice(0, 10),
  };
}

function middleAndWorst(values: number[]): [number, number] {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number) => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 10) / 10;
  return [at(0.5), at(0.99)];
}
