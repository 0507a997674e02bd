import { createHash } from 'node:crypto';
import type { Send } from '../import/operations.ts';
import { exportedLines } from '../import/restoring.ts';
import { KEY_PREFIX } from './turns.ts';

/** What a user had before, as far as it matters. */
export interface There {
  /** Conversations that began with a turn of another origin. */
  readonly foreign: ReadonlySet<string>;
  /** When turns were deleted, by their ids: they stay so. */
  readonly deleted: ReadonlyMap<string, string>;
}

/** What is there of an adoption: turns as a number and an order-independent checksum, other lines by their keys. */
export interface Found {
  readonly turns: number;
  readonly checksum: string;
  readonly keys: ReadonlyMap<string, ReadonlySet<string>>;
}

interface Line {
  readonly kind: string;
  readonly conversationId: string;
  readonly turnId: string;
  readonly chainHash: string;
  readonly deletedAt: string;
  readonly idempotencyKey?: string | null;
}

/** Looks at what a user has, before anything is adopted. */
export async function lookBefore(send: Send, userId: string): Promise<There> {
  const foreign = new Set<string>();
  const deleted = new Map<string, string>();
  let begins = false;
  for await (const text of exportedLines(send, userId)) {
    const line = JSON.parse(text) as Line;
    if (line.kind === 'conversation') begins = true;
    if (line.kind === 'deleted') deleted.set(line.turnId, line.deletedAt);
    if (line.kind === 'turn' && begins) {
      if (!line.idempotencyKey?.startsWith(KEY_PREFIX)) foreign.add(line.conversationId);
      begins = false;
    }
  }
  return { foreign, deleted };
}

/**
 * Reads everything of a user again, and adds up what was adopted.
 *
 * @param sent the turns that were sent: others may have been adopted from elsewhere
 * @param keyFields of lines that stand alone, by kind
 */
export async function lookAfter(
  send: Send,
  userId: string,
  sent: Checksum,
  keyFields: ReadonlyMap<string, string>,
): Promise<Found> {
  const sum = new Checksum();
  const keys = new Map([...keyFields.keys()].map((kind) => [kind, new Set<string>()]));
  for await (const text of exportedLines(send, userId)) {
    const line = JSON.parse(text) as Line & Record<string, unknown>;
    const field = keyFields.get(line.kind);
    if (field !== undefined) keys.get(line.kind)?.add(String(line[field]));
    if (line.kind === 'turn' && sent.has(line.turnId)) sum.add(line);
  }
  return { turns: sum.count, checksum: sum.value, keys };
}

const MODULUS = 1n << 256n;

/** Adds up SHA-256 hashes over the ids of turns and their chain hashes, which are over their content: in any order. */
export class Checksum {
  #sum = 0n;
  /** A part of each id, because there may be millions. */
  readonly #ids = new Set<number>();

  get count(): number {
    return this.#ids.size;
  }

  has(turnId: string): boolean {
    return this.#ids.has(partOf(turnId));
  }

  add({ turnId, chainHash }: { readonly turnId: string; readonly chainHash: string }): void {
    const hash = createHash('sha256').update(turnId).update(chainHash).digest('hex');
    this.#sum = (this.#sum + BigInt(`0x${hash}`)) % MODULUS;
    this.#ids.add(partOf(turnId));
  }

  /** Hexadecimal. */
  get value(): string {
    return this.#sum.toString(16).padStart(64, '0');
  }
}

/** 52 bits of an id, all of them from a hash. */
function partOf(turnId: string): number {
  return Number.parseInt(turnId.replaceAll('-', '').slice(-13), 16);
}
