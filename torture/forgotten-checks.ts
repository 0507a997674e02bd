import pg from 'pg';
import { forgottenRows } from '../src/domains/consistency/forgotten-rows.ts';
import type { Looked } from './database.ts';
import type { Finding } from './findings.ts';

/** Whether all that hangs on turns came and went with them, as `npm run verify` sees it. */
export async function checkForgotten({ connection }: Looked): Promise<Finding[]> {
  const options = '-c default_transaction_read_only=on';
  const pool = new pg.Pool({ ...connection, ssl: false, options, max: 1, query_timeout: 60_000 });
  pool.on('error', () => undefined);
  const transaction = () => Promise.reject(new Error('nothing is made good here'));
  const findings: Finding[] = [];
  try {
    for await (const { kind, what, count, examples } of forgottenRows(
      { pool, transaction },
      { repair: false },
    ))
      findings.push({
        ...{ check: 'forgotten', conversationId: null },
        detail: `${count} ${kind}: ${what}, such as ${JSON.stringify(examples.slice(0, 3))}`,
      });
  } finally {
    await pool.end();
  }
  return findings;
}
