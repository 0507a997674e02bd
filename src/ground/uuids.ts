import { createHash } from 'node:crypto';

/** A version 5 UUID (RFC 9562, section 5.5). */
export function nameBasedUuid(namespace: Buffer, parts: readonly string[]): string {
  return formatUuid(createHash('sha1').update(namespace).update(JSON.stringify(parts)).digest(), 5);
}

/** Sixteen bytes as a UUID of a version. */
export function formatUuid(bytes: Buffer, version: number): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
