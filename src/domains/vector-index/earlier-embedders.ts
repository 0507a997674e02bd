import type { Logger } from '../../log.ts';
import { earlierEmbedder, type ModelParts } from '../../models/configured.ts';
import type { Embedder } from '../../models/embedder.ts';
import { modelKey, type VectorModel } from '../../vectors/vector-store.ts';
import type { EarlierEmbedders } from './search.ts';

/**
 * Has embedders of models that were used before: one that ran inside is loaded again from its files, once, and ends with its
 * vectors.
 */
export function createEarlierEmbedders(
  parts: ModelParts,
  log: Logger,
): EarlierEmbedders & { close(): Promise<void> } {
  const opened = new Map<string, Promise<Embedder | null>>();
  const end = async (key: string) => {
    const embedder = await opened.get(key);
    opened.delete(key);
    await embedder?.close?.();
  };
  return {
    of: (model) => {
      const key = modelKey(model);
      const known =
        opened.get(key) ??
        earlierEmbedder(parts, model).catch((error: unknown) => {
          log.warn(
            { err: error, model: key },
            'the earlier model cannot be used any more: words find what it knew',
          );
          return null;
        });
      opened.set(key, known);
      return known;
    },
    keepOnly: (models: readonly VectorModel[]) => {
      const kept = new Set(models.map(modelKey));
      for (const key of opened.keys())
        if (!kept.has(key))
          void end(key).catch((err) => log.warn({ err, model: key }, 'an earlier model did not end'));
    },
    close: async () => {
      await Promise.all([...opened.keys()].map(end));
    },
  };
}
