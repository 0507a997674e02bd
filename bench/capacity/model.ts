/** What was measured of a memory, and what it may use. */
export interface Measured {
  /** Bytes for each turn, by what they are for. */
  readonly bytesPerTurn: Readonly<Record<string, number>>;
  /** Processor time of the server for one more turn, indexed and with its vector. */
  readonly writeCpuMs: number;
  /** Processor time of the server for one search. */
  readonly searchCpuMs: number;
  /** Milliseconds that an exact search takes for each vector of the user. */
  readonly vectorScanMs: number;
  /** Seconds for each turn that a backup and its verification take. */
  readonly backupSeconds: number;
}

export interface Load {
  readonly users: number;
  /** Share of all turns that the user with the most has. */
  readonly largestShare: number;
  readonly turnsPerSecond: number;
  readonly searchesPerSecond: number;
}

export interface Machine {
  readonly cores: number;
  readonly memoryGb: number;
  readonly diskGb: number;
  /** Seconds within which a backup and its verification must be over, before the next one. */
  readonly backupWindowSeconds: number;
  /** Longest that the scan of a user's vectors may take. */
  readonly scanLimitMs: number;
}

/** Of a month, in any currency; null: not asked. */
export interface Prices {
  readonly gbMonth: number | null;
  readonly coreMonth: number | null;
}

export interface Demand {
  readonly resource: string;
  readonly unit: string;
  readonly used: number;
  readonly available: number;
}

export interface Forecast {
  readonly turns: number;
  readonly demands: readonly Demand[];
  /** For each million turns that are kept, in a month; null: no prices. */
  readonly perMillion: number | null;
}

const GB = 1e9;
/** Kept twice while an index is made anew or the database is moved. */
const ROOM = 2;
/** What is read again and again must fit: the word index and the indexes; rows of turns are read one by one. */
const HOT = /index|vector/i;
/** A core that is busier than this answers late. */
const BUSY = 0.7;

/** What a number of turns needs, and has. */
export function forecast(
  turns: number,
  measured: Measured,
  load: Load,
  machine: Machine,
  prices: Prices,
): Forecast {
  const sizes = Object.entries(measured.bytesPerTurn);
  const bytes = sizes.reduce((sum, [, each]) => sum + each, 0) * turns;
  const hot = sizes.reduce((sum, [name, each]) => sum + (HOT.test(name) ? each : 0), 0) * turns;
  const cpu =
    (load.turnsPerSecond * measured.writeCpuMs + load.searchesPerSecond * measured.searchCpuMs) / 1_000;
  const largest = Math.min(1, Math.max(load.largestShare, 1 / load.users)) * turns;
  const demands: Demand[] = [
    { resource: 'disk', unit: 'GB', used: (bytes * ROOM) / GB, available: machine.diskGb },
    { resource: 'memory', unit: 'GB', used: hot / GB, available: machine.memoryGb },
    { resource: 'processor', unit: 'cores', used: cpu, available: machine.cores * BUSY },
    {
      ...{
        resource: 'vectors of the largest user',
        unit: 'ms a search',
        used: largest * measured.vectorScanMs,
      },
      available: machine.scanLimitMs,
    },
    {
      ...{ resource: 'backup and its verification', unit: 's', used: turns * measured.backupSeconds },
      available: machine.backupWindowSeconds,
    },
  ];
  const { gbMonth, coreMonth } = prices;
  const isPriced = gbMonth !== null && coreMonth !== null;
  const cost = isPriced ? ((bytes * ROOM) / GB) * gbMonth + (cpu / BUSY) * coreMonth : null;
  return { turns, demands, perMillion: cost === null ? null : cost / (turns / 1e6) };
}

/** The resource of which the largest share is used, and the number of turns at which it is used up; null: it does not grow. */
export function firstToBreak(
  measured: Measured,
  load: Load,
  machine: Machine,
): { resource: string; atTurns: number } {
  const none = { gbMonth: null, coreMonth: null };
  const [at, more] = [1e6, 2e6].map((turns) => forecast(turns, measured, load, machine, none).demands);
  const limits = (at ?? []).map(({ resource, used, available }, index) => {
    const growth = ((more?.[index]?.used ?? used) - used) / 1e6;
    if (used > available) return { resource, atTurns: growth > 0 ? available / growth : 0 };
    return { resource, atTurns: growth > 0 ? available / growth : Number.POSITIVE_INFINITY };
  });
  return limits.reduce((first, each) => (each.atTurns < first.atTurns ? each : first));
}
