import type { Owner } from '../../access/principals.ts';
import { EchoError } from '../../errors.ts';
import type { MemoryHit } from '../memory/hits.ts';
import type { ProcessQueryInput } from './accepted.ts';
import { type ProcessedQuery, processQuery, type QueryServices } from './query.ts';

export type QueryStep =
  | { readonly type: 'ACCEPTED'; readonly turnId: string; readonly conversationId: string }
  | {
      readonly type: 'INTENT';
      readonly intent: string;
      readonly confidence: number;
      readonly model: string | null;
    }
  | { readonly type: 'MEMORIES'; readonly memories: readonly MemoryHit[]; readonly degraded: boolean }
  | { readonly type: 'DELTA'; readonly text: string }
  | { readonly type: 'RESTARTED' }
  | { readonly type: 'COMPLETED'; readonly result: ProcessedQuery }
  | { readonly type: 'FAILED'; readonly error: EchoError };

/** A step with its place in the stream. */
export type QueryEvent = QueryStep & { readonly cursor: string; readonly at: Date };

/** Characters of answer that may wait for a slow reader; what is beyond comes in one piece. */
const MAX_WAITING_DELTAS = 256;

/**
 * The same as `processQuery`, told step by step. The last event is COMPLETED or FAILED.
 *
 * The query runs on its own: a reader who leaves or stalls neither stops nor delays it, and the turn is stored.
 * An answer that came from no stream (the character database, memory) is one delta.
 */
export async function* streamQuery(
  services: QueryServices,
  owner: Owner,
  input: ProcessQueryInput,
): AsyncGenerator<QueryEvent> {
  const queue: QueryStep[] = [];
  let wake: () => void = () => undefined;
  let ended = false;
  let shown = '';
  let waitingDeltas = 0;
  const push = (step: QueryStep) => {
    const last = queue.at(-1);
    if (step.type === 'DELTA' && last?.type === 'DELTA' && waitingDeltas >= MAX_WAITING_DELTAS) {
      queue[queue.length - 1] = { type: 'DELTA', text: last.text + step.text };
    } else {
      if (step.type === 'DELTA') waitingDeltas++;
      queue.push(step);
    }
    wake();
  };
  const restart = () => {
    if (shown !== '') push({ type: 'RESTARTED' });
    shown = '';
  };
  const running = processQuery(services, owner, input, {
    accepted: (query) => push({ type: 'ACCEPTED', ...query }),
    intent: ({ intent, confidence, model }) => push({ type: 'INTENT', intent, confidence, model }),
    memories: (memories, degraded) => push({ type: 'MEMORIES', memories, degraded }),
    delta: (text) => {
      shown += text;
      push({ type: 'DELTA', text });
    },
    restart: () => restart(),
  });
  const finished = running
    .then(
      (result) => {
        const { response } = result.interaction;
        // Whatever was stored: the pieces since the last restart, joined, are the response.
        if (response !== shown) {
          restart();
          if (response !== '') push({ type: 'DELTA', text: response });
        }
        push({ type: 'COMPLETED', result });
      },
      (error: unknown) => {
        if (error instanceof EchoError) push({ type: 'FAILED', error });
        else throw error;
      },
    )
    .finally(() => {
      ended = true;
      wake();
    });
  // A reader who left early never awaits it; the error itself is not lost: it is logged here.
  finished.catch((error: unknown) => services.log.error({ err: error }, 'a streamed query failed'));

  let position = 0;
  for (;;) {
    const step = queue.shift();
    if (step) {
      if (step.type === 'DELTA') waitingDeltas--;
      yield { ...step, cursor: String(++position), at: new Date() };
    } else if (ended) {
      await finished;
      return;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
