import { IdempotencyKeyReused } from '../../errors.ts';
import type { Turn } from './turn.ts';

/** Payloads of the turns that are on their way: a key that is used again meanwhile must name the same content. */
export class Claims {
  readonly #claims = new Map<string, { payloadHash: string; uses: number }>();

  /** Claims all of them, or none. @throws IdempotencyKeyReused */
  claim(turns: readonly Turn[]): void {
    for (const { turnId, payloadHash } of turns) {
      const claim = this.#claims.get(turnId);
      if (claim && claim.payloadHash !== payloadHash)
        throw new IdempotencyKeyReused('idempotencyKey', [turnId]);
    }
    this.hold(turns);
  }

  /**
   * The same for turns that the journal holds already: whatever their keys name, nothing of them can be refused any more. (A key
   * that names two contents there gets an id of its own when the database is asked.)
   */
  hold(turns: readonly Turn[]): void {
    for (const { turnId, payloadHash } of turns) {
      const claim = this.#claims.get(turnId) ?? { payloadHash, uses: 0 };
      this.#claims.set(turnId, { payloadHash, uses: claim.uses + 1 });
    }
  }

  /** They have arrived, or will not. */
  release(turns: readonly Turn[]): void {
    for (const { turnId } of turns) {
      const claim = this.#claims.get(turnId);
      if (claim && --claim.uses === 0) this.#claims.delete(turnId);
    }
  }
}
