import pg from 'pg';
import type { Config } from '../config.ts';
import { placeOfUrl } from '../db/addresses.ts';
import { wordsOf } from '../db/meaning.ts';
import type { Finding } from './finding.ts';

const CONNECT_MS = 5_000;
/** Seconds behind the primary from which on it is told. */
const BEHIND_S = 30;

const LOOK = `select pg_is_in_recovery() as "isStandby", (select id from echo_database) as id,
    case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
      else coalesce(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()), 0) end::float8 as behind`;

interface Answered {
  readonly isStandby: boolean;
  /** Of the database; the same in each copy of it. */
  readonly id: string;
  readonly behind: number;
}

/** Standbys that reads are to go to: whether they are any, of the database that is written. They are only read. */
export async function lookAtReplicas(
  config: Pick<Config, 'databaseUrls' | 'databaseReadUrls'>,
): Promise<Finding[]> {
  const { databaseUrls, databaseReadUrls } = config;
  if (databaseReadUrls.length === 0) return [];
  // Whichever answers: what is wrong with the others, the look at them says.
  const known = await Promise.all(databaseUrls.map((url) => lookAt(url).catch(() => null)));
  const id = known.find((found) => found !== null && !found.isStandby)?.id ?? null;
  const findings: Finding[] = [];
  for (const url of databaseReadUrls)
    findings.push(
      await lookAt(url).then(
        (found) => judge(placeOfUrl(url), found, id),
        (error: unknown): Finding => ({
          ...{ state: 'WARNING', about: 'DATABASE_READ_URL' },
          seen: `${placeOfUrl(url)} cannot be used: ${wordsOf(error)}`,
          advice: 'everything is read from the primary until it is there',
        }),
      ),
    );
  return findings;
}

async function lookAt(connectionString: string): Promise<Answered> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_MS });
  try {
    await client.connect();
    const { rows } = await client.query<Answered>(LOOK);
    if (!rows[0]) throw new Error('it is no database of Echo Brain');
    return rows[0];
  } finally {
    await client.end().catch(() => undefined);
  }
}

function judge(place: string, { isStandby, id, behind }: Answered, primary: string | null): Finding {
  const about = 'DATABASE_READ_URL';
  if (!isStandby)
    return {
      ...{ state: 'WRONG', about, seen: `${place} is no standby, and nothing is read from it` },
      advice: 'name a streaming standby of the primary, or leave the setting out',
    };
  if (primary !== null && id !== primary)
    return {
      ...{ state: 'WRONG', about, seen: `${place} is a standby of another database` },
      advice: 'name a streaming standby of the database of DATABASE_URL',
    };
  if (behind > BEHIND_S)
    return {
      ...{ state: 'WARNING', about, seen: `${place} is ${behind.toFixed(0)} s behind` },
      advice: 'reads go to the primary until it has caught up: see docs/runbook.md',
    };
  return { state: 'OK', about, seen: `${place} is a standby of it` };
}
