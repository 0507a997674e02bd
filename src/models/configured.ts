import type { ModelLevel } from '../config/values.ts';
import type { Config } from '../config.ts';
import type { Embedder } from './embedder.ts';
import type { LanguageModel } from './language-model.ts';
import { createLexicalEmbedder, LEXICAL } from './lexical-embedder.ts';
import { createOpenAiCompatibleModel } from './openai-compatible.ts';
import { createOpenAiEmbedder, embeddingDimensions } from './openai-embedder.ts';
import { connectionTo } from './provider.ts';
import { createReachability, type Reachability } from './reachability.ts';

/** What an embedding model gets to say how long its vectors are. */
const EMBEDDER_START_MS = 10_000;

/** An answer of a model, or a batch of vectors, is never as large as this. */
const MAX_BYTES = 67_108_864;
const EMBEDDING_TIMEOUT_MS = 120_000;

/** What models are built from. */
export interface ModelParts {
  readonly config: Pick<Config, 'embeddings' | 'languageModels'>;
  /** The client for the provider at this address. */
  readonly fetchTo: (url: string, limits: { timeoutMs: number; maxBytes: number }) => typeof fetch;
  /** The provider's key as it is now. */
  readonly secret: (name: 'LLM_API_KEY' | 'EMBEDDINGS_API_KEY') => string | null;
  /** Characters of an answer that can be stored. */
  readonly maxAnswerCharacters: number;
}

/** The length of a model's vectors is not configured and cannot be asked for; the message is for the operator. */
export class DimensionsUnknown extends Error {
  override readonly name = 'DimensionsUnknown';
}

/** @throws DimensionsUnknown if the length of the model's vectors is not configured and cannot be asked for */
export async function configuredEmbedder(parts: ModelParts): Promise<Embedder> {
  const connection = embeddingsConnection(parts);
  if (!connection) return createLexicalEmbedder();
  const { dimensions: configured } = connection;
  if (configured !== null)
    return createOpenAiEmbedder({ ...connection, dimensions: configured, askForDimensions: true });
  const dimensions = await embeddingDimensions(connection, AbortSignal.timeout(EMBEDDER_START_MS)).catch(
    (error: Error) => {
      throw new DimensionsUnknown(
        `EMBEDDINGS_DIMENSIONS: must be set while the embedding model cannot be asked (${error.message})`,
      );
    },
  );
  return createOpenAiEmbedder({ ...connection, dimensions, askForDimensions: false });
}

/** The embedder of a model that was used before, if the same provider may still have it. */
export function embedderOf(
  parts: ModelParts,
  { name, dimensions }: Pick<Embedder, 'name' | 'dimensions'>,
): Embedder | null {
  const connection = embeddingsConnection(parts);
  if (!connection || name.startsWith(LEXICAL)) return null;
  return createOpenAiEmbedder({ ...connection, model: name, dimensions, askForDimensions: false });
}

export function configuredModels(parts: ModelParts): Partial<Record<ModelLevel, LanguageModel>> {
  const { languageModels } = parts.config;
  if (!languageModels) return {};
  const { levels, windows, prices: _prices, concurrency: _concurrency, ...limits } = languageModels;
  const connection = {
    ...limits,
    maxCharacters: parts.maxAnswerCharacters,
    apiKey: () => parts.secret('LLM_API_KEY'),
    fetch: parts.fetchTo(limits.baseUrl, {
      // The models' own clocks are stricter.
      timeoutMs: limits.firstTokenMs + limits.timeoutMs + limits.stallMs,
      maxBytes: MAX_BYTES,
    }),
  };
  const models: Partial<Record<ModelLevel, LanguageModel>> = {};
  for (const [level, model] of Object.entries(levels))
    models[level as ModelLevel] = createOpenAiCompatibleModel({
      ...connection,
      model,
      window: windows[level as ModelLevel] ?? null,
    });
  return models;
}

/** A server that answers with these is not there, or does not let us in; anything else is a sign of life. */
const AWAY = [401, 403, 502, 503, 504];
const ASK_MS = 5_000;
const ASK_BYTES = 4_194_304;

/** Asks the server of the language models for its list; null where none is configured. It costs no tokens. */
export function modelsReachability({ config, secret, fetchTo }: ModelParts): Reachability | null {
  const { languageModels } = config;
  if (!languageModels) return null;
  const { baseUrl } = languageModels;
  return createReachability(async () => {
    const { url, fetch } = connectionTo({
      baseUrl,
      apiKey: () => secret('LLM_API_KEY'),
      fetch: fetchTo(baseUrl, { timeoutMs: ASK_MS, maxBytes: ASK_BYTES }),
    });
    const response = await fetch(`${url.href.replace(/\/$/, '')}/models`, {
      signal: AbortSignal.timeout(ASK_MS),
    });
    await response.body?.cancel();
    if (AWAY.includes(response.status)) throw new Error(`it answers ${response.status}`);
  });
}

function embeddingsConnection({ config: { embeddings }, secret, fetchTo }: ModelParts) {
  if (!embeddings) return null;
  const limits = { timeoutMs: EMBEDDING_TIMEOUT_MS, maxBytes: MAX_BYTES };
  return {
    ...embeddings,
    apiKey: () => secret('EMBEDDINGS_API_KEY'),
    fetch: fetchTo(embeddings.baseUrl, limits),
  };
}
