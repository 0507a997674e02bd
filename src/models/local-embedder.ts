import { Worker } from 'node:worker_threads';
import { type Embedder, EmbedderUnavailable, TextRefused } from './embedder.ts';
import type { InstalledModel } from './local-models.ts';

/** What the thread is given at its start. */
export type ThreadOptions = Pick<InstalledModel, 'folder' | 'maxTokens'>;
/** One text; or the last token that the tokenizer knows, which the model must know, too. */
export type Request = { text: string; highest?: boolean };
/**
 * `unusable`: the files are no model. `refused`: it lies in the text. `failed`: something broke, and the thread is not to be
 * trusted any more.
 */
export type Answer =
  | { vector: Float32Array }
  | { problem: 'unusable' | 'refused' | 'failed'; message: string };

/** A text takes some hundredths of a second, loading a second: on a very busy machine much more. */
const ANSWER_MS = 60_000;
/** Of the thread's objects; what the model itself takes lies beside them. A tokenizer of 250,000 words takes 400. */
const HEAP_MB = 1_024;

/** An embedder that holds a thread until it is closed. */
export interface LocalEmbedder extends Embedder {
  close(): Promise<void>;
  /** Whether the model takes the last token that the tokenizer knows. @throws EmbedderUnavailable, TextRefused */
  checkTokenizer(): Promise<void>;
}

interface Waiting {
  readonly request: Request;
  readonly signal: AbortSignal | null;
  readonly resolve: (vector: Float32Array) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Vectors of a sentence model that runs in a thread of this process. The thread is given one text at a time, and questions
 * go before turns.
 */
export function createLocalEmbedder(model: InstalledModel): LocalEmbedder {
  const { name, dimensions, prefixes } = model;
  const queues = { question: [] as Waiting[], turn: [] as Waiting[] };
  const thread = createModelThread(model);
  let isBusy = false;
  let isClosed = false;

  const work = async () => {
    if (isBusy) return;
    isBusy = true;
    for (;;) {
      const waiting = queues.question.shift() ?? queues.turn.shift();
      if (!waiting) break;
      const answer = await thread.ask(waiting.request);
      if ('vector' in answer) waiting.resolve(answer.vector);
      else waiting.reject(errorOf(name, answer));
    }
    isBusy = false;
    thread.rest();
  };
  const ask = (request: Request, queue: Waiting[], signal: AbortSignal | null) =>
    new Promise<Float32Array>((resolve, reject) => {
      if (isClosed) return reject(new EmbedderUnavailable(`the embedding model "${name}" is closed`));
      const waiting: Waiting = { request, signal, resolve, reject };
      signal?.addEventListener('abort', () => leave(queue, waiting), { once: true });
      queue.push(waiting);
      void work();
    });
  return {
    name,
    dimensions,
    knowsMeaning: true,
    async embed(texts, signal, purpose = 'turn') {
      const vectors: Float32Array[] = [];
      for (const text of texts) {
        signal.throwIfAborted();
        vectors.push(await ask({ text: prefixes[purpose] + text }, queues[purpose], signal));
      }
      return vectors;
    },
    async checkTokenizer() {
      await ask({ text: '', highest: true }, queues.question, null);
    },
    async close() {
      isClosed = true;
      await thread.end();
    },
  };
}

interface ModelThread {
  /** One request at a time. Never rejects: a thread that dies is an answer, and the next request starts another. */
  ask(request: Request): Promise<Answer>;
  /** Nothing is to be asked now: it keeps no process from ending. */
  rest(): void;
  end(): Promise<void>;
}

function createModelThread({ folder, maxTokens }: ThreadOptions): ModelThread {
  let worker: Worker | null = null;
  let isEnded = false;
  const start = () => {
    const workerData = { folder, maxTokens } satisfies ThreadOptions;
    const resourceLimits = { maxOldGenerationSizeMb: HEAP_MB };
    return new Worker(new URL('./local-thread.ts', import.meta.url), { workerData, resourceLimits });
  };
  const replace = async () => {
    const gone = worker;
    worker = null;
    await gone?.terminate();
  };
  const exchange = (asked: Worker, request: Request) =>
    new Promise<Answer>((resolve) => {
      const settle = (answer: Answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      const failed = (message: string) => settle({ problem: 'failed', message });
      const timer = setTimeout(() => failed(`its thread did not answer within ${ANSWER_MS} ms`), ANSWER_MS);
      asked.removeAllListeners();
      // Also what comes when nobody waits, since an error that is not listened to would end the server.
      asked.on('error', (error: Error) => failed(`its thread failed: ${error.message}`));
      asked.on('exit', () => {
        failed('its thread ended');
        if (worker === asked) worker = null;
      });
      asked.on('message', settle);
      asked.postMessage(request);
    });
  return {
    async ask(request) {
      if (isEnded) return { problem: 'failed', message: 'it was closed' };
      worker ??= start();
      worker.ref();
      const answer = await exchange(worker, request);
      if ('problem' in answer && answer.problem !== 'refused') await replace();
      return answer;
    },
    rest: () => worker?.unref(),
    async end() {
      isEnded = true;
      await replace();
    },
  };
}

/** What is not begun is not waited for any more; the thread goes on with what is. */
function leave(queue: Waiting[], waiting: Waiting): void {
  const at = queue.indexOf(waiting);
  if (at >= 0) queue.splice(at, 1);
  waiting.reject(waiting.signal?.reason);
}

function errorOf(name: string, { problem, message }: Extract<Answer, { problem: string }>): Error {
  return problem === 'refused'
    ? new TextRefused(`the embedding model "${name}" refused a text: ${message}`)
    : new EmbedderUnavailable(`the embedding model "${name}" can't be used: ${message}`);
}
