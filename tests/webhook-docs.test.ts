import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { signatureHeaders } from '../src/outbound/signature.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/webhooks.md'), 'utf8');

test('the receiver of the page takes what is genuine, and nothing else', async () => {
  const [, source = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
  const { isGenuine } = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const body = '{"type":"webhook.test"}';
  const headers = (at: Date) => signatureHeaders({ id: 'a', at, body }, Buffer.alloc(32, 7));
  const now = headers(new Date());
  expect(isGenuine(now, body, secret)).toBe(true);
  expect(isGenuine({ ...now, 'webhook-signature': `v1,old ${now['webhook-signature']}` }, body, secret)).toBe(
    true,
  );
  expect(isGenuine(now, `${body} `, secret)).toBe(false);
  expect(isGenuine({ ...now, 'webhook-id': 'b' }, body, secret)).toBe(false);
  expect(isGenuine(now, body, `whsec_${Buffer.alloc(32).toString('base64')}`)).toBe(false);
  expect(isGenuine(headers(new Date(Date.now() - 600_000)), body, secret)).toBe(false);
  expect(isGenuine({}, body, secret)).toBe(false);
});
