import { type Embedder, EmbedderUnavailable, embedTexts, TextRefused } from '../../models/embedder.ts';
import type { EmbeddingPace } from './embedding-pace.ts';

export interface EachOptions {
  readonly embedder: Embedder;
  /** What one request may take, in milliseconds. */
  readonly requestMs: number;
  readonly signal: AbortSignal;
  /** Waited for before each request. */
  readonly before?: () => Promise<void>;
  /** Learns from each request, by the characters of the turns themselves. */
  readonly pace?: Pick<EmbeddingPace, 'observe' | 'gaveUp'>;
}

/** What is embedded of a turn. */
export interface TextOfTurn {
  readonly text: string;
}

/** A text's vector, or why it gets none, although others get theirs. */
export type Embedded = Float32Array | TextRefused;

/** A text that any model can take: what it fails with, everything fails with. */
export const PROBE = 'ping';
const PROBE_MS = 5_000;
/** No text is cut shorter: what is refused then is refused for something else. */
const SHORTEST = 64;

/**
 * Embeds texts so that none keeps the others from their vectors. Servers answer all kinds of things to a text that they
 * cannot take: 400, 413, 422, but also 500, a connection that is cut, or nothing. So whatever goes wrong, a text that
 * must work is tried: where it fails too, the model is away; else it lies in the texts, and they are halved until one
 * is left. This one is shortened, half by half.
 *
 * @returns for each text its vector or the reason why it has none
 * @throws EmbedderUnavailable where no text gets a vector, and the reason of the signal
 */
export async function embedEach(options: EachOptions, turns: readonly TextOfTurn[]): Promise<Embedded[]> {
  const [first] = turns;
  if (!first) return [];
  const whole = await tryOnce(
    options,
    turns.map(({ text }) => text),
  );
  if (whole.vectors) return whole.vectors;
  await checkModel(options);
  if (turns.length === 1) return [(await shortened(options, first.text)) ?? refusalOf(whole.error)];
  const middle = Math.ceil(turns.length / 2);
  return [
    ...(await embedEach(options, turns.slice(0, middle))),
    ...(await embedEach(options, turns.slice(middle))),
  ];
}

/**
 * Asks for a vector of a text that must work.
 *
 * @throws EmbedderUnavailable, with the reason
 */
export async function probe(embedder: Embedder, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(PROBE_MS);
  await embedTexts(embedder, [PROBE], AbortSignal.any([signal, deadline]), 'question').catch(
    (error: Error) => {
      signal.throwIfAborted();
      throw new EmbedderUnavailable(
        deadline.aborted
          ? `the embedding model "${embedder.name}" does not answer within ${PROBE_MS} ms`
          : error.message,
      );
    },
  );
}

/** The text cut to its half, its quarter and so on, until it is taken. @returns null if no beginning of it is */
async function shortened(options: EachOptions, text: string): Promise<Float32Array | null> {
  for (let length = Math.floor(text.length / 2); length >= SHORTEST; length = Math.floor(length / 2)) {
    const { vectors } = await tryOnce(options, [text.slice(0, length).toWellFormed()]);
    if (vectors) return vectors[0] ?? null;
    await checkModel(options);
  }
  return null;
}

async function checkModel({ embedder, signal, before }: EachOptions): Promise<void> {
  await before?.();
  await probe(embedder, signal);
}

async function tryOnce(
  { embedder, requestMs, signal, before, pace }: EachOptions,
  texts: readonly string[],
): Promise<{ vectors: Float32Array[]; error?: never } | { vectors?: never; error: Error }> {
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  await before?.();
  signal.throwIfAborted();
  const started = performance.now();
  try {
    const vectors = await embedTexts(
      embedder,
      texts,
      AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
    );
    pace?.observe(characters, performance.now() - started);
    return { vectors };
  } catch (error) {
    signal.throwIfAborted();
    const isLate = (error as Error).name === 'TimeoutError';
    if (isLate) pace?.gaveUp(characters, performance.now() - started);
    return {
      error: isLate
        ? new TextRefused(
            `the embedding model "${embedder.name}" took longer than ${requestMs} ms for a text`,
          )
        : (error as Error),
    };
  }
}

function refusalOf(error: Error): TextRefused {
  return error instanceof TextRefused ? error : new TextRefused(error.message);
}
