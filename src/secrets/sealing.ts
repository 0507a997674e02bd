import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Something encrypted, and the name of the key that opens it. */
export interface Sealed {
  readonly keyId: string;
  /** Nonce, ciphertext and tag. */
  readonly bytes: Buffer;
}

/** It was encrypted with another key, or altered since. */
export class CannotOpen extends Error {
  override readonly name = 'CannotOpen';
}

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * Encrypts small secrets with AES-256-GCM under keys that are derived from the master key (HKDF-SHA256). Each text gets
 * a random nonce of its own, and is bound to its place: put elsewhere, it does not open.
 */
export class Sealer {
  readonly #current: Key;
  readonly #keys: ReadonlyMap<string, Key>;

  /** @param masterKey,previous 32 bytes each; the previous one only opens */
  constructor(masterKey: Uint8Array, previous: Uint8Array | null) {
    this.#current = keyOf(masterKey);
    const all = [this.#current, ...(previous ? [keyOf(previous)] : [])];
    this.#keys = new Map(all.map((key) => [key.id, key]));
  }

  /** Names the key that new texts are encrypted with; says nothing of it. */
  get keyId(): string {
    return this.#current.id;
  }

  canOpen(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /** @param place where it is kept, and as what */
  seal(text: string, place: readonly string[]): Sealed {
    const { id, bytes } = this.#current;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, bytes, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(JSON.stringify(place)));
    const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return { keyId: id, bytes: Buffer.concat([nonce, encrypted, cipher.getAuthTag()]) };
  }

  /** @throws CannotOpen */
  open({ keyId, bytes }: Sealed, place: readonly string[]): string {
    const key = this.#keys.get(keyId);
    if (!key) throw new CannotOpen(`it was encrypted with another master key (${keyId})`);
    if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new CannotOpen('it is too short');
    const decipher = createDecipheriv(ALGORITHM, key.bytes, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(JSON.stringify(place)));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const encrypted = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
      return Buffer.concat([decipher.update(encrypted), decipher.final()]).toString('utf8');
    } catch {
      throw new CannotOpen('it was altered, or belongs elsewhere');
    }
  }
}

function keyOf(masterKey: Uint8Array): Key {
  const derive = (purpose: string, length: number) =>
    Buffer.from(hkdfSync('sha256', masterKey, '', `echo-brain ${purpose} 1`, length));
  return { id: derive('key id', 8).toString('hex'), bytes: derive('secrets', 32) };
}
