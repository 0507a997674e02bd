import { z } from 'zod';
import { UrlForbidden } from '../errors.ts';
import { type Embedder, EmbedderUnavailable, scaledToOne, TextRefused } from './embedder.ts';
import { connectionTo, type ProviderOptions } from './provider.ts';

export interface OpenAiEmbedderOptions extends ProviderOptions {
  /** The provider's id of the model. */
  readonly model: string;
  /** Length of its vectors; asked for where the provider can shorten them. */
  readonly dimensions: number;
  /** Whether the length was configured, and is to be asked for, or is the model's own. */
  readonly askForDimensions: boolean;
}

/** Texts of one request: what small servers take. */
const TEXTS_PER_CALL = 64;
const MAX_DETAIL = 300;
/** These say that the request was understood and is not liked, whatever is sent next. */
const REFUSALS = [400, 413, 422];

const Answer = z.object({
  data: z.array(
    z.object({ index: z.int().nullish(), embedding: z.union([z.array(z.number()), z.string()]) }),
  ),
});

/**
 * An embedding model behind an endpoint that speaks the OpenAI protocol (Ollama, vLLM, llama.cpp, hosted ones). It
 * tries each request once: callers know better when to try again, and with what.
 */
export function createOpenAiEmbedder(options: OpenAiEmbedderOptions): Embedder {
  const { dimensions } = options;
  return {
    name: options.model,
    dimensions,
    knowsMeaning: true,
    async embed(texts, signal) {
      const vectors: Float32Array[] = [];
      for (let at = 0; at < texts.length; at += TEXTS_PER_CALL)
        vectors.push(...(await request(options, texts.slice(at, at + TEXTS_PER_CALL), signal)));
      return vectors;
    },
  };
}

/**
 * Length of the vectors that a model makes, found by asking for one.
 *
 * @throws EmbedderUnavailable, TextRefused
 */
export async function embeddingDimensions(
  options: ProviderOptions & { readonly model: string },
  signal: AbortSignal,
): Promise<number> {
  const asked = createOpenAiEmbedder({ ...options, dimensions: 0, askForDimensions: false });
  const [vector] = await asked.embed(['ping'], signal);
  if (!vector?.length) throw new EmbedderUnavailable(`the embedding model "${options.model}" made no vector`);
  return vector.length;
}

async function request(
  options: OpenAiEmbedderOptions,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<Float32Array[]> {
  const { model, dimensions, askForDimensions } = options;
  const { url, fetch } = connectionTo(options);
  const body = { model, input: texts, encoding_format: 'float', ...(askForDimensions && { dimensions }) };
  try {
    const response = await fetch(`${url.href.replace(/\/$/, '')}/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    const text = await response.text();
    if (!response.ok) throw refusalOf(model, response.status, text);
    return vectorsOf(model, text, texts.length);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TextRefused || error instanceof EmbedderUnavailable) throw error;
    if (error instanceof UrlForbidden)
      throw new EmbedderUnavailable(`the embedding model "${model}" must not be called: ${error.message}`);
    throw new EmbedderUnavailable(`the embedding model "${model}" could not be reached`);
  }
}

function refusalOf(model: string, status: number, body: string): Error {
  if (!REFUSALS.includes(status) && status < 500)
    return new EmbedderUnavailable(`the embedding model "${model}" can't be used (${status})`);
  return new TextRefused(
    `the embedding model "${model}" refused a text (${status})`,
    body.slice(0, MAX_DETAIL),
  );
}

/** Vectors in the order of the texts: by their index where they have one, for not every server keeps the order. */
function vectorsOf(model: string, text: string, count: number): Float32Array[] {
  const { data, success } = Answer.safeParse(jsonOf(text));
  if (!success) throw new TextRefused(`the embedding model "${model}" sent an answer that can't be read`);
  const items = data.data;
  if (items.length !== count)
    throw new TextRefused(`the embedding model "${model}" made ${items.length} vectors of ${count} texts`);
  if (items.some(({ index }) => typeof index === 'number')) {
    const indexes = new Set(items.map(({ index }) => index));
    if (items.some((_, at) => !indexes.has(at)))
      throw new TextRefused(`the embedding model "${model}" did not say which vector is of which text`);
    items.sort((a, b) => (a.index ?? 0) - (b.index ?? 0));
  }
  return items.map(({ embedding }) =>
    scaledToOne(model, typeof embedding === 'string' ? fromBase64(model, embedding) : embedding),
  );
}

/** Some servers send 32-bit floats, little-endian, in base64, whatever they were asked for. */
function fromBase64(model: string, encoded: string): number[] {
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length === 0 || bytes.length % 4 !== 0)
    throw new TextRefused(`the embedding model "${model}" sent a vector that can't be read`);
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
