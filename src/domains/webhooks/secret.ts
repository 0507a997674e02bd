import { randomBytes } from 'node:crypto';
import type { Database } from '../../db/client.ts';
import type { Sealer } from '../../secrets/sealing.ts';
import type { WebhookRow } from './tables.ts';

type Place = Pick<WebhookRow, 'tenantId' | 'webhookId'>;
type Kept = Pick<WebhookRow, 'secret' | 'keyId'>;

const SECRET_BYTES = 32;

/** A new secret as receivers take it, and as it is kept. */
export function makeSecret(
  sealer: Sealer | null,
  place: Place,
): { readonly shown: string; readonly kept: Kept } {
  const key = randomBytes(SECRET_BYTES);
  return { shown: `whsec_${key.toString('base64')}`, kept: keep(sealer, place, key) };
}

/** The key that messages are signed with. @throws CannotOpen */
export function signingKey(sealer: Sealer | null, row: Place & Kept): Buffer | null {
  if (row.keyId === null) return row.secret;
  if (!sealer) return null;
  return Buffer.from(sealer.open({ keyId: row.keyId, bytes: row.secret }, placeOf(row)), 'base64');
}

/** Encrypts all secrets under the present master key that it does not hold yet. @returns how many it cannot open */
export async function resealSecrets(db: Database, sealer: Sealer): Promise<number> {
  return db.transaction(
    async (client) => {
      const { rows } = await client.query<Place & Kept & { readonly id: number }>({
        name: 'webhook_secrets_to_seal',
        text: `select id, tenant_id as "tenantId", webhook_id as "webhookId", secret, key_id as "keyId" from echo_webhooks
               where key_id is distinct from $1 order by id for update`,
        values: [sealer.keyId],
      });
      let unreadable = 0;
      for (const row of rows) {
        if (row.keyId !== null && !sealer.canOpen(row.keyId)) {
          unreadable++;
          continue;
        }
        const kept = keep(sealer, row, signingKey(sealer, row) ?? row.secret);
        await client.query({
          name: 'seal_webhook_secret',
          text: 'update echo_webhooks set secret = $3, key_id = $4 where id = $1 and tenant_id = $2',
          values: [row.id, row.tenantId, kept.secret, kept.keyId],
        });
      }
      return unreadable;
    },
    { ownName: true },
  );
}

function keep(sealer: Sealer | null, place: Place, key: Buffer): Kept {
  if (!sealer) return { secret: key, keyId: null };
  const { bytes, keyId } = sealer.seal(key.toString('base64'), placeOf(place));
  return { secret: bytes, keyId };
}

/** Where it is kept, which its encryption is bound to. */
const placeOf = ({ tenantId, webhookId }: Place): string[] => ['webhook', tenantId, webhookId];
