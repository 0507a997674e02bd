import { setTimeout as delay } from 'node:timers/promises';
import { type Outcome, type Sender, type Wire, wireOf } from './client.ts';
import type { Finding } from './findings.ts';
import type { Batch, Epoch, RefusedContent } from './ledger.ts';
import { planBatch, planChallenge } from './plan.ts';
import type { Random } from './random.ts';
import type { Gate, Traffic } from './traffic.ts';

export interface WriterOptions {
  readonly number: number;
  readonly random: Random;
  readonly client: Sender;
  /** One server does not know what another one keeps in its journal: only what was committed is sent again there. */
  readonly severalServers?: boolean;
  readonly gate: Gate;
  readonly traffic: Traffic;
  /** The stretch that is being written now. */
  readonly epoch: () => Epoch;
  readonly report: (finding: Finding) => void;
  /** Set when the run is given up: nothing is retried any more. */
  readonly abandoned: AbortSignal;
  /** Milliseconds that it rests at most between two requests; absent: hardly. */
  readonly restMs?: number;
}

/** Shares of what a writer does beside sending and retrying. */
const TWICE_AT_FIRST = 0.04;
const TWICE_ON_RETRY = 0.25;
const REPLAY = 0.05;
const CHALLENGE = 0.06;

/** Sends one request after another, each until it is acknowledged, until the gate stops it. */
export async function runWriter(options: WriterOptions): Promise<void> {
  const { number, random, gate } = options;
  for (let count = 0; await gate.enter(); count++) {
    const decisions = random.fork(count);
    try {
      await work(options, decisions, count);
    } finally {
      gate.leave();
    }
    await delay(decisions.integer(0, options.restMs ?? (number % 2 === 0 ? 12 : 40)));
  }
}

async function work(options: WriterOptions, random: Random, count: number): Promise<void> {
  const epoch = options.epoch();
  const mark = `${options.number}.${count}`;
  const { batch, input } = planBatch(random.fork('plan'), epoch, options.number, mark);
  epoch.batches.push(batch);
  options.traffic.turnsSent.total += batch.turns.length;
  const wire = wireOf(batch.door, input);
  await deliver(options, random.fork('delivery'), batch, wire);
  if (batch.ackedAt === null || batch.turns[0]?.key === null) return;
  if (options.severalServers && batch.durability !== 'COMMITTED') return;
  if (random.chance(REPLAY)) await send(options, batch, wire);
  if (random.chance(CHALLENGE)) {
    const challenge = planChallenge(random.fork('challenge'), batch, input, mark);
    const rekeyed = await insist(options, wireOf(batch.door, challenge.input), challenge.refused);
    epoch[rekeyed ? 'rekeyed' : 'refused'].push(challenge.refused);
  }
}

/** Sends until it is acknowledged; without a key only once, because then nobody may send again. */
async function deliver(options: WriterOptions, random: Random, batch: Batch, wire: Wire): Promise<void> {
  const keyed = batch.turns[0]?.key !== null;
  for (let attempt = 0; !options.abandoned.aborted; attempt++) {
    const twice = keyed && random.chance(attempt === 0 ? TWICE_AT_FIRST : TWICE_ON_RETRY);
    const sending = [send(options, batch, wire)];
    if (twice) sending.push(send(options, batch, wire));
    const outcomes = await Promise.all(sending);
    if (batch.ackedAt !== null || !keyed || outcomes.some(({ kind }) => kind === 'refused')) return;
    await delay(random.integer(5, Math.min(20 * (attempt + 1), 200)));
  }
}

/** One attempt, entered into the ledger. */
async function send(options: WriterOptions, batch: Batch, wire: Wire): Promise<Outcome> {
  const { traffic, client, report } = options;
  batch.attempts++;
  if (batch.sentAt === 0) batch.sentAt = performance.now();
  const answering = client.attempt(wire);
  traffic.note('sent');
  const outcome = await answering;
  if (outcome.kind === 'unknown') traffic.noteUnknown(outcome.reason);
  if (outcome.kind === 'refused') {
    const detail = `${batch.door} of ${batch.turns[0]?.mark}: ${outcome.code} ${outcome.message}`;
    report({ check: 'wrongly-refused', conversationId: batch.conversationId, detail });
  }
  if (outcome.kind === 'acknowledged') {
    if (batch.ackedAt === null)
      traffic.noteAcknowledged(outcome.durability, batch.turns.length, outcome.milliseconds);
    traffic.note('acked');
    enter(batch, outcome, report);
  }
  return outcome;
}

function enter(
  batch: Batch,
  outcome: Outcome & { kind: 'acknowledged' },
  report: (finding: Finding) => void,
): void {
  const { conversationId } = batch;
  if (outcome.turns.length !== batch.turns.length)
    report({
      check: 'lost',
      conversationId,
      detail: `${batch.turns.length} turns sent, ${outcome.turns.length} acknowledged`,
    });
  for (const [index, turn] of batch.turns.entries()) {
    const acked = outcome.turns[index];
    if (!acked) continue;
    if (batch.door !== 'recordTurns' && acked.response === '') {
      const detail = `${batch.door}: ${turn.mark} (${acked.turnId}) was acknowledged without an answer`;
      report({ check: 'unanswered', conversationId, detail });
    }
    if (turn.acked && turn.acked.turnId !== acked.turnId)
      report({
        check: 'duplicated',
        conversationId,
        detail: `${turn.mark} was acknowledged as ${turn.acked.turnId} and as ${acked.turnId}`,
      });
    if (turn.acked && turn.acked.response !== acked.response)
      report({
        check: 'altered',
        conversationId,
        detail: `${turn.mark} was acknowledged with two different responses, the second ${outcome.durability}`,
      });
    if (!turn.acked || turn.acked.sequence === null) turn.acked = acked;
  }
  if (batch.ackedAt === null) batch.firstDurability = outcome.durability;
  // Later is stronger: a turn that was journaled may be committed by the time of its replay.
  if (batch.durability !== 'COMMITTED') batch.durability = outcome.durability;
  batch.ackedAt ??= performance.now();
}

/**
 * Sends another content under a key that is taken, until the server has decided: it must refuse.
 *
 * @returns true if only the journal took it, because the database that knew of the key was away
 */
async function insist(options: WriterOptions, wire: Wire, refused: RefusedContent): Promise<boolean> {
  const { client, traffic, abandoned, report } = options;
  while (!abandoned.aborted) {
    const outcome = await client.attempt(wire);
    if (outcome.kind === 'unknown') {
      // It may have been journaled without an answer; only the stored turns tell.
      refused.unsure = true;
      traffic.noteUnknown(outcome.reason);
      await delay(20);
      continue;
    }
    if (outcome.kind === 'acknowledged' && outcome.durability !== 'COMMITTED') {
      traffic.rekeyed++;
      return true;
    }
    if (outcome.kind === 'refused' && outcome.code === 'IDEMPOTENCY_KEY_REUSED') {
      traffic.refusals++;
      return false;
    }
    const said = outcome.kind === 'refused' ? outcome.code : 'acknowledged';
    const detail = `${wire.door} with another content under a used key: ${said} (${refused.marks.join(', ')}, ${refused.unsure ? 'after an unknown attempt' : 'at once'})`;
    report({ check: 'wrongly-accepted', conversationId: refused.conversationId, detail });
    return false;
  }
  return false;
}
