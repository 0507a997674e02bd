import { setTimeout as delay } from 'node:timers/promises';
import type { Finding } from './findings.ts';

/** A server as it is watched. */
export interface Watched {
  readonly name: string;
  readonly port: number;
}

/** Milliseconds after a change that a server has for noticing it. */
const GRACE_MS = 10_000;
/** A machine with much to do may hold one answer up; what is wrong for longer is said of the server. */
const LASTS_MS = 15_000;
/** A database that takes longer for nothing is away for who must be answered. */
const SLOW_MS = 1_000;
const LOOK_MS = 400;
const LIMIT_MS = 5_000;
const QUERY = '{ health { status checks { name status detail } } }';

/** What a server says of itself. */
export interface Said {
  /** HTTP status of /readyz. */
  readonly ready: number;
  readonly health: Answer;
}

interface Answer {
  readonly status: string;
  readonly checks: readonly {
    readonly name: string;
    readonly status: string;
    readonly detail: string | null;
  }[];
}

/** What the harness knows of its servers and their database, and whether each server says the same. */
export class Truth {
  readonly #servers: readonly Watched[];
  readonly #probe: () => Promise<unknown>;
  readonly #report: (finding: Finding) => void;
  readonly #changedAt = new Map<string, number>();
  readonly #away = new Set<string>();
  readonly #wrongSince = new Map<string, number>();
  #stopped = false;
  #looking: Promise<unknown> = Promise.resolve();
  /** Answers that were held against what was known. */
  judged = 0;
  /** Answers in the moments after a change, which may say either. */
  unjudged = 0;
  /** How long each answer took. */
  readonly tookMs: number[] = [];
  /** Parts that were not healthy while the database was there: told, not judged. */
  readonly complaints = new Map<string, number>();

  /** @param probe asks the database for nothing */
  constructor(
    servers: readonly Watched[],
    probe: () => Promise<unknown>,
    report: (finding: Finding) => void,
  ) {
    this.#servers = servers;
    this.#probe = probe;
    this.#report = report;
  }

  /** @param name of a server, or "database" */
  leaves(name: string): void {
    this.#away.add(name);
    this.#changedAt.set(name, performance.now());
  }

  returns(name: string): void {
    this.#away.delete(name);
    this.#changedAt.set(name, performance.now());
  }

  /** Whether it came back as another server. */
  get isPromoted(): boolean {
    return this.#changedAt.has('database') && !this.isDatabaseAway;
  }

  get isDatabaseAway(): boolean {
    return this.#away.has('database');
  }

  start(): void {
    this.#looking = Promise.all(this.#servers.map((server) => this.#watch(server)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#looking;
  }

  async #watch(server: Watched): Promise<void> {
    for (; !this.#stopped; await delay(LOOK_MS)) {
      if (this.#away.has(server.name)) continue;
      const since = performance.now();
      const said = await look(server.port).catch(() => null);
      this.tookMs.push(performance.now() - since);
      const isKnown = await this.#isKnown();
      if (!isKnown || !this.#isSettled(server.name, since)) {
        this.unjudged++;
        this.#wrongSince.delete(server.name);
      } else this.#judge(server, said);
    }
  }

  /** Whether the harness itself sees the database as it should be, and soon: a machine may be too busy for either. */
  async #isKnown(): Promise<boolean> {
    if (this.isDatabaseAway) return true;
    const since = performance.now();
    const answers = await this.#probe().then(
      () => true,
      () => false,
    );
    return answers && performance.now() - since < SLOW_MS;
  }

  /** Nothing about it changed while it answered, and shortly before. */
  #isSettled(name: string, since: number): boolean {
    if (this.#away.has(name)) return false;
    return ['database', name].every((each) => since - (this.#changedAt.get(each) ?? 0) > GRACE_MS);
  }

  #judge({ name }: Watched, said: Said | null): void {
    this.judged++;
    const wrong = untruthIn(said, this.isDatabaseAway);
    const since = this.#wrongSince.get(name) ?? performance.now();
    if (wrong) this.#wrongSince.set(name, since);
    else this.#wrongSince.delete(name);
    if (wrong && performance.now() - since > LASTS_MS) {
      this.#report({ check: 'health-untrue', conversationId: null, detail: `${name} ${wrong}` });
      this.#wrongSince.delete(name);
    }
    if (this.isDatabaseAway) return;
    for (const check of said?.health.checks ?? []) {
      if (check.status === 'HEALTHY' || check.status === 'UNKNOWN') continue;
      const complaint = `${check.name} ${check.status}`;
      this.complaints.set(complaint, (this.complaints.get(complaint) ?? 0) + 1);
    }
  }
}

/** What is wrong in what a server says of itself; null: nothing. @param said null: it does not answer */
export function untruthIn(said: Said | null, isDatabaseAway: boolean): string | null {
  if (!said) return 'does not answer, and should';
  const { ready, health } = said;
  const truth = `its database is ${isDatabaseAway ? 'away' : 'there'}`;
  if ((ready === 200) === isDatabaseAway) return `says ${ready} at /readyz, and ${truth}`;
  const database = health.checks.find(({ name }) => name === 'database');
  // One that is too slow for what it is given is there, and not healthy.
  const isThere = database?.status === 'HEALTHY' || database?.detail?.startsWith('answers') === true;
  if (isThere === isDatabaseAway)
    return `says that its database is ${database?.status} (${database?.detail}), and ${truth}`;
  if (isDatabaseAway && health.status === 'HEALTHY') return 'says that all is well without a database';
  return null;
}

async function look(port: number): Promise<Said> {
  const at = `http://127.0.0.1:${port}`;
  const ready = await fetch(`${at}/readyz`, { signal: AbortSignal.timeout(LIMIT_MS) });
  await ready.arrayBuffer();
  const { health } = await ask<{ health: Answer }>(port, QUERY);
  return { ready: ready.status, health };
}

/** Asks a server over GraphQL. @throws if it does not answer, or not with data */
export async function ask<T>(port: number, query: string): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const { data, errors } = (await response.json()) as { data?: T; errors?: { message: string }[] };
  if (!data || errors) throw new Error(errors?.map(({ message }) => message).join('; ') ?? 'no data');
  return data;
}
