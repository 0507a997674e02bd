import { parseArgs } from 'node:util';
import type { Print } from '../../src/ground/command.ts';
import { firstToBreak, forecast, type Load, type Machine, type Measured, type Prices } from './model.ts';
import { probe } from './probe.ts';

/** As measured on two cores that others used, too; docs/measurements.md and docs/backups.md say how. */
const DEFAULTS = {
  'write-cpu-ms': [1.97, 'processor time of one more turn, indexed and with its vector'],
  'search-cpu-ms': [27, 'processor time of one search'],
  'vector-bytes': [1_900, 'bytes of a vector in its store (384 dimensions, and its row)'],
  'vector-scan-ms': [0.000_72, 'exact search, for each vector of the user; 0 with Qdrant'],
  'backup-seconds': [0.000_775, 'backup and verification, for each turn'],
  users: [1_000, 'users'],
  'largest-share': [0.01, 'share of all turns that the largest user has'],
  'turns-per-second': [5, 'turns that are added, at the busiest time'],
  'searches-per-second': [5, 'searches, at the busiest time'],
  cores: [4, 'cores of the machine'],
  'memory-gb': [16, 'memory for indexes'],
  'disk-gb': [500, 'disk'],
  'backup-window-s': [86_400, 'time in which a backup and its verification must be over'],
  'scan-limit-ms': [200, 'longest that the vectors of a user may take'],
} as const satisfies Record<string, readonly [number, string]>;
type Name = keyof typeof DEFAULTS;

const USAGE = `usage: npm run capacity -- --database postgres://… [options]
  --database URL        whose sizes are measured: bytes for each of its turns, by table and index (read only)
  --turns A,B,C         for how many turns; default: 1000000,10000000,100000000
  --price-gb-month P, --price-core-month P    your prices, in any currency; without them no costs
${Object.entries(DEFAULTS)
  .map(([name, [value, what]]) => `${`  --${name} N`.padEnd(28)}${what} (${value})`)
  .join('\n')}`;
const GROUPED = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** `npm run capacity`. @returns the exit code */
export async function capacity(args: readonly string[], print: Print): Promise<number> {
  const text = { type: 'string' } as const;
  const names = [...Object.keys(DEFAULTS), 'database', 'turns', 'price-gb-month', 'price-core-month'];
  let given: Record<string, string | boolean | undefined>;
  try {
    const options = {
      ...Object.fromEntries(names.map((name) => [name, text])),
      help: { type: 'boolean' } as const,
    };
    given = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    print(`${(error as Error).message}\n${USAGE}`, 'errors');
    return 2;
  }
  const number = (name: string, otherwise: number | null) => {
    if (given[name] === undefined) return otherwise;
    const value = Number(given[name]);
    if (Number.isFinite(value) && value >= 0) return value;
    throw new RangeError(`--${name}: must be a number from 0`);
  };
  const { database } = given;
  if (given.help || typeof database !== 'string') {
    if (given.help) print(USAGE);
    else print(`--database is missing\n${USAGE}`, 'errors');
    return given.help ? 0 : 2;
  }
  try {
    const value = (name: Name) => number(name, DEFAULTS[name][0]) ?? 0;
    const { turns, bytesPerTurn } = await probe(database);
    const measured: Measured = {
      bytesPerTurn: { ...bytesPerTurn, vectors: value('vector-bytes') },
      ...{ writeCpuMs: value('write-cpu-ms'), searchCpuMs: value('search-cpu-ms') },
      ...{ vectorScanMs: value('vector-scan-ms'), backupSeconds: value('backup-seconds') },
    };
    const load: Load = {
      ...{ users: value('users'), largestShare: value('largest-share') },
      ...{ turnsPerSecond: value('turns-per-second'), searchesPerSecond: value('searches-per-second') },
    };
    const machine: Machine = {
      ...{ cores: value('cores'), memoryGb: value('memory-gb'), diskGb: value('disk-gb') },
      ...{ backupWindowSeconds: value('backup-window-s'), scanLimitMs: value('scan-limit-ms') },
    };
    const prices = { gbMonth: number('price-gb-month', null), coreMonth: number('price-core-month', null) };
    const wanted = String(given.turns ?? '1000000,10000000,100000000')
      .split(',')
      .map(Number);
    tell({ turns, measured, load, machine, prices, wanted }, print);
    return 0;
  } catch (error) {
    print((error as Error).message, 'errors');
    return 1;
  }
}

interface Told {
  readonly turns: number;
  readonly measured: Measured;
  readonly load: Load;
  readonly machine: Machine;
  readonly prices: Prices;
  readonly wanted: readonly number[];
}

function tell({ turns, measured, load, machine, prices, wanted }: Told, print: Print): void {
  print(`measured on ${GROUPED.format(turns)} turns, bytes for each:`);
  for (const [name, bytes] of Object.entries(measured.bytesPerTurn).sort(([, a], [, b]) => b - a))
    print(`  ${name.padEnd(24)} ${Math.round(bytes)}`);
  for (const count of wanted) {
    const { demands, perMillion } = forecast(count, measured, load, machine, prices);
    print(`\n${count.toLocaleString('en')} turns:`);
    for (const { resource, unit, used, available } of demands)
      print(
        `  ${resource.padEnd(28)} ${GROUPED.format(used)} of ${GROUPED.format(available)} ${unit}${used > available ? '  NOT ENOUGH' : ''}`,
      );
    if (perMillion !== null) print(`  a month costs ${GROUPED.format(perMillion)} for each million turns`);
  }
  const { resource, atTurns } = firstToBreak(measured, load, machine);
  print(
    Number.isFinite(atTurns)
      ? `\nfirst: ${resource}, at ${GROUPED.format(atTurns)} turns`
      : '\nnothing of it is used up, however many turns there are',
  );
}
