import { CANARY_TENANT } from '../../ground/ownership.ts';
import type { Turn } from './turn.ts';

/** One entry of the audit log for all turns of one conversation and sender. */
export function auditOf(turns: readonly Turn[]): object[] {
  const entries = new Map<string, { detail: { turns: number } } & object>();
  for (const { tenantId, userId, conversationId, actor } of turns) {
    if (tenantId === CANARY_TENANT) continue;
    const key = JSON.stringify([tenantId, userId, conversationId, actor?.correlationId]);
    const entry = entries.get(key) ?? {
      tenant: tenantId,
      owner: userId,
      conversation: conversationId,
      teller: actor ?? null,
      detail: { turns: 0 },
    };
    entry.detail.turns++;
    entries.set(key, entry);
  }
  return [...entries.values()];
}
