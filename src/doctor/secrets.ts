import pg from 'pg';
import { type Config, secretsForOthers } from '../config.ts';
import { runningDatabase } from '../db/embedded.ts';
import { Sealer } from '../secrets/sealing.ts';
import type { Finding } from './finding.ts';

const CONNECT_MS = 5_000;
/** What is kept encrypted under the master key, by the key that it names. */
const LOOK = `select what, key_id as "keyId", count(*)::int as count from (
    select 'stored secrets' as what, key_id from echo_credentials
    union all select 'authenticators', key_id from echo_authenticators
    union all select 'secrets of webhooks', key_id from echo_webhooks where key_id is not null
  ) as kept group by what, key_id order by what, key_id`;
/** A database of an earlier version, or one in which nothing is stored yet. */
const NO_SUCH_TABLE = '42P01';

interface Kept {
  readonly what: string;
  readonly keyId: string;
  readonly count: number;
}

/** Values of bytes in a key below which nothing random made it: 32 random bytes have some thirty. */
const FEW_VALUES = 12;

/** Whether secrets that are set are secret. */
export function lookAtKeeping({ masterKey }: Pick<Config, 'masterKey'>): Finding[] {
  const findings: Finding[] = secretsForOthers().map(({ path, mode, names }) => ({
    ...{ state: 'WARNING', about: names.join(', ') },
    seen: `others than its owner may read "${path}" (mode ${mode.toString(8)})`,
    advice: `chmod 600 "${path}"`,
  }));
  if (masterKey && new Set(masterKey).size < FEW_VALUES)
    findings.push({
      ...{ state: 'WARNING', about: 'MASTER_KEY', seen: 'is no random key: its bytes repeat' },
      advice: 'make one by `openssl rand -hex 32`, and set this one as MASTER_KEY_PREVIOUS beside it',
    });
  return findings;
}

/** Whether what is kept encrypted can be read with the master keys that are set. Nothing is opened: the name of its key tells. */
export async function lookAtSecrets({
  databaseUrls,
  dataDirectory,
  masterKey,
  previousMasterKey,
}: Pick<Config, 'databaseUrls' | 'dataDirectory' | 'masterKey' | 'previousMasterKey'>): Promise<Finding[]> {
  const about = 'MASTER_KEY';
  const places: pg.ClientConfig[] = databaseUrls.map((connectionString) => ({ connectionString }));
  const embedded = places.length > 0 ? null : runningDatabase(dataDirectory);
  const kept = await firstAnswer(embedded ? [embedded] : places);
  // That a database is away, or no server runs, others say.
  if (kept === null || kept.length === 0) return [];
  const sealer = masterKey ? new Sealer(masterKey, previousMasterKey) : null;
  const lost = kept.filter(({ keyId }) => !sealer?.canOpen(keyId));
  const all = kept.reduce((sum, { count }) => sum + count, 0);
  if (lost.length === 0) return [{ state: 'OK', about, seen: `opens all ${all} that are kept encrypted` }];
  return lost.map(({ what, keyId, count }) => ({
    ...{ state: 'WARNING', about },
    seen: `${count} ${what} cannot be read: they were encrypted with another key, which the name ${keyId} stands for`,
    advice: 'set that key as MASTER_KEY, or as MASTER_KEY_PREVIOUS beside a new one; or store them again',
  }));
}

/** @returns null where none answers */
async function firstAnswer(places: readonly pg.ClientConfig[]): Promise<Kept[] | null> {
  for (const place of places) {
    const client = new pg.Client({ ...place, connectionTimeoutMillis: CONNECT_MS });
    try {
      await client.connect();
      return (await client.query<Kept>(LOOK)).rows;
    } catch (error) {
      if ((error as { code?: string }).code === NO_SUCH_TABLE) return [];
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return null;
}
