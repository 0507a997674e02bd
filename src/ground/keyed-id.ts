import { createHash } from 'node:crypto';

/** A UUID that the same parts always give: an idempotency key of the same owner is the same thing. */
export function keyedId(...parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 3) | 8).toString(16);
  return [
    ...[digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`],
    ...[`${variant}${digest.slice(17, 20)}`, digest.slice(20, 32)],
  ].join('-');
}
