import { APICallError, embedMany } from 'ai';
import { UrlForbidden } from '../domains/errors.ts';
import { type Embedder, EmbedderUnavailable } from './embedder.ts';
import { createProvider, type ProviderOptions } from './provider.ts';

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
/** One more attempt is worth while; after that the caller knows better how long to wait. */
const MAX_RETRIES = 1;

/** An embedding model behind an endpoint that speaks the OpenAI protocol (Ollama, vLLM, hosted ones). */
export function createOpenAiEmbedder(options: OpenAiEmbedderOptions): Embedder {
  const model = createProvider(options).embeddingModel(options.model);
  const { dimensions } = options;
  return {
    name: options.model,
    dimensions,
    knowsMeaning: true,
    async embed(texts, signal) {
      const vectors: Float32Array[] = [];
      for (let at = 0; at < texts.length; at += TEXTS_PER_CALL) {
        const values = texts.slice(at, at + TEXTS_PER_CALL);
        const { embeddings } = await embedMany({
          model,
          values,
          abortSignal: signal,
          maxRetries: MAX_RETRIES,
          telemetry: { isEnabled: false },
          ...(options.askForDimensions && { providerOptions: { openaiCompatible: { dimensions } } }),
        }).catch((error: unknown) => {
          signal.throwIfAborted();
          throw asEmbedderError(options.model, error);
        });
        for (const embedding of embeddings) vectors.push(scaledToOne(embedding));
      }
      return vectors;
    },
  };
}

/**
 * Length of the vectors that a model makes, found by asking for one.
 *
 * @throws EmbedderUnavailable
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

/** The provider refuses a text (400, 413, 422), or it is down, overloaded, or refuses us. */
function asEmbedderError(model: string, error: unknown): Error {
  const cause = (error as { lastError?: unknown }).lastError ?? error;
  if (cause instanceof UrlForbidden)
    return new EmbedderUnavailable(`the embedding model "${model}" must not be called: ${cause.message}`);
  if (!APICallError.isInstance(cause))
    return new EmbedderUnavailable(`the embedding model "${model}" sent an answer that can't be read`);
  const status = cause.statusCode;
  if (status !== undefined && [400, 413, 422].includes(status))
    return new Error(`the embedding model "${model}" refused a text (${status})`);
  return new EmbedderUnavailable(
    status === undefined
      ? `the embedding model "${model}" could not be reached`
      : `the embedding model "${model}" can't answer now (${status})`,
  );
}

function scaledToOne(embedding: readonly number[]): Float32Array {
  const length = Math.hypot(...embedding) || 1;
  return Float32Array.from(embedding, (value) => value / length);
}
