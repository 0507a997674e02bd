import { cp, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Database } from '../../src/db/client.ts';
import { contentHash, EMBEDDED_TEXT } from '../../src/domains/vector-index/embedded-text.ts';
import { createLogger } from '../../src/log.ts';
import { type Embedder, embedTexts, scaledToOne } from '../../src/models/embedder.ts';
import { createLexicalEmbedder } from '../../src/models/lexical-embedder.ts';
import { createLocalEmbedder } from '../../src/models/local-embedder.ts';
import { installedModel, modelsDirectory } from '../../src/models/local-models.ts';
import { createSqliteVecStore } from '../../src/vectors/sqlite-vec.ts';
import { modelKey } from '../../src/vectors/vector-store.ts';
import { seededRandom } from '../memory/corpus.ts';
import type { Bench } from './work.ts';

/** Vectors that a model makes; those of all other turns lie near one of them. */
const REAL = 500;
/** Far enough that no two are the same; a cosine of about .98 to the one that it lies near. */
const NOISE = 0.03;

/** Puts the model's folder where a server on this data directory looks for it. @returns what the server needs to use it */
export async function installForBench(
  { model }: Pick<Bench, 'model'>,
  dataDirectory: string,
): Promise<Readonly<Record<string, string>>> {
  if (model === null) return {};
  const to = join(modelsDirectory(dataDirectory), basename(model));
  await mkdir(dirname(to), { recursive: true });
  await cp(model, to, { recursive: true });
  return { EMBEDDINGS: 'local', EMBEDDINGS_MODEL: basename(model) };
}

/**
 * Gives turns vectors without a model's work for each, in the server's own store and under its model's name, so that the server finds
 * nothing to do: some are those that the model makes of turns, the others lie near one of these.
 *
 * @param dataDirectory of a server that uses the model
 */
export async function openMadeUpVectors(
  { model }: Pick<Bench, 'model'>,
  dataDirectory: string,
  db: Database,
) {
  const embedder: Embedder =
    model === null
      ? createLexicalEmbedder()
      : createLocalEmbedder(await installedModel(modelsDirectory(dataDirectory), basename(model)));
  const key = modelKey(embedder);
  const { rows: identity } = await db.pool.query<{ id: string }>('select id from echo_database');
  const store = createSqliteVecStore({
    directory: dataDirectory,
    database: { id: String(identity[0]?.id), turnsAmong: async () => new Set() },
    model: embedder,
    log: createLogger('error', 2),
  });
  const random = seededRandom(2);
  const real: Float32Array[] = [];
  const near = (vector: Float32Array) =>
    scaledToOne(
      embedder.name,
      vector.map((value) => value + NOISE * (random() - 0.5)),
    );
  return {
    /** Of turns after the row of this number, so many at the most. @returns the last row's; the same number if there is none */
    add: async (after: number, most = Number.MAX_SAFE_INTEGER): Promise<number> => {
      const { rows } = await db.pool.query<TurnRow>({
        name: 'bench_vectors',
        text: `select id, turn_id as "turnId", conversation_id as "conversationId", user_id as "userId", timestamp,
                 ${EMBEDDED_TEXT} as text, ${contentHash('$1')} as "contentHash"
               from echo_unified_interactions t where id > $2 order by id limit $3`,
        values: [key, after, most],
      });
      const wanted = rows.slice(0, REAL - real.length).map(({ text }) => text);
      real.push(...(await embedTexts(embedder, wanted, AbortSignal.timeout(600_000))));
      await store.upsert(
        rows.map(({ turnId, text: _text, ...row }) => ({
          ...{ ...row, id: turnId, tenantId: 'default' },
          vector: near(real[Math.floor(random() * real.length)] as Float32Array),
        })),
      );
      const last = rows.at(-1)?.id ?? after;
      await db.pool.query({
        name: 'bench_embedded',
        text: `update echo_unified_interactions set vector_state = 'EMBEDDED', vector_model = $1
               where id > $2 and id <= $3 and vector_state <> 'EMBEDDED'`,
        values: [key, after, last],
      });
      return last;
    },
    close: async () => {
      await store.close();
      await embedder.close?.();
    },
  };
}

interface TurnRow {
  readonly id: number;
  readonly turnId: string;
  readonly conversationId: string;
  readonly userId: string;
  readonly timestamp: Date;
  readonly text: string;
  readonly contentHash: string;
}
