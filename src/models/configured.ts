import type { Config, ModelLevel } from '../config.ts';
import type { Embedder } from './embedder.ts';
import type { LanguageModel } from './language-model.ts';
import { createLexicalEmbedder, LEXICAL } from './lexical-embedder.ts';
import { createOpenAiCompatibleModel } from './openai-compatible.ts';
import { createOpenAiEmbedder, embeddingDimensions } from './openai-embedder.ts';

/** What an embedding model gets to say how long its vectors are. */
const EMBEDDER_START_MS = 10_000;

/** The length of a model's vectors is not configured and cannot be asked for; the message is for the operator. */
export class DimensionsUnknown extends Error {
  override readonly name = 'DimensionsUnknown';
}

/** @throws DimensionsUnknown if the length of the model's vectors is not configured and cannot be asked for */
export async function configuredEmbedder({ embeddings }: Config): Promise<Embedder> {
  if (!embeddings) return createLexicalEmbedder();
  if (embeddings.dimensions !== null)
    return createOpenAiEmbedder({ ...embeddings, dimensions: embeddings.dimensions, askForDimensions: true });
  const dimensions = await embeddingDimensions(embeddings, AbortSignal.timeout(EMBEDDER_START_MS)).catch(
    (error: Error) => {
      throw new DimensionsUnknown(
        `EMBEDDINGS_DIMENSIONS: must be set while the embedding model cannot be asked (${error.message})`,
      );
    },
  );
  return createOpenAiEmbedder({ ...embeddings, dimensions, askForDimensions: false });
}

/** The embedder of a model that was used before, if the same provider may still have it. */
export function embedderOf(
  { embeddings }: Config,
  { name, dimensions }: Pick<Embedder, 'name' | 'dimensions'>,
): Embedder | null {
  if (!embeddings || name.startsWith(LEXICAL)) return null;
  return createOpenAiEmbedder({ ...embeddings, model: name, dimensions, askForDimensions: false });
}

export function configuredModels({ languageModels }: Config): Partial<Record<ModelLevel, LanguageModel>> {
  if (!languageModels) return {};
  const { levels, ...connection } = languageModels;
  const models: Partial<Record<ModelLevel, LanguageModel>> = {};
  for (const [level, model] of Object.entries(levels))
    models[level as ModelLevel] = createOpenAiCompatibleModel({ ...connection, model });
  return models;
}
