import { z } from 'zod';
import { hasLogin, models, oneOf, prices, type RawSettings, url, wholeNumber, windows } from './values.ts';

/** Language models, the embedding model, and where vectors are kept. */
export const settings = {
  QDRANT_URL: url('http:', 'https:').optional(),
  QDRANT_API_KEY: z.string().optional(),
  QDRANT_COLLECTION: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, { error: 'must be 1 to 100 letters, digits, - or _' })
    .default('echo_turns'),
  QDRANT_QUANTIZATION: oneOf('int8', 'off').optional(),
  LLM_BASE_URL: url('http:', 'https:').optional(),
  LLM_API_KEY: z.string().optional(),
  LLM_MODELS: models.optional(),
  LLM_TIMEOUT_MS: wholeNumber(100, 600_000).prefault('60000'),
  LLM_STALL_MS: wholeNumber(100, 600_000).prefault('20000'),
  LLM_FIRST_TOKEN_MS: wholeNumber(100, 600_000).prefault('60000'),
  LLM_CONCURRENCY: wholeNumber(1, 1_000).prefault('4'),
  LLM_MAX_TOKENS: wholeNumber(16, 200_000).prefault('4096'),
  LLM_WINDOWS: windows.optional(),
  LLM_PRICES: prices.optional(),
  LLM_VISION_MODEL: z.string().max(100, 'must be at most 100 characters').optional(),
  LLM_LEARNING_MODEL: z.string().max(100, 'must be at most 100 characters').optional(),
  LLM_INTENT_MODEL: z.string().max(100, 'must be at most 100 characters').optional(),
  EMBEDDINGS: oneOf('local').optional(),
  EMBEDDINGS_BASE_URL: url('http:', 'https:').optional(),
  EMBEDDINGS_API_KEY: z.string().optional(),
  EMBEDDINGS_MODEL: z.string().max(200, 'must be at most 200 characters').optional(),
  EMBEDDINGS_DIMENSIONS: wholeNumber(1, 8_192).optional(),
  RERANK_BASE_URL: url('http:', 'https:').optional(),
  RERANK_API_KEY: z.string().optional(),
  RERANK_MODEL: z.string().max(200, 'must be at most 200 characters').optional(),
  RERANK_BUDGET_MS: wholeNumber(50, 10_000).prefault('800'),
};
const Values = z.object(settings);

/** What a model that runs in the server may be called; its folder is called so. */
export const LOCAL_MODEL_NAME = /^[a-z0-9][a-z0-9._-]{0,39}$/;
const DEFAULT_LOCAL_MODEL = 'minilm';

export function checkModels(raw: RawSettings): string[] {
  const problems: string[] = [];
  if (raw.LLM_BASE_URL && !raw.LLM_MODELS)
    problems.push('LLM_MODELS: must name at least one model when LLM_BASE_URL is set');
  for (const name of ['LLM_WINDOWS', 'LLM_PRICES'])
    if (raw[name] && !raw.LLM_MODELS)
      problems.push(`LLM_MODELS: must name at least one model when ${name} is set`);
  for (const name of ['LLM_VISION_MODEL', 'LLM_LEARNING_MODEL', 'LLM_INTENT_MODEL'])
    if (raw[name] && !raw.LLM_BASE_URL) problems.push(`LLM_BASE_URL: must be set when ${name} is set`);
  if (raw.LLM_MODELS && !raw.LLM_BASE_URL) problems.push('LLM_BASE_URL: must be set when LLM_MODELS is set');
  if (raw.EMBEDDINGS_BASE_URL && !raw.EMBEDDINGS_MODEL)
    problems.push('EMBEDDINGS_MODEL: must be set when EMBEDDINGS_BASE_URL is set');
  problems.push(...checkLocal(raw));
  if (raw.RERANK_BASE_URL && !raw.RERANK_MODEL)
    problems.push('RERANK_MODEL: must be set when RERANK_BASE_URL is set');
  for (const name of ['RERANK_MODEL', 'RERANK_API_KEY', 'RERANK_BUDGET_MS'])
    if (raw[name] && !raw.RERANK_BASE_URL) problems.push(`RERANK_BASE_URL: must be set when ${name} is set`);
  for (const [address, key] of [
    ['LLM_BASE_URL', 'LLM_API_KEY'],
    ['EMBEDDINGS_BASE_URL', 'EMBEDDINGS_API_KEY'],
    ['RERANK_BASE_URL', 'RERANK_API_KEY'],
  ] as const)
    if (raw[key] && hasLogin(raw[address]))
      problems.push(`${key}: must not be set when ${address} holds a user name or password`);
  return problems;
}

/** A model runs in the server, or somewhere else. */
function checkLocal(raw: RawSettings): string[] {
  if (!raw.EMBEDDINGS)
    return raw.EMBEDDINGS_MODEL && !raw.EMBEDDINGS_BASE_URL
      ? ['EMBEDDINGS_BASE_URL: must be set when EMBEDDINGS_MODEL is set, unless EMBEDDINGS is local']
      : [];
  const elsewhere = ['EMBEDDINGS_BASE_URL', 'EMBEDDINGS_API_KEY', 'EMBEDDINGS_DIMENSIONS'];
  const problems = elsewhere
    .filter((name) => raw[name])
    .map((name) => `${name}: must not be set when EMBEDDINGS is local`);
  if (raw.EMBEDDINGS_MODEL && !LOCAL_MODEL_NAME.test(raw.EMBEDDINGS_MODEL))
    problems.push(
      'EMBEDDINGS_MODEL: with EMBEDDINGS=local must be 1 to 40 small letters, digits, ., - or _, as the folder of the model is called',
    );
  return problems;
}

export function modelsOf(values: z.output<typeof Values>) {
  return {
    qdrant: values.QDRANT_URL
      ? {
          url: values.QDRANT_URL,
          collection: values.QDRANT_COLLECTION,
          quantisation: values.QDRANT_QUANTIZATION ?? null,
        }
      : null,
    /** The model that runs in the server; null: none does. */
    localEmbeddings: values.EMBEDDINGS ? (values.EMBEDDINGS_MODEL ?? DEFAULT_LOCAL_MODEL) : null,
    embeddings:
      values.EMBEDDINGS_BASE_URL && values.EMBEDDINGS_MODEL
        ? {
            baseUrl: values.EMBEDDINGS_BASE_URL,
            model: values.EMBEDDINGS_MODEL,
            /** Null: the model's own. */
            dimensions: values.EMBEDDINGS_DIMENSIONS ?? null,
          }
        : null,
    /** What puts the best hits of a search into order; null: their scores do. */
    reranking:
      values.RERANK_BASE_URL && values.RERANK_MODEL
        ? {
            baseUrl: values.RERANK_BASE_URL,
            model: values.RERANK_MODEL,
            /** What one search waits for it. */
            budgetMs: values.RERANK_BUDGET_MS,
          }
        : null,
    languageModels:
      values.LLM_BASE_URL && values.LLM_MODELS
        ? {
            baseUrl: values.LLM_BASE_URL,
            levels: values.LLM_MODELS,
            timeoutMs: values.LLM_TIMEOUT_MS,
            stallMs: values.LLM_STALL_MS,
            firstTokenMs: values.LLM_FIRST_TOKEN_MS,
            /** Requests at once to one model. */
            concurrency: values.LLM_CONCURRENCY,
            /** Tokens that an answer is asked to have at most. */
            maxTokens: values.LLM_MAX_TOKENS,
            /** Tokens of prompt and answer together, where they are known. */
            windows: values.LLM_WINDOWS ?? {},
            /** For a million tokens, by level; absent: nobody knows. */
            prices: values.LLM_PRICES ?? {},
            /** What looks at pictures; null: nothing does. */
            vision: values.LLM_VISION_MODEL ?? null,
            /** What finds facts in turns beside the rules; null: nothing does. */
            learning: values.LLM_LEARNING_MODEL ?? null,
            /** What says which kind of query it is where rules do not know; null: nothing does. */
            intent: values.LLM_INTENT_MODEL ?? null,
          }
        : null,
  } as const;
}
