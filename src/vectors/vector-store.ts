/** What made a vector: vectors of different models cannot be compared. */
export interface VectorModel {
  readonly name: string;
  /** Length of its vectors. */
  readonly dimensions: number;
}

/** One turn's vector. */
export interface VectorPoint {
  /** The turn's id (a UUID). */
  readonly id: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly conversationId: string;
  /** SHA-256 over model and text, hexadecimal. */
  readonly contentHash: string;
  /** When the turn was said. */
  readonly timestamp: Date;
  readonly vector: Float32Array;
}

/** Whose vectors are kept: stores hold those of one database each, or at least tell them apart. */
export interface TurnDatabase {
  /** The same for every server on the database, another one for each other database. */
  readonly id: string;
  /** Which of these are ids of its turns. */
  turnsAmong(ids: readonly string[]): Promise<ReadonlySet<string>>;
}

/** What a store knows of a point, without its vector. */
export interface StoredPoint {
  readonly id: string;
  readonly tenantId: string;
  readonly userId: string;
  /** The `modelKey` of what made it. */
  readonly model: string;
  readonly contentHash: string;
  /** Whether it is proven to be of this database. Where it is not, nobody may delete it. */
  readonly isOwn: boolean;
}

export interface VectorQuery {
  readonly tenantId: string;
  readonly userId: string;
  readonly vector: Float32Array;
  readonly limit: number;
  readonly filter?: VectorFilter | undefined;
  /** Only these points; absent: all of the user's. */
  readonly ids?: readonly string[] | undefined;
  /** An earlier model to search in; absent: the store's own. */
  readonly model?: VectorModel | undefined;
}

export interface VectorFilter {
  readonly conversationId?: string | null | undefined;
  readonly since?: Date | null | undefined;
  readonly until?: Date | null | undefined;
}

export interface VectorHit {
  readonly id: string;
  /** Cosine similarity, -1 to 1. */
  readonly score: number;
}

/**
 * Vectors of turns, one point for each turn, opened for one embedding model. All of it can be made again from the
 * turns, so a store that lost something is an inconvenience and never a loss. Vectors of other databases that lie in
 * the same place are neither searched nor changed.
 *
 * Every method but `close` throws VectorStoreUnavailable while the store cannot be reached, VectorSizeMismatch
 * where its vectors have another length, and VectorStoreConflict where the place holds somebody else's data.
 */
export interface VectorStore {
  readonly model: VectorModel;
  /** Creates what is missing and checks what is there. Other methods call it themselves. */
  ensure(): Promise<void>;
  /** Writes points, replacing those of the same id; on disk when it resolves. @throws VectorRejected */
  upsert(points: readonly VectorPoint[]): Promise<void>;
  /** Removes points, those of earlier models too; unknown ids are ignored. */
  remove(ids: readonly string[]): Promise<void>;
  /** Makes sure that the files hold no byte of what was removed, where they are this program's. */
  purge(): Promise<void>;
  /** The points of these ids that a search can find: one without a usable vector is as good as none. */
  fetch(ids: readonly string[]): Promise<Map<string, StoredPoint>>;
  /** The next points in the order of ids, at most `limit`, with a usable vector or not; none: the end. */
  scan(page: { after: string | null; limit: number }): Promise<StoredPoint[]>;
  /** The nearest points of one user, nearest first. */
  search(query: VectorQuery): Promise<VectorHit[]>;
  count(): Promise<number>;
  /** Milliseconds of one round trip. */
  ping(): Promise<number>;
  /** Models that were used before and whose vectors are still there. */
  earlierModels(): Promise<VectorModel[]>;
  /** Deletes the vectors of an earlier model. */
  dropModel(model: VectorModel): Promise<void>;
  close(): Promise<void>;
}

/** The store does not answer, or not in time. Trying again later is right. */
export class VectorStoreUnavailable extends Error {
  override readonly name = 'VectorStoreUnavailable';
}

/** The store refuses these points and would refuse them again. */
export class VectorRejected extends Error {
  override readonly name = 'VectorRejected';
}

/** What is in the store's place was not made by Echo Brain; it is left alone. */
export class VectorStoreConflict extends Error {
  override readonly name = 'VectorStoreConflict';
}

/** A vector, or the place that it should go to, has another length than the embedding model's. */
export class VectorSizeMismatch extends Error {
  override readonly name = 'VectorSizeMismatch';
  readonly expected: number;
  readonly actual: number;
  constructor(where: string, expected: number, actual: number) {
    super(`${where}: vectors have ${actual} dimensions, the embedding model makes ${expected}`);
    this.expected = expected;
    this.actual = actual;
  }
}

/** Names a model with its dimensions; stored beside each vector. */
export function modelKey(model: VectorModel): string {
  return `${model.name}@${model.dimensions}`;
}

/** Names an owner in one string. Both parts are encoded, so that no two owners share a name. */
export function ownerKey(owner: { tenantId: string; userId: string }): string {
  return `${encodeURIComponent(owner.tenantId)}/${encodeURIComponent(owner.userId)}`;
}

/** @throws VectorSizeMismatch */
export function checkSize(model: VectorModel, vectors: readonly Float32Array[]): void {
  for (const vector of vectors) {
    if (vector.length !== model.dimensions)
      throw new VectorSizeMismatch('vector', model.dimensions, vector.length);
  }
}
