import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import type { Fetch, Outbound } from '../outbound/outbound.ts';
import {
  Histories,
  type History,
  ModelNames,
  pictureIn,
  Queue,
  Refusal,
  whatFailed,
} from './comfyui-answers.ts';
import { type ComfyUiEvents, listen } from './comfyui-events.ts';
import {
  type DrawOptions,
  GraphRefused,
  type ImageMaker,
  MakerAway,
  PictureMissing,
  RunFailed,
} from './image-maker.ts';

export interface ComfyUiOptions {
  readonly url: string;
  readonly outbound: Pick<Outbound, 'fetcherTo' | 'socketTo'>;
  /** Milliseconds without a sign of a run that is said to run. */
  readonly stallMs: number;
}

const REQUEST_MS = 30_000;
/** Of a picture or video, and of any other answer. */
const MAX_BYTES = 64_000_000;
/** Between looks at how a run stands: what its events say is only a hint. */
const LOOK_MS = 1_000;
/** Looks that find nothing, or get no answer, one after the other. */
const MOST_MISSED = 5;
const STOP_MS = 2_000;

/**
 * ComfyUI over HTTP and WebSocket (`server.py` of Comfy-Org/ComfyUI). Its queue and its history say how a run stands; events only
 * tell progress and that it is time to look, since those that are missed never come again.
 */
export class ComfyUi implements ImageMaker {
  readonly #url: string;
  readonly #fetch: Fetch;
  readonly #options: ComfyUiOptions;

  constructor(options: ComfyUiOptions) {
    this.#options = options;
    this.#url = options.url.replace(/\/+$/, '');
    this.#fetch = options.outbound.fetcherTo(this.#url, { timeoutMs: REQUEST_MS, maxBytes: MAX_BYTES });
  }

  async draw(options: DrawOptions): Promise<Buffer> {
    const { runId, signal } = options;
    signal.throwIfAborted();
    // Before the run begins, or its first events are missed.
    const events = await listen(this.#options.outbound, `${this.#url}/ws?clientId=${runId}`, options);
    try {
      if ((await this.#history(runId, signal)) === null && !(await this.#isQueued(runId, signal)))
        await this.#begin(options);
      const entry = await this.#ended(options, events);
      return await this.#pictureOf(entry, signal);
    } finally {
      events.close();
    }
  }

  async stop(runId: string): Promise<void> {
    const signal = AbortSignal.timeout(STOP_MS);
    await this.#post('/queue', { delete: [runId] }, signal);
    await this.#post('/interrupt', { prompt_id: runId }, signal);
  }

  async checkpoints(): Promise<string[]> {
    return this.#get(ModelNames, '/models/checkpoints', AbortSignal.timeout(REQUEST_MS));
  }

  /** @throws GraphRefused */
  async #begin({ runId, graph, signal }: DrawOptions): Promise<void> {
    const response = await this.#post(
      '/prompt',
      { prompt: graph, prompt_id: runId, client_id: runId },
      signal,
    );
    const refusal = Refusal.safeParse(await response.json().catch(() => null));
    if (response.status === 200) {
      // Only some of the outputs were taken: what comes may not be what was asked for.
      const { node_errors: errors } = refusal.data ?? {};
      if (!errors || Object.keys(errors).length === 0) return;
      await this.stop(runId).catch(() => undefined);
      throw new GraphRefused(whatFailed(refusal.data));
    }
    if (response.status === 400) throw new GraphRefused(whatFailed(refusal.data));
    throw new MakerAway(`ComfyUI answered ${response.status} to a new run`);
  }

  /** Waits until the history has it. */
  async #ended({ runId, signal }: DrawOptions, events: ComfyUiEvents): Promise<History> {
    let [unknown, unanswered] = [0, 0];
    for (;;) {
      try {
        const entry = await this.#history(runId, signal);
        if (entry) return entry;
        const place = await this.#isQueued(runId, signal);
        unanswered = 0;
        unknown = place ? 0 : unknown + 1;
        if (place === 'running' && performance.now() - events.lastAt > this.#options.stallMs) {
          await this.stop(runId).catch(() => undefined);
          throw new RunFailed(
            'RUN_STALLED',
            `nothing was heard of the run for ${this.#options.stallMs / 1_000} s`,
          );
        }
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof MakerAway) || ++unanswered >= MOST_MISSED) throw error;
      }
      // Between the end of a run and its history nobody knows of it.
      if (unknown >= MOST_MISSED)
        throw new RunFailed(
          'RUN_LOST',
          'ComfyUI does not know the run any more; it was restarted, or somebody deleted it',
        );
      await Promise.race([pause(LOOK_MS, undefined, { signal }), events.next()]).catch(() => undefined);
      signal.throwIfAborted();
    }
  }

  async #history(runId: string, signal: AbortSignal): Promise<History | null> {
    return (await this.#get(Histories, `/history/${runId}`, signal))[runId] ?? null;
  }

  async #isQueued(runId: string, signal: AbortSignal): Promise<'running' | 'pending' | null> {
    const { queue_running: running, queue_pending: pending } = await this.#get(Queue, '/queue', signal);
    if (running.some(([, id]) => id === runId)) return 'running';
    return pending.some(([, id]) => id === runId) ? 'pending' : null;
  }

  /** @throws RunFailed, PictureMissing */
  async #pictureOf(entry: History, signal: AbortSignal): Promise<Buffer> {
    const { status } = entry;
    if (status?.status_str === 'error') {
      const of = (name: string) => status.messages.find(([event]) => event === name)?.[1];
      if (of('execution_interrupted'))
        throw new RunFailed('RUN_INTERRUPTED', 'somebody interrupted the run in ComfyUI');
      const { exception_type: type, exception_message: words, node_type: node } = of('execution_error') ?? {};
      const first = String(words ?? 'no reason was given').split('\n', 1)[0] ?? '';
      throw new RunFailed(
        'RUN_FAILED',
        `${type ?? 'an error'} in the node ${node ?? '(unknown)'}: ${first.slice(0, 500)}`,
      );
    }
    const picture = pictureIn(entry);
    if (!picture) throw new PictureMissing('the run ended, and none of its nodes gave a picture or a video');
    const asked = new URLSearchParams(picture);
    const response = await this.#request(`/view?${asked}`, { signal });
    if (response.status !== 200)
      throw new PictureMissing(`ComfyUI answered ${response.status} when it was asked for the picture`);
    const bytes = await response.arrayBuffer().catch((error: Error) => {
      signal.throwIfAborted();
      throw new PictureMissing(`the picture did not come to its end: ${error.message}`);
    });
    if (bytes.byteLength === 0) throw new PictureMissing('the picture is empty');
    return Buffer.from(bytes);
  }

  async #get<S extends z.ZodType>(schema: S, path: string, signal: AbortSignal): Promise<z.output<S>> {
    const response = await this.#request(path, { signal });
    const parsed = schema.safeParse(response.ok ? await response.json().catch(() => undefined) : undefined);
    if (!parsed.success)
      throw new MakerAway(`the answer to GET ${path.split('/')[1]} (${response.status}) is not ComfyUI’s`);
    return parsed.data;
  }

  #post(path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return this.#request(path, { method: 'POST', headers, body: JSON.stringify(body), signal });
  }

  /** @throws MakerAway */
  async #request(path: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(`${this.#url}${path}`, init);
    } catch (error) {
      init.signal?.throwIfAborted();
      const { name, cause } = error as Error & { cause?: { code?: string } };
      const why =
        name === 'TimeoutError' ? 'did not answer in time' : `could not be reached (${cause?.code ?? name})`;
      throw new MakerAway(`ComfyUI ${why}`);
    }
  }
}
