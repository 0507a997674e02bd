import pg from 'pg';
import type { Config } from '../config.ts';
import { placeOfUrl } from '../db/addresses.ts';
import { createDatabase } from '../db/client.ts';
import { pendingMigrations } from '../db/migrate.ts';
import { DatabaseSetupError, durabilityProblemsOf, MINIMUM_MAJOR } from '../db/open.ts';
import type { Logger } from '../log.ts';
import { asStartupError } from '../startup.ts';
import type { Finding } from './finding.ts';

/** Seconds that clocks may differ before times of turns look odd. */
const CLOCKS_S = 2;
/** Beside the server's pool, others want some, too. */
const FEW_CONNECTIONS = 25;

const LOOK = `select current_setting('server_version') as version, pg_encoding_to_char(encoding) as encoding, datcollate as locale,
    current_setting('max_connections')::int as most, clock_timestamp() as now,
    has_database_privilege(current_database(), 'CREATE') as "mayCreate", pg_is_in_recovery() as "isStandby",
    current_setting('synchronous_standby_names') as synchronous,
    (select count(*)::int from pg_stat_replication where application_name <> 'pg_basebackup') as standbys
  from pg_database where datname = current_database()`;

interface Answered {
  readonly version: string;
  readonly encoding: string;
  readonly locale: string;
  readonly most: number;
  readonly now: Date;
  readonly mayCreate: boolean;
  readonly isStandby: boolean;
  readonly synchronous: string;
  readonly standbys: number;
}

/** An external database: whether it lets us in, and is fit to keep turns. It is only read. */
export async function lookAtDatabase(config: Config, log: Logger): Promise<Finding[]> {
  const about = 'DATABASE_URL';
  if (config.databaseUrls.length === 0) return [];
  const findings: Finding[] = [];
  let primary: string | null = null;
  for (const url of config.databaseUrls) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    try {
      await client.connect();
      const began = Date.now();
      const { rows } = await client.query<Answered>(LOOK);
      const away = (Date.now() + began) / 2;
      for (const found of rows) {
        if (isTooOld(found)) {
          findings.push(tooOld(placeOfUrl(url), found));
          primary ??= placeOfUrl(url);
          continue;
        }
        if (found.isStandby) findings.push({ state: 'OK', about, seen: `${placeOfUrl(url)} is a standby` });
        else if (primary !== null) findings.push(twoPrimaries(primary, placeOfUrl(url)));
        else findings.push(...judge(found, away), ...judgeReplication(found, config.databaseUrls.length));
        if (!found.isStandby) primary ??= placeOfUrl(url);
        if (primary === placeOfUrl(url)) findings.push(...(await lookAtSchema(url, config, log)));
      }
    } catch (error) {
      findings.push({ state: 'WRONG', about, seen: (asStartupError(error, config) as Error).message });
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  const isAnswered = findings.every(({ state }) => state !== 'WRONG');
  if (primary === null && isAnswered)
    findings.push({ state: 'WRONG', about, seen: 'no primary is among them', advice: 'promote one of them' });
  return findings;
}

const isTooOld = ({ version }: Answered) => Number.parseInt(version, 10) < MINIMUM_MAJOR;

function tooOld(place: string, { version }: Answered): Finding {
  return {
    ...{ state: 'WRONG', about: 'DATABASE_URL' },
    seen: `${place} is PostgreSQL ${version}, and ${MINIMUM_MAJOR} or newer is needed`,
    advice:
      'upgrade it by its own programs (pg_upgrade), or make a newer one and restore a backup into it (npm run restore-backup)',
  };
}

function twoPrimaries(first: string, second: string): Finding {
  return {
    ...{ state: 'WRONG', about: 'DATABASE_URL', seen: `${first} and ${second} both take writes` },
    advice: 'stop the one that was replaced, and make it a standby of the other',
  };
}

function* judgeReplication({ standbys, synchronous }: Answered, places: number): Generator<Finding> {
  if ((standbys === 0 && places === 1) || synchronous !== '') return;
  yield {
    ...{ state: 'WARNING', about: 'failover' },
    seen: 'it has standbys, and commits do not wait for any of them (synchronous_standby_names is empty)',
    advice:
      "what was acknowledged right before a failover may be lost: set synchronous_standby_names to 'ANY 1 (…)'",
  };
}

function* judge(
  { version, encoding, locale, most, now, mayCreate }: Answered,
  clock: number,
): Generator<Finding> {
  const about = 'DATABASE_URL';
  yield { state: 'OK', about, seen: `PostgreSQL ${version}, ${encoding}, ${locale}` };
  if (encoding !== 'UTF8')
    yield {
      ...{ state: 'WRONG', about, seen: `its encoding is ${encoding}` },
      advice: 'texts of other languages cannot be kept in it: make one with encoding UTF8',
    };
  if (!mayCreate)
    yield {
      ...{ state: 'WARNING', about, seen: 'its role may create no schemas in it' },
      advice: 'the first start and upgrades need CREATE on the database and on its schema public',
    };
  if (most < FEW_CONNECTIONS)
    yield {
      ...{ state: 'WARNING', about, seen: `max_connections is ${most}` },
      advice: 'several servers, or backups beside one, need more',
    };
  const apart = Math.abs(now.getTime() - clock) / 1000;
  yield {
    ...{ state: apart > CLOCKS_S ? 'WARNING' : 'OK', about: 'clock' },
    seen: `the clocks here and at the database differ by ${apart.toFixed(1)} s`,
    ...(apart > CLOCKS_S && {
      advice: 'let both be set by NTP: dates that people mention are counted by this one',
    }),
  };
}

async function lookAtSchema(
  connectionString: string,
  { slowQueryMs, sqlEcho: echo }: Config,
  log: Logger,
): Promise<Finding[]> {
  const about = 'schema';
  const connection = { connectionString };
  const db = createDatabase({ connection, log, slowQueryMs, echo, maxConnections: 1 });
  try {
    const problems = await durabilityProblemsOf(db);
    const unsafe = problems.map(
      (setting): Finding => ({
        ...{ state: 'WRONG', about: 'durability', seen: `the database runs with ${setting}` },
        advice: 'a commit may be lost when its machine stops: turn it on',
      }),
    );
    const pending = await pendingMigrations(db);
    if (pending < 0)
      return [
        ...unsafe,
        {
          ...{ state: 'WRONG', about, seen: `it has ${-pending} migrations of a newer version` },
          advice: 'start the newer version, or restore a backup of before',
        },
      ];
    const seen = pending === 0 ? 'is of this version' : `the next start applies ${pending} migrations`;
    return [...unsafe, { state: 'OK', about, seen }];
  } catch (error) {
    if (error instanceof DatabaseSetupError) return [{ state: 'WRONG', about, seen: error.message }];
    throw error;
  } finally {
    await db.close();
  }
}
