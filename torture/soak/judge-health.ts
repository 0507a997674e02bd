import type { Finding } from '../findings.ts';

/** What one server answered to one question. */
export interface HealthSample {
  /** Milliseconds since the run began when it was asked, and when the answer was there. */
  readonly at: number;
  readonly until: number;
  readonly server: string;
  /** Share of the time since the answer before in which the server wanted a processor and got none. */
  readonly starved: number;
  /** HTTP status of /readyz, and the checks of `health` that are not HEALTHY with what they are; null: no answer. */
  readonly said: {
    readonly ready: number;
    readonly wrong: Readonly<Record<string, string>>;
  } | null;
}

/** A fault while it lasted. */
export interface FaultSpan {
  readonly kind: string;
  readonly from: number;
  readonly until: number;
  /** The server that is struck, of which nothing is expected; null: all go on. */
  readonly server: string | null;
  /** The check that must tell of it at all others; null: none has to. */
  readonly check: string | null;
  /** Whether /readyz must say that there is something. */
  readonly isUnready: boolean;
}

export interface HealthFigures {
  /** Answers that were held against what was known, and those shortly after a change, which may say either. */
  judged: number;
  unjudged: number;
  /** Of these while, or shortly after, servers got no processor: the machine was busy with something else. */
  starved: number;
  /** Green in a fault that must be seen; not green without one. */
  falseGreen: number;
  falseRed: number;
  /** What the latter complained of. */
  readonly complaints: Complaint[];
  /** By kind of fault: milliseconds until all servers told of it, and until all were well again, the longest ones. */
  readonly seenMs: Record<string, number>;
  readonly clearedMs: Record<string, number>;
}

/** What a server said to be wrong, in one answer after the other, while nothing was. */
export interface Complaint {
  readonly server: string;
  /** The check of `health`; `/readyz`; or `no answer`. */
  readonly check: string;
  /** Its status and detail, as they were told last. */
  said: string;
  /** Milliseconds since the run began. */
  readonly from: number;
  until: number;
  answers: number;
}

/** Milliseconds until a fault must be seen, after it until all must be well, and for which an answer may be wrong. */
export const BOUNDS = { seeMs: 20_000, clearMs: 60_000, lastsMs: 15_000 };
/** A server that waits longer for a processor can promise nothing about time; nor soon afterwards, as its canary goes round in 20 s. */
const STARVED = { share: 0.8, afterMs: 45_000 };

/** Kept by what was, not by what is: an error budget that a fault has used up stays used up. */
const REMEMBERING: readonly string[] = ['objectives'];

/**
 * Holds each answer against the faults of its moment, both ways: no server may be well in a fault that it should see for longer than
 * `seeMs`, nor complain (or be silent) when the last fault has been over for `clearMs`. What is wrong for less than `lastsMs` on end is
 * counted, and no finding: a busy machine holds one answer up.
 */
export function judgeHealth(
  samples: readonly HealthSample[],
  spans: readonly FaultSpan[],
): { findings: Finding[]; figures: HealthFigures } {
  const figures: HealthFigures = {
    ...{ judged: 0, unjudged: 0, starved: 0, falseGreen: 0, falseRed: 0, complaints: [] },
    seenMs: {},
    clearedMs: {},
  };
  const findings: Finding[] = [];
  const isStarved = starvation(samples);
  for (const [server, own] of Map.groupBy(samples, (sample) => sample.server)) {
    let wrongSince: number | null = null;
    let isTold = false;
    let before: Complaint[] = [];
    for (const sample of own.toSorted((a, b) => a.at - b.at)) {
      const isBusy = isStarved(sample.until);
      if (isBusy) figures.starved++;
      const expected = isBusy ? null : expectedOf(sample, spans);
      if (expected === null) figures.unjudged++;
      else figures.judged++;
      const wrong = expected && wrongIn(sample, expected);
      const lasting = before;
      before = [];
      if (!wrong) {
        [wrongSince, isTold] = [null, false];
        continue;
      }
      figures[expected.fault ? 'falseGreen' : 'falseRed']++;
      if (!expected.fault) before = noteComplaints(figures.complaints, sample, lasting);
      wrongSince ??= sample.at;
      if (sample.until - wrongSince < BOUNDS.lastsMs || isTold) continue;
      isTold = true;
      const detail = `${server} ${wrong}, from ${seconds(wrongSince)} to ${seconds(sample.until)} s`;
      findings.push({ check: 'health-untrue', conversationId: null, detail });
    }
    for (const [index, span] of spans.entries()) noteDelays(figures, span, spans[index + 1], server, own);
  }
  return { findings, figures };
}

/** Tells whether at a moment, or shortly before it, servers got no processor. */
export function starvation(samples: readonly HealthSample[]): (at: number) => boolean {
  const times = samples.filter(({ starved }) => starved > STARVED.share).map(({ until }) => until);
  return (at) => times.some((time) => time <= at && at - time < STARVED.afterMs);
}

/** What is to be said at that moment: of a fault, or that all is well; null: either. */
function expectedOf(
  { at, until, server }: HealthSample,
  spans: readonly FaultSpan[],
): { fault: FaultSpan | null } | null {
  // Servers that have just begun may still tell of their start.
  if (at < BOUNDS.clearMs) return null;
  const near = spans.filter((span) => span.from <= until && at <= span.until + BOUNDS.clearMs);
  if (near.length === 0) return { fault: null };
  if (near.some((span) => span.server === server)) return null;
  const fault = near.find(
    (span) => span.check !== null && at >= span.from + BOUNDS.seeMs && until <= span.until,
  );
  return fault ? { fault } : null;
}

function wrongIn({ said }: HealthSample, { fault }: { fault: FaultSpan | null }): string | null {
  if (!said)
    return fault ? `does not answer during ${fault.kind}` : 'does not answer, and nothing happens to it';
  if (fault) {
    if (fault.check !== null && !(fault.check in said.wrong))
      return `says that ${fault.check} is well during ${fault.kind}`;
    return fault.isUnready && said.ready === 200 ? `says that it is ready during ${fault.kind}` : null;
  }
  const complaints = complaintsIn(said);
  if (complaints.length === 0) return null;
  return `says ${complaints.map(([name, what]) => `${name} ${what}`).join(', ')} long after the last fault`;
}

/** What an answer says to be wrong, by check; that a server is not ready only where no check tells why. */
function complaintsIn(said: HealthSample['said']): (readonly [check: string, said: string])[] {
  if (!said) return [['no answer', '']];
  const complaints = Object.entries(said.wrong).filter(([name]) => !REMEMBERING.includes(name));
  if (complaints.length > 0 || said.ready === 200) return complaints;
  return [['/readyz', String(said.ready)]];
}

/** @param lasting what the answer before complained of @returns what this one does */
function noteComplaints(
  complaints: Complaint[],
  { server, at, until, said }: HealthSample,
  lasting: readonly Complaint[],
): Complaint[] {
  return complaintsIn(said).map(([check, told]) => {
    const known = lasting.find((one) => one.check === check);
    if (known) return Object.assign(known, { said: told, until, answers: known.answers + 1 });
    const complaint = { server, check, said: told, from: at, until, answers: 1 };
    complaints.push(complaint);
    return complaint;
  });
}

function noteDelays(
  { seenMs, clearedMs }: HealthFigures,
  span: FaultSpan,
  next: FaultSpan | undefined,
  server: string,
  own: readonly HealthSample[],
): void {
  const { kind, check, from, until } = span;
  if (check !== null && span.server !== server) {
    const seen = own.find((one) => one.at >= from && one.at <= until && one.said && check in one.said.wrong);
    if (seen) seenMs[kind] = Math.max(seenMs[kind] ?? 0, seen.until - from);
  }
  const isWell = (one: HealthSample) =>
    one.said?.ready === 200 && Object.keys(one.said.wrong).every((name) => REMEMBERING.includes(name));
  const well = own.find((one) => one.at >= until && one.at < (next?.from ?? Infinity) && isWell(one));
  if (well) clearedMs[kind] = Math.max(clearedMs[kind] ?? 0, well.until - until);
}

const seconds = (ms: number) => Math.round(ms / 100) / 10;
