import { parseArgs } from 'node:util';

export type Sabotage = 'fsync' | 'unique' | 'early-ack' | TaskSabotage;
/** Of background tasks. */
export type TaskSabotage = 'fencing' | 'late-effect';
export const TASK_SABOTAGES: readonly TaskSabotage[] = ['fencing', 'late-effect'];
export type DatabaseKind = 'embedded' | 'external';

/** What one run does. */
export interface TortureOptions {
  readonly seed: string;
  /** Tortures so many background tasks in place of turns; null: turns. */
  readonly tasks: number | null;
  /** Tortures three servers in so many rounds; null: one. */
  readonly servers: number | null;
  /** Lets everything run at once on three servers for so many minutes; null: not. */
  readonly soak: number | null;
  /** Where a soak writes what it was. */
  readonly out: string;
  /** Seconds of a soak between two faults; null: as long as health has for their end, and a minute. */
  readonly rest: number | null;
  /** The commit that one of several servers begins as. */
  readonly earlier: string | null;
  /** Server kills until the run ends. */
  readonly kills: number;
  readonly database: DatabaseKind;
  /** Names of faults (see `faults.ts`); null: the usual ones for this database. */
  readonly faults: readonly string[] | null;
  /** The run ends after this many minutes even if kills are missing; null: no limit. */
  readonly minutes: number | null;
  readonly sabotage: Sabotage | null;
  /** Keep data and log of a green run, too. */
  readonly keep: boolean;
  readonly writers: number;
  /** Rounds between two full checks. */
  readonly checkEvery: number;
}

/** The command line is wrong; the message is for whoever typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `usage: npm run torture -- [options]
  --seed TEXT            replays the decisions of an earlier run (default: a new one)
  --kills N              server kills until the end (default 1000)
  --database KIND        embedded (default) or external: a PostgreSQL of the harness behind a proxy
  --faults A,B           only these (see torture/faults.ts), e.g. kill,commit-cut; power, disk-full and
                         vectors-down happen only when named
  --minutes M            end after M minutes
  --tasks N              tortures N background tasks with effects in place of turns: two servers on one database, killed
                         and stopped in turn, as is the database; only --seed, --kills, --sabotage and --keep count
  --servers R            tortures three servers on a PostgreSQL with a standby, in R rounds: one is killed, one stopped for longer
                         than its leases, one replaced; in the middle round the primary is lost and the standby promoted;
                         only --seed, --earlier, --writers, --sabotage (unique, early-ack) and --keep count
  --soak MINUTES         everything at once: three servers, traffic at all doors, imports, learning, media, tasks, backups, webhooks, and a fault
                         every few minutes; then what was lost, doubled, altered or has grown, and whether health told the truth;
                         only --seed, --out, --rest and --keep count
  --out FOLDER           where --soak writes soak.json, soak.svg and soak.md (default: soak in the working directory)
  --rest SECONDS         between two faults of --soak (default 120)
  --earlier COMMIT       with --servers: one of them begins as this commit (npm ci installs it once)
  --sabotage KIND        fsync, unique or early-ack, with --tasks fencing or late-effect: runs a broken copy of the
                         server, must end with exit code 1
  --writers N            parallel writers (default 8)
  --check-every R        rounds between two full checks (default 10)
  --keep                 keep the data of a green run
exit code: 0 all checks passed, 1 a check failed, 2 the run could not be made`;

/**
 * Reads the command line.
 *
 * @throws UsageError
 */
export function parseOptions(args: readonly string[]): TortureOptions {
  const { values } = readArguments(args);
  const tasks = wholeNumber('tasks', values.tasks);
  const servers = wholeNumber('servers', values.servers);
  const sabotages: readonly Sabotage[] = tasks
    ? TASK_SABOTAGES
    : [...(servers ? [] : (['fsync'] as const)), 'unique', 'early-ack'];
  const sabotage = oneOf('sabotage', values.sabotage, sabotages);
  return {
    seed: values.seed ?? String(Date.now() % 1_000_000_000),
    ...{ tasks, servers, earlier: values.earlier ?? null },
    ...{
      soak: wholeNumber('soak', values.soak),
      rest: wholeNumber('rest', values.rest),
      out: values.out ?? 'soak',
    },
    kills: wholeNumber('kills', values.kills) ?? (tasks ? 30 : 1_000),
    database: oneOf('database', values.database, ['embedded', 'external']) ?? 'embedded',
    faults: values.faults?.split(',') ?? (sabotage === 'fsync' ? ['power'] : null),
    minutes: wholeNumber('minutes', values.minutes),
    sabotage,
    keep: values.keep ?? false,
    writers: wholeNumber('writers', values.writers) ?? 8,
    checkEvery: wholeNumber('check-every', values['check-every']) ?? (sabotage ? 2 : 10),
  };
}

function readArguments(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: text,
        tasks: text,
        servers: text,
        soak: text,
        out: text,
        rest: text,
        earlier: text,
        kills: text,
        database: text,
        faults: text,
        minutes: text,
        sabotage: text,
        writers: text,
        'check-every': text,
        keep: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, given: string | undefined): number | null {
  if (given === undefined) return null;
  if (!/^[1-9]\d{0,6}$/.test(given))
    throw new UsageError(`--${name}: must be a positive whole number, not "${given}"`);
  return Number(given);
}

function oneOf<T extends string>(name: string, given: string | undefined, known: readonly T[]): T | null {
  if (given === undefined) return null;
  const found = known.find((value) => value === given);
  if (found === undefined)
    throw new UsageError(`--${name}: must be one of ${known.join(', ')}, not "${given}"`);
  return found;
}
