import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scrypt } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { promisify } from 'node:util';
import type { Identity, Recipient } from 'age-encryption';
import { BackupDamaged, BackupRefused } from './errors.ts';

/** With what backups are encrypted, and opened again. */
export interface BackupKeys {
  readonly masterKey: Uint8Array | null;
  /** Only opens. */
  readonly previousMasterKey: Uint8Array | null;
  readonly passphrase: string | null;
  /** Others who can open them, as age writes them (`age1…`). */
  readonly recipients: readonly string[];
}

export type Encryption = 'none' | 'key' | 'passphrase';

/** What a file begins with that age encrypted (https://age-encryption.org/v1). */
const AGE = Buffer.from('age-encryption.org/v1');
const SCRYPT = 'scrypt';
const SCRYPT_LABEL = 'age-encryption.org/v1/scrypt';
/** Of 2: 128 MiB and about half a second. */
const SCRYPT_WORK = 17;
/** A file cannot ask for more work than that. */
const MOST_SCRYPT_WORK = 20;

export function encryptionOf({ masterKey, passphrase }: BackupKeys): Encryption {
  if (passphrase !== null) return 'passphrase';
  return masterKey ? 'key' : 'none';
}

/** Encrypts as age does; a passphrase stands alone, as age demands. Without keys it gives what it gets. */
export async function encrypted(plain: Readable, keys: BackupKeys): Promise<Readable> {
  const encryption = encryptionOf(keys);
  if (encryption === 'none') return plain;
  const { Encrypter, identityToRecipient } = await import('age-encryption');
  const encrypter = new Encrypter();
  if (keys.passphrase !== null) encrypter.addRecipient(passphraseRecipient(keys.passphrase));
  else if (keys.masterKey) {
    encrypter.addRecipient(await identityToRecipient(await ageIdentity(keys.masterKey)));
    for (const recipient of keys.recipients) encrypter.addRecipient(recipient);
  }
  return Readable.fromWeb((await encrypter.encrypt(webStream(plain))) as ReadableStream);
}

/**
 * Opens what `encrypted` gave.
 *
 * @param head its first bytes, which `file` gives again
 * @throws BackupRefused where no key fits; the stream fails where a byte was altered or is missing
 */
export async function decrypted(head: Buffer, file: Readable, keys: BackupKeys): Promise<Readable> {
  if (!head.subarray(0, AGE.length).equals(AGE)) return file;
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const key of [keys.masterKey, keys.previousMasterKey])
    if (key) decrypter.addIdentity(await ageIdentity(key));
  if (keys.passphrase !== null) decrypter.addIdentity(passphraseIdentity(keys.passphrase));
  try {
    return Readable.fromWeb((await decrypter.decrypt(webStream(file))) as ReadableStream);
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof BackupRefused) throw error;
    if (/no identity|incorrect passphrase|matched/i.test(message))
      throw new BackupRefused(
        'it was encrypted with another key: set MASTER_KEY (or MASTER_KEY_PREVIOUS) or BACKUP_PASSPHRASE to the one it was made with',
      );
    throw new BackupDamaged(`it was cut off or altered: its encryption cannot be read (${message})`);
  }
}

/** The key that opens backups, as the program `age` takes it; derived from the master key by HKDF-SHA256. */
export async function ageIdentity(masterKey: Uint8Array): Promise<string> {
  const { bech32 } = await import('@scure/base');
  const scalar = new Uint8Array(hkdfSync('sha256', masterKey, '', 'echo-brain backups 1', 32));
  return bech32.encodeFromBytes('AGE-SECRET-KEY-', scalar).toUpperCase();
}

/** As age's own, but without half a second in which the server does nothing else. */
function passphraseRecipient(passphrase: string): Recipient {
  return {
    wrapFileKey: async (fileKey) => {
      const { Stanza } = await import('age-encryption');
      const salt = randomBytes(16);
      const cipher = createCipheriv(
        'chacha20-poly1305',
        await stretched(passphrase, salt, SCRYPT_WORK),
        NONCE,
        TAG,
      );
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [new Stanza([SCRYPT, unpadded(salt), String(SCRYPT_WORK)], body)];
    },
  };
}

function passphraseIdentity(passphrase: string): Identity {
  return {
    unwrapFileKey: async (stanzas) => {
      const [{ args, body } = { args: [], body: new Uint8Array() }] = stanzas;
      const [kind, salt = '', work = ''] = args;
      if (kind !== SCRYPT || stanzas.length !== 1) return null;
      if (!/^[1-9]\d?$/.test(work) || Number(work) > MOST_SCRYPT_WORK)
        throw new BackupRefused(`its passphrase asks for more work than 2^${MOST_SCRYPT_WORK}`);
      const key = await stretched(passphrase, Buffer.from(salt, 'base64'), Number(work));
      const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, TAG);
      decipher.setAuthTag(body.subarray(-TAG.authTagLength));
      try {
        return Buffer.concat([decipher.update(body.subarray(0, -TAG.authTagLength)), decipher.final()]);
      } catch {
        return null;
      }
    },
  };
}

const NONCE = Buffer.alloc(12);
const TAG = { authTagLength: 16 } as const;

async function stretched(passphrase: string, salt: Buffer, work: number): Promise<Buffer> {
  const options = { N: 2 ** work, r: 8, p: 1, maxmem: 2 ** (work + 11) };
  const labelled = Buffer.concat([Buffer.from(SCRYPT_LABEL), salt]);
  const run = promisify<string, Buffer, number, object, Buffer>(scrypt);
  return run(passphrase, labelled, 32, options);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

function webStream(stream: Readable) {
  return Readable.toWeb(stream) as unknown as globalThis.ReadableStream<Uint8Array>;
}
