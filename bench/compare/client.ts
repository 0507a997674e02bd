import { Pool } from 'undici';

/** What a client sends: always the same kind of request, one after the other from the list. */
export interface Load {
  readonly url: string;
  readonly path: string;
  readonly bodies: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly ms: number;
  /** Requests a second that come whether or not the ones before are answered; absent: as many as are answered. */
  readonly perSecond?: number;
}

export interface Answered {
  readonly count: number;
  readonly perSecond: number;
  /** Milliseconds: from when a request should have been sent until its answer was whole. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** A process of its own that makes load, so that the server's time is the server's. Parents send `Load`, and get `Answered`. */
process.on('message', (load: Load) => {
  run(load).then(
    (answered) => process.send?.(answered),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});

async function run(load: Load): Promise<Answered> {
  const pool = new Pool(load.url, { connections: load.connections, pipelining: 1 });
  try {
    const times: number[] = [];
    const began = performance.now();
    if (load.perSecond) await atRate(pool, load, load.perSecond, times);
    else
      await Promise.all(
        Array.from({ length: load.connections }, (_, first) => inTurn(pool, load, first, times)),
      );
    const seconds = (performance.now() - began) / 1_000;
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
    return {
      count: times.length,
      perSecond: times.length / seconds,
      p50: at(0.5),
      p95: at(0.95),
      p99: at(0.99),
    };
  } finally {
    await pool.close();
  }
}

async function inTurn(pool: Pool, load: Load, first: number, times: number[]): Promise<void> {
  const end = performance.now() + load.ms;
  for (let number = first * 7; performance.now() < end; number++) {
    const began = performance.now();
    await send(pool, load, number);
    times.push(performance.now() - began);
  }
}

async function atRate(pool: Pool, load: Load, perSecond: number, times: number[]): Promise<void> {
  const began = performance.now();
  const total = Math.floor((load.ms / 1_000) * perSecond);
  const pending: Promise<void>[] = [];
  for (let number = 0; number < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1_000) * perSecond) + 1);
    for (; number < due; number++) {
      const wanted = began + (number / perSecond) * 1_000;
      pending.push(send(pool, load, number).then(() => void times.push(performance.now() - wanted)));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
}

async function send(pool: Pool, { path, bodies, headers }: Load, number: number): Promise<void> {
  const { statusCode, body } = await pool.request({
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: bodies[number % bodies.length] ?? '',
  });
  const text = await body.text();
  if (statusCode !== 200 || text.includes('"errors"')) throw new Error(`${statusCode} ${text.slice(0, 500)}`);
}
