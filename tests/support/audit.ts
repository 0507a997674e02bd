import { expect, vi } from 'vitest';
import type { TestApp } from './harness.ts';

/**
 * Writes the refusals that wait, and seals every row of the audit log. One flush may leave the last rows: an open
 * transaction in any database of the server holds them up, thus one of another test.
 */
export async function sealAudit({ app, sql }: Pick<TestApp, 'app' | 'sql'>): Promise<void> {
  await vi.waitFor(
    async () => {
      await app.services.audit.flush();
      const open = await sql(
        `select id from echo_audit_log a
         where not exists (select from echo_audit_seals s where (a.xid, a.id) <= (s.last_xid, s.last_id::bigint))`,
      );
      expect(open).toEqual([]);
    },
    { timeout: 60_000, interval: 150 },
  );
}
