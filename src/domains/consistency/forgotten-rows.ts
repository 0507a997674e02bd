import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Forgotten,
  type ForgottenKind,
  forgottenBehind,
  type RepairableDatabase,
  stillForgotten,
} from '../../db/forgotten.ts';
import { subjectOf } from '../../ground/ownership.ts';
import { FORGOTTEN_KINDS } from './kinds.ts';

/** What was found of one kind. */
export interface ForgottenRows {
  readonly kind: string;
  /** In plain words. */
  readonly what: string;
  readonly count: number;
  /** The first few of them. */
  readonly examples: readonly {
    readonly tenantId: string | null;
    readonly userId: string | null;
    readonly id: string;
  }[];
  /** How many were made good; null: that was not asked for, or nobody knows how these should be. */
  readonly repaired: number | null;
  readonly canBeRepaired: boolean;
}

export interface LookOptions {
  /** Makes good what can be. */
  readonly repair: boolean;
  /** Milliseconds after which what was found is looked at again, and believed. */
  readonly settledMs?: number;
  readonly kinds?: readonly ForgottenKind[];
}

const EXAMPLES = 10;
const SETTLED_MS = 2_000;
/** Rows that are looked at again together. */
const HELD = 5_000;

/**
 * Looks for rows that hang on turns and were forgotten, or left, when turns came or went: page by page, each in a
 * statement of its own that locks nothing. What is found is looked at a second time a little later, and rows of users who
 * are being erased are passed over: the erasure takes them.
 *
 * @returns a line for each kind of which there are any
 */
export async function* forgottenRows(
  db: RepairableDatabase,
  { repair, settledMs = SETTLED_MS, kinds = FORGOTTEN_KINDS }: LookOptions,
): AsyncGenerator<ForgottenRows> {
  for (const kind of kinds) {
    const sum = { count: 0, repaired: 0 };
    const examples: Forgotten[] = [];
    for await (const rows of believed(db, kind, settledMs)) {
      sum.count += rows.length;
      examples.push(...rows.slice(0, EXAMPLES - examples.length));
      if (!repair || !kind.repair) continue;
      await kind.repair(db, rows);
      sum.repaired += rows.length - (await stillForgotten(db, kind, rows)).length;
    }
    if (sum.count === 0) continue;
    yield {
      ...{ kind: kind.name, what: kind.words, count: sum.count },
      examples: examples.map(({ tenantId, userId, id }) => ({ tenantId, userId, id })),
      repaired: repair && kind.repair ? sum.repaired : null,
      canBeRepaired: kind.repair !== undefined,
    };
  }
}

/** What two looks found, some rows at a time. */
async function* believed(
  db: RepairableDatabase,
  kind: ForgottenKind,
  settledMs: number,
): AsyncGenerator<readonly Forgotten[]> {
  let held: Forgotten[] = [];
  let after: string | null = null;
  do {
    const page = await forgottenBehind(db, kind, after);
    after = page.next;
    held.push(...page.found);
    if (held.length === 0 || (held.length < HELD && after !== null)) continue;
    await sleep(settledMs);
    const erased = await underErasure(db);
    const rows = (await stillForgotten(db, kind, held)).filter((row) => !erased.has(subjectIn(row) ?? ''));
    held = [];
    if (rows.length > 0) yield rows;
  } while (after !== null);
}

const subjectIn = ({ subject, tenantId, userId }: Forgotten) =>
  subject ?? (tenantId === null || userId === null ? null : subjectOf({ tenantId, userId }).toString('hex'));

/** Hashes of the users whose erasure has begun and is not over. */
async function underErasure({ pool }: RepairableDatabase): Promise<Set<string>> {
  const { rows } = await pool.query<{ subject: string }>({
    name: 'erasures_under_way',
    text: `select encode(subject, 'hex') as subject from echo_erasures where receipt is null`,
  });
  return new Set(rows.map(({ subject }) => subject));
}
