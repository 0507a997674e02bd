import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../interactions/turn.ts';

/** Signs receipts with a key of this data directory (Ed25519), made on first use and readable by its owner only. */
export class ReceiptSigner {
  readonly #path: string;
  #key: KeyObject | null = null;

  constructor(directory: string) {
    this.#path = join(directory, 'receipts.key');
  }

  /** @returns the signature over the receipt in canonical JSON, base64 */
  sign(receipt: Readonly<Record<string, unknown>>): string {
    return sign(null, Buffer.from(canonicalJson(receipt)), this.#privateKey()).toString('base64');
  }

  /** With which anybody can check a receipt; SPKI in PEM. */
  get publicKey(): string {
    return createPublicKey(this.#privateKey()).export({ type: 'spki', format: 'pem' }).toString();
  }

  #privateKey(): KeyObject {
    if (this.#key) return this.#key;
    if (!existsSync(this.#path)) {
      const { privateKey } = generateKeyPairSync('ed25519');
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      writeFileSync(this.#path, pem, { mode: 0o600, flag: 'wx' });
    }
    this.#key = createPrivateKey(readFileSync(this.#path));
    return this.#key;
  }
}
