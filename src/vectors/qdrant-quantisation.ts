import type { QdrantClient, Schemas } from '@qdrant/js-client-rest';

/** How vectors are kept in memory: as whole numbers of one byte, or as they are. */
export type Quantisation = 'int8' | 'off';

/** What a collection has; `other`: what the operator chose for it, which is left alone. */
export type QuantisationKind = 'int8' | 'none' | 'other';

/** A quarter of the memory; the originals lie on disk, and the best are compared by them. */
export const INT8: Schemas['ScalarQuantization'] = { scalar: { type: 'int8', always_ram: true } };
/** As many more are found by the small vectors than are wanted, and put into order by the originals. */
const OVERSAMPLING = 2;
/** How a search finds the nearest where vectors are small; elsewhere it changes nothing. */
export const RESCORED: Schemas['QuantizationSearchParams'] = { rescore: true, oversampling: OVERSAMPLING };
/** How a search compares few by the originals alone. */
export const EXACT: Schemas['QuantizationSearchParams'] = { ignore: true };

/** Reads from a collection's description how its vectors are kept. */
export function quantisationOf({ config }: Schemas['CollectionInfo']): QuantisationKind {
  const { quantization_config: found } = config;
  if (!found) return 'none';
  return 'scalar' in found ? 'int8' : 'other';
}

/**
 * Has a collection's vectors kept as they should be. Qdrant makes its segments anew in the background and answers searches meanwhile; nothing is
 * embedded again, since the originals stay. A key that may not change collections leaves it as it is.
 */
export async function quantise(
  client: QdrantClient,
  { name, quantisation }: { readonly name: string; readonly quantisation: QuantisationKind },
  wanted: Quantisation,
): Promise<void> {
  const isWanted = wanted === 'int8';
  if (quantisation !== (isWanted ? 'none' : 'int8')) return;
  await client
    .updateCollection(name, {
      vectors: { '': { on_disk: isWanted } },
      quantization_config: isWanted ? INT8 : 'Disabled',
    })
    .catch((error: { status?: unknown }) => {
      if (error.status !== 401 && error.status !== 403) throw error;
    });
}
