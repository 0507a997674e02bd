import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Looked, look } from '../database.ts';
import type { Finding } from '../findings.ts';
import type { Kept } from './judge-once.ts';
import type { SoakStand } from './stand.ts';
import type { Visits } from './visitors.ts';

/** All that visitors asked for and that is stored, by the names that they gave it. */
const KEPT = `
  select 'turn of MCP' as kind, substring(query from '^#(\\S+)') as name, query as value
    from echo_unified_interactions where conversation_id = 'soak-mcp'
  union all select 'turn of /v1', substring(query from '^#(\\S+)'), query
    from echo_unified_interactions where starts_with(conversation_id, 'soak-v1-')
  union all select 'imported turn', substring(query from '^#(\\S+)'), query
    from echo_unified_interactions where starts_with(conversation_id, 'soak-import-')
  union all select 'fact', object, status from echo_learned_facts where starts_with(object, 'Zorbla') and origin = 'PERSON'
  union all select 'learned fact', object, status from echo_learned_facts where user_id = 'learner'
  union all select 'picture', file_hash, (select convert_from(path, 'UTF8') from echo_media_files f
      where f.file_hash = i.file_hash and f.user_id = i.user_id and f.state = 'PRESENT')
    from echo_media_insights i where i.state = 'PRESENT'`;

/** @throws if the database does not answer */
export function keptNow({ connection }: Looked): Promise<Kept[]> {
  return look<Kept & Record<string, unknown>>(connection, KEPT);
}

/** Changes of facts that the database has and that the receiver of the webhook was not told of. */
export async function untoldChanges(
  { connection }: Looked,
  got: readonly { readonly body: { readonly data?: { readonly changeId?: string } } | null }[],
): Promise<{ changes: number; untold: string[]; messages: number }> {
  const rows = await look<{ changeId: string }>(
    connection,
    `select change_id::text as "changeId" from echo_fact_changes`,
  );
  const ids = got.flatMap(({ body }) => body?.data?.changeId ?? []);
  const told = new Set(ids);
  const untold = rows.filter(({ changeId }) => !told.has(changeId)).map(({ changeId }) => changeId);
  return { changes: rows.length, untold, messages: ids.length };
}

/** Waits until something has become true. @returns whether it has, within the limit */
export async function until(check: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  for (const since = performance.now(); ; await delay(1_000)) {
    if (await check().catch(() => false)) return true;
    if (performance.now() - since > limitMs) return false;
  }
}

const ROOT = resolve(import.meta.dirname, '../..');

/** A backup as it was asked for, restored by the command into a database of its own beside that of the servers. */
export async function restoreOne(
  stand: SoakStand,
  {
    connection,
    sql,
  }: Looked & { sql(text: string, values?: unknown[], database?: string): Promise<unknown[]> },
  { backupId, turnsBefore }: Visits['backups'][number],
  number: number,
): Promise<Finding[]> {
  const name = `soak_restored_${number}`;
  const found = (detail: string): Finding[] => [
    { check: 'not-restored', conversationId: null, detail: `backup ${backupId}: ${detail}` },
  ];
  await sql(`create database ${name}`, [], 'postgres');
  try {
    const directory = join(stand.scratch, name);
    await mkdir(directory);
    const { host, user } = connection as { host: string; user: string };
    const child = spawn(process.execPath, ['scripts/restore-backup.ts', backupId], {
      cwd: ROOT,
      env: {
        ...{
          PATH: '/usr/bin:/bin',
          DATA_DIR: directory,
          BACKUP_DIR: stand.backups,
          MASTER_KEY: stand.masterKey,
        },
        ...{
          LOG_LEVEL: 'warn',
          DATABASE_URL: `postgresql://${user}@localhost/${name}?host=${encodeURIComponent(host)}`,
        },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => {
        said = (said + piece).slice(-500);
      });
    const [code] = (await once(child, 'exit')) as [number | null];
    await rm(directory, { recursive: true, force: true });
    if (code !== 0) return found(`exit code ${code}: ${said}`);
    const rows = (await look(
      { ...connection, database: name },
      'select turn_id::text as id from echo_unified_interactions',
      [],
    )) as {
      id: string;
    }[];
    const restored = new Set(rows.map(({ id }) => id));
    const missing = turnsBefore.filter((turnId) => !restored.has(turnId));
    return missing.length > 0
      ? found(`${missing.length} of ${turnsBefore.length} turns that the database had before it are missing`)
      : [];
  } finally {
    await sql(`drop database if exists ${name} with (force)`, [], 'postgres');
  }
}
