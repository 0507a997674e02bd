import { createHmac } from 'node:crypto';

/**
 * Headers by which a receiver knows that a message is ours, unchanged, and new, as Standard Webhooks
 * (https://www.standardwebhooks.com) has them: HMAC-SHA256 over id, time and body.
 *
 * @param key the shared secret's bytes
 */
export function signatureHeaders(
  message: { readonly id: string; readonly at: Date; readonly body: string },
  key: Uint8Array,
): Record<string, string> {
  const timestamp = Math.floor(message.at.getTime() / 1_000);
  const signature = createHmac('sha256', key)
    .update(`${message.id}.${timestamp}.${message.body}`)
    .digest('base64');
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  };
}
