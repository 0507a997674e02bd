import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput } from '../../errors.ts';
import type { ActivityNotes } from '../../ground/activity.ts';
import * as input from '../../ground/input.ts';
import type { ErasedUsers, LineCounts, Restoration, Section } from '../../ground/section.ts';
import { interactionsByTurnId } from '../interactions/reads.ts';
import type { Taken } from '../tenants/day-count.ts';
import { NOTHING_TAKEN, type Quotas } from '../tenants/quotas.ts';
import { MAX_LINES } from './export.ts';

export interface RestoreServices {
  readonly db: Database;
  readonly tombstones: ErasedUsers;
  readonly activity: ActivityNotes;
  readonly quotas: Quotas;
}

const Lines = z
  .array(z.string())
  .min(1, { error: 'must have at least 1 line' })
  .max(MAX_LINES, { error: `must have at most ${MAX_LINES} lines` });

/**
 * Puts lines of an export back, each by the section that knows its kind, in the order of the sections. All or nothing;
 * what is there already is passed over, so sending again is safe.
 *
 * A line of a kind that no section knows is refused, not passed over: whoever restores means to have all of it.
 *
 * @returns how many lines of each kind were new
 * @throws InvalidInput naming the line; QuotaExceeded; NotFound for turns of a conversation that is not there
 */
export async function restoreLines<Parts extends RestoreServices>(
  parts: Parts,
  sections: readonly Section<Parts>[],
  owner: Owner,
  given: readonly string[],
): Promise<LineCounts> {
  const restorations = sections.map((section) => ({
    kinds: section.kinds,
    restoration: section.restoration(owner, parts.tombstones),
  }));
  const byKind = new Map<unknown, Restoration<Parts>>(
    restorations.flatMap(({ kinds, restoration }) => kinds.map((kind) => [kind, restoration] as const)),
  );
  const turnIds: string[] = [];
  for (const [line, text] of input.parseInput(Lines, [...given], 'lines').entries()) {
    const value = parsed(text, line);
    const kind = (value as { kind?: unknown } | null)?.kind;
    const restoration = byKind.get(kind);
    if (!restoration) throw new InvalidInput(`lines.${line}.kind`, unknownKind(kind));
    restoration.take(value, line);
    if (kind === 'turn') turnIds.push((value as { turnId: string }).turnId);
  }
  const taken = await takeQuota(parts, owner, given, turnIds);
  const store = async () => {
    for (const { restoration } of restorations) await restoration.prepare?.(parts);
    return parts.db.transaction(async (client) => {
      const counts: LineCounts[] = [];
      for (const { restoration } of restorations) counts.push(await restoration.store(client));
      return counts;
    });
  };
  const stored = await store().catch((error: unknown) => {
    taken.giveBack();
    throw error;
  });
  taken.settle();
  for (const [index, { restoration }] of restorations.entries())
    await restoration.stored?.(parts, stored[index] ?? {});
  const message = 'lines of an export were put back';
  parts.activity.note({ kind: 'user_restored', subject: null, message, level: 'INFO', owner });
  return Object.assign({}, ...stored) as LineCounts;
}

/** Takes what the lines need of what their tenant may have. @throws QuotaExceeded */
async function takeQuota(
  { db, quotas }: RestoreServices,
  owner: Owner,
  lines: readonly string[],
  turnIds: readonly string[],
): Promise<Taken> {
  const bytes = () => lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
  const { tenantId } = owner;
  const fresh = async () => {
    const known = await interactionsByTurnId(db, owner, turnIds);
    return turnIds.filter((_id, index) => !known[index]);
  };
  if (turnIds.length > 0) return quotas.takeTurns({ tenantId, field: 'lines', turnIds, bytes, fresh });
  await quotas.checkStorage(tenantId, 'lines', bytes());
  return NOTHING_TAKEN;
}

/** Characters of a kind that are said again. */
const SHOWN = 50;

function unknownKind(kind: unknown): string {
  if (typeof kind !== 'string') return 'must say what the line is, such as "turn"';
  const shown = JSON.stringify(kind.slice(0, SHOWN).toWellFormed());
  return `${shown} is no kind of line that this version knows; if a newer version wrote the export, restore it into that one`;
}

function parsed(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidInput(`lines.${line}`, 'is not valid JSON');
  }
}
