import { z } from 'zod';
import type { ModelLevel } from '../../config/values.ts';
import type { Embedder } from '../../models/embedder.ts';
import type { ModelRouter } from '../../models/router.ts';
import { BUILT_IN_ANSWERER } from '../utterances/recalled.ts';

/** A model that may be asked, or that a provider has beside those. */
export interface KnownModel {
  readonly name: string;
  readonly kind: 'chat' | 'embedding';
  /** Who runs it. */
  readonly provider: 'configured' | 'built-in';
  /** For which levels it is asked; none for what a provider has beside. */
  readonly levels: readonly ModelLevel[];
  /** False: it failed again and again, and is not asked for a while. Null: nobody has asked it. */
  readonly isAnswering: boolean | null;
}

export interface CatalogueServices {
  readonly models: Pick<ModelRouter, 'models'>;
  readonly embedder: Embedder;
  /** What the provider of the language models says that it has; null where none is configured. */
  readonly providerModels: (() => Promise<unknown>) | null;
  readonly config: { readonly embeddings: object | null };
}

const MOST = 1_000;
const Listed = z.object({ data: z.array(z.object({ id: z.string().min(1).max(200) })) });

/**
 * The models that answer here, those that make vectors, and what else the provider has.
 *
 * @returns `isProviderAsked` false: a provider is configured and did not say what it has
 */
export async function knownModels({
  models,
  embedder,
  providerModels,
  config,
}: CatalogueServices): Promise<{ models: KnownModel[]; isProviderAsked: boolean }> {
  const configured = models.models();
  const names = [...new Set(configured.map(({ name }) => name))];
  const listed = providerModels && (await providerModels().catch(() => null));
  const parsed = Listed.safeParse(listed);
  const beside = (parsed.data?.data ?? []).map(({ id }) => id).filter((id) => !names.includes(id));
  const makesVectors: KnownModel = {
    ...{ name: embedder.name, kind: 'embedding', levels: [], isAnswering: null },
    provider: config.embeddings ? 'configured' : 'built-in',
  };
  const builtIn: KnownModel = {
    ...{ name: BUILT_IN_ANSWERER, kind: 'chat', provider: 'built-in', levels: [], isAnswering: true },
  };
  return {
    models: [
      ...names.map((name): KnownModel => {
        const own = configured.filter((model) => model.name === name);
        const isAnswering = own.every(({ state }) => state !== 'open');
        return {
          name,
          kind: 'chat',
          provider: 'configured',
          levels: own.map(({ level }) => level),
          isAnswering,
        };
      }),
      ...[...new Set(beside)].slice(0, MOST).map(
        (name): KnownModel => ({
          ...{ name, kind: 'chat', provider: 'configured', levels: [], isAnswering: null },
        }),
      ),
      builtIn,
      makesVectors,
    ],
    isProviderAsked: providerModels === null || parsed.success,
  };
}
