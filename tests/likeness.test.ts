import { expect, test } from 'vitest';
import type { Candidate } from '../src/domains/memory/candidates.ts';
import { likenessAmong, placesOf } from '../src/domains/memory/likeness.ts';
import type { PooledTurn } from '../src/domains/memory/pool.ts';
import { judge, readQuestion } from '../src/domains/memory/scoring.ts';
import { timeless } from '../src/domains/spoken-times/spoken-times.ts';

const AT = new Date('2026-03-01T10:00:00Z');
/** A turn of one conversation, ten seconds after the one before. */
function said(sequence: number, cosine: number | null, query = 'We walked by the river'): Candidate {
  const timestamp = new Date(AT.getTime() + sequence * 10_000);
  const turn: PooledTurn = {
    ...{ id: sequence, turnId: `t${sequence}`, conversationId: 'c', sequence, sessionId: null, timestamp },
    ...{ speaker: null, responder: null, characterId: null, characterIds: null },
    ...{ status: 'RECORDED', modelUsed: 'recorded', query, response: '' },
  };
  return {
    turn,
    words: {
      document: sequence,
      score: 1,
      near: 0.5,
      own: 0.5,
      terms: { terms: [], said: new Uint8Array() },
      place: 0,
    },
    meaning: null,
    cosine,
  };
}

function orderOf(candidates: readonly Candidate[]): number[] {
  const text = 'what pets does she have';
  const question = readQuestion(text, { speakers: new Set(), characterIds: [], times: timeless(text) });
  const judged = judge(question, candidates, new Date('2026-06-01T00:00:00Z'));
  return candidates
    .map(({ turn }, at) => ({ sequence: turn.sequence, fused: judged[at]?.fused ?? 0 }))
    .sort((a, b) => b.fused - a.fused)
    .map(({ sequence }) => sequence);
}

test('of turns that share as many words, the one that is more like the question comes first', () => {
  expect(orderOf([said(10, 0.1), said(20, 0.5), said(30, 0.3)])).toEqual([20, 30, 10]);
});

test('what is said around a turn counts with it, nearer turns more', () => {
  const likely = said(11, 0.9);
  const candidates = [said(10, 0.2), likely, said(12, 0.2), said(13, 0.2), said(14, 0.2)];
  const { around } = likenessAmong(candidates, placesOf(candidates)) ?? { around: [] };
  const [before, itself, next, afterNext, further] = around;
  expect(itself).toBeGreaterThan(next!);
  // What follows an answer is more likely of it than what comes before.
  expect(next).toBeGreaterThan(before!);
  expect(before).toBeGreaterThan(afterNext!);
  expect(afterNext).toBeGreaterThan(further!);
});

test('a turn whose likeness is not known is as good as the mean', () => {
  const candidates = [said(10, 0.1), said(20, null), said(30, 0.3)];
  const near = [expect.closeTo(-0.25), 0, expect.closeTo(0.25)];
  expect(likenessAmong(candidates, placesOf(candidates))).toEqual({ own: near, around: near });
});

test('where no likeness is known, or all are alike, it changes nothing', () => {
  const unknown = [said(10, null), said(20, null)];
  expect(likenessAmong(unknown, placesOf(unknown))).toBeNull();
  const alike = [said(10, 0.5), said(20, 0.5)];
  expect(likenessAmong(alike, placesOf(alike))).toEqual({ own: [0, 0], around: [0, 0] });
});
