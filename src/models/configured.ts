import type { ModelLevel } from '../config/values.ts';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import type { CallKind, ModelCalls } from './calls.ts';
import type { Embedder } from './embedder.ts';
import { createGuard, type Guard } from './guard.ts';
import type { LanguageModel } from './language-model.ts';
import { createLexicalEmbedder, LEXICAL } from './lexical-embedder.ts';
import { createLocalEmbedder } from './local-embedder.ts';
import {
  folderOf,
  type InstalledModel,
  installedModel,
  LocalModelProblem,
  modelsDirectory,
} from './local-models.ts';
import { createOpenAiCompatibleModel } from './openai-compatible.ts';
import { createOpenAiEmbedder, embeddingDimensions } from './openai-embedder.ts';
import { connectionTo } from './provider.ts';
import { createReachability, type Reachability } from './reachability.ts';
import type { Reranker } from './reranker.ts';

/** What an embedding model gets to say how long its vectors are. */
const EMBEDDER_START_MS = 10_000;

/** An answer of a model, or a batch of vectors, is never as large as this. */
const MAX_BYTES = 67_108_864;
const EMBEDDING_TIMEOUT_MS = 120_000;
/** Thirty numbers, and texts that some servers send back. */
const RERANK_BYTES = 1_048_576;

const MODEL_LEVELS: readonly ModelLevel[] = ['quick', 'standard', 'expert'];
/** After so many failures in a row a model is not asked for a while. */
const BREAKER = { failures: 5, halfOpenAfterMs: 60_000 };

/** What models are built from. */
export interface ModelParts {
  readonly config: Pick<
    Config,
    'dataDirectory' | 'embeddings' | 'languageModels' | 'localEmbeddings' | 'reranking'
  >;
  /** The client for the provider at this address. */
  readonly fetchTo: (url: string, limits: { timeoutMs: number; maxBytes: number }) => typeof fetch;
  /** The provider's key as it is now. */
  readonly secret: (name: 'LLM_API_KEY' | 'EMBEDDINGS_API_KEY' | 'RERANK_API_KEY') => string | null;
  /** Told of every call. */
  readonly calls: ModelCalls;
  /** Characters of an answer that can be stored. */
  readonly maxAnswerCharacters: number;
}

/** The length of a model's vectors is not configured and cannot be asked for; the message is for the operator. */
export class DimensionsUnknown extends Error {
  override readonly name = 'DimensionsUnknown';
}

/**
 * @throws DimensionsUnknown if the length of the model's vectors is not configured and cannot be asked for, LocalModelProblem
 *   if the files of a model that should run here are not
 */
export async function configuredEmbedder(parts: ModelParts): Promise<Embedder> {
  const { embeddings, localEmbeddings } = parts.config;
  const isInside = localEmbeddings !== null || !embeddings;
  return parts.calls.ofEmbedder(await chosenEmbedder(parts), isInside ? 'echo_brain' : 'openai');
}

async function chosenEmbedder(parts: ModelParts): Promise<Embedder> {
  const { localEmbeddings, dataDirectory } = parts.config;
  if (localEmbeddings !== null) return createLocalEmbedder(await localModel(dataDirectory, localEmbeddings));
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

async function localModel(dataDirectory: string, name: string): Promise<InstalledModel> {
  return installedModel(modelsDirectory(dataDirectory), name).catch((error: Error) => {
    throw error instanceof LocalModelProblem ? new LocalModelProblem(`EMBEDDINGS: ${error.message}`) : error;
  });
}

/**
 * The embedder of a model that was used before, if its files are still there, or the same provider may still have it.
 *
 * @throws LocalModelProblem if its files are not what they were
 */
export async function earlierEmbedder(
  parts: ModelParts,
  { name, dimensions }: Pick<Embedder, 'name' | 'dimensions'>,
): Promise<Embedder | null> {
  const folder = folderOf(name);
  if (folder !== null) {
    const installed = await localModel(parts.config.dataDirectory, folder);
    // Of another version of it the vectors cannot be compared.
    return installed.name === name
      ? parts.calls.ofEmbedder(createLocalEmbedder(installed), 'echo_brain')
      : null;
  }
  const connection = embeddingsConnection(parts);
  if (!connection || name.startsWith(LEXICAL)) return null;
  return parts.calls.ofEmbedder(
    // Of one model, another length was asked for.
    createOpenAiEmbedder({
      ...connection,
      ...{ model: name, dimensions, askForDimensions: name === connection.model },
    }),
  );
}

/** What puts hits into order; null where nothing is configured, and then its client is not loaded. */
export async function configuredReranker(parts: ModelParts): Promise<Reranker | null> {
  const { reranking } = parts.config;
  if (!reranking) return null;
  const { createHttpReranker } = await import('./reranker.ts');
  const { baseUrl, model, budgetMs } = reranking;
  return parts.calls.ofReranker(
    createHttpReranker({
      ...{ baseUrl, model },
      apiKey: () => parts.secret('RERANK_API_KEY'),
      // Whoever asks has a clock that is stricter.
      fetch: parts.fetchTo(baseUrl, { timeoutMs: budgetMs + EMBEDDER_START_MS, maxBytes: RERANK_BYTES }),
    }),
  );
}

export function configuredModels(parts: ModelParts): Partial<Record<ModelLevel, LanguageModel>> {
  const { languageModels } = parts.config;
  if (!languageModels) return {};
  const { levels, windows } = languageModels;
  const connection = chatConnection(parts, languageModels);
  const models: Partial<Record<ModelLevel, LanguageModel>> = {};
  for (const [level, model] of Object.entries(levels))
    models[level as ModelLevel] = parts.calls.ofModel(
      'answer',
      createOpenAiCompatibleModel({
        ...connection,
        model,
        window: windows[level as ModelLevel] ?? null,
      }),
    );
  return models;
}

/**
 * A model for work beside answers, behind a queue of its own, with one request at once: whoever waits for an answer goes
 * first.
 *
 * @param kind what it is for
 * @param name the provider's id of the model; null where nothing is configured
 * @param concurrency requests at once, where somebody waits for these, too
 */
export function backgroundModel(
  parts: ModelParts,
  kind: CallKind,
  name: string | null,
  log: Logger,
  concurrency = 1,
): Guard | null {
  const { languageModels } = parts.config;
  if (!languageModels || name === null) return null;
  const { levels, windows } = languageModels;
  const level = MODEL_LEVELS.find((known) => levels[known] === name);
  const model = createOpenAiCompatibleModel({
    ...chatConnection(parts, languageModels),
    model: name,
    window: (level && windows[level]) ?? null,
  });
  return createGuard(parts.calls.ofModel(kind, model), log, { breaker: BREAKER, concurrency });
}

function chatConnection(parts: ModelParts, limits: NonNullable<Config['languageModels']>) {
  const { baseUrl, timeoutMs, stallMs, firstTokenMs, maxTokens } = limits;
  return {
    ...{ baseUrl, timeoutMs, stallMs, firstTokenMs, maxTokens },
    maxCharacters: parts.maxAnswerCharacters,
    apiKey: () => parts.secret('LLM_API_KEY'),
    fetch: parts.fetchTo(baseUrl, {
      // The models' own clocks are stricter.
      timeoutMs: firstTokenMs + timeoutMs + stallMs,
      maxBytes: MAX_BYTES,
    }),
  };
}

/** A server that answers with these is not there, or does not let us in; anything else is a sign of life. */
const AWAY = [401, 403, 502, 503, 504];
const ASK_MS = 5_000;
const ASK_BYTES = 4_194_304;

/** Asks the server of the language models for its list; null where none is configured. It costs no tokens. */
export function modelsReachability(parts: ModelParts): Reachability | null {
  const ask = listAsker(parts);
  return (
    ask &&
    createReachability(async () => {
      const response = await ask();
      await response.body?.cancel();
      if (AWAY.includes(response.status)) throw new Error(`it answers ${response.status}`);
    })
  );
}

/** Reads that list: JSON of whatever shape, to be looked at. Null where no provider is configured. */
export function providerModels(parts: ModelParts): (() => Promise<unknown>) | null {
  const ask = listAsker(parts);
  return ask && (async () => (await ask()).json());
}

function listAsker({ config, secret, fetchTo }: ModelParts): (() => Promise<Response>) | null {
  const { languageModels } = config;
  if (!languageModels) return null;
  const { baseUrl } = languageModels;
  return () => {
    const { url, fetch } = connectionTo({
      baseUrl,
      apiKey: () => secret('LLM_API_KEY'),
      fetch: fetchTo(baseUrl, { timeoutMs: ASK_MS, maxBytes: ASK_BYTES }),
    });
    return fetch(`${url.href.replace(/\/$/, '')}/models`, { signal: AbortSignal.timeout(ASK_MS) });
  };
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
