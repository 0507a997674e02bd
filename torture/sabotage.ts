import type { Sabotage } from './options.ts';
import type { Patch } from './source-copy.ts';

/**
 * Patches that break one promise of the server, to show that the harness sees it. The sources change, so a patch
 * that fits nowhere ends the run with exit code 2: a sabotage that does nothing would prove nothing.
 */
const STEPS: Record<Sabotage, readonly Patch[]> = {
  fsync: [
    // Neither the journal …
    { file: 'src/journal/file.ts', find: /pragma synchronous = full/, replace: 'pragma synchronous = off' },
    {
      file: 'src/journal/file.ts',
      find: /requireSetting\(db, 'synchronous', 2\)/,
      replace: "requireSetting(db, 'synchronous', 0)",
    },
    // … nor the server's own database ever syncs.
    { file: 'src/db/embedded/process.ts', find: /fsync: 'on'/, replace: "fsync: 'off'" },
  ],
  unique: [
    // Two rows may have one turn id …
    {
      file: 'drizzle/0000_initial.sql',
      find: /CREATE UNIQUE INDEX "echo_interactions_turn_id_key"/,
      replace: 'CREATE INDEX "echo_interactions_turn_id_key"',
    },
    // … and nobody looks whether there is one already.
    {
      file: 'src/domains/interactions/apply.ts',
      find: /values: \[turns\.map\(\(turn\) => turn\.turnId\)\]/,
      replace: 'values: [[]]',
    },
    {
      file: 'src/domains/query/query.ts',
      find: /interactionsByTurnId\(db, query\.owner, \[query\.turnId\]\)/,
      replace: 'interactionsByTurnId(db, query.owner, [])',
    },
  ],
  fencing: [
    // Whoever holds a task no longer writes to it all the same: its end …
    {
      file: 'src/domains/tasks/claims.ts',
      find: /where id = \$1 and attempt = \$2 and worker = \$3 and status = 'RUNNING' and tenant_id = \$11 returning/,
      replace:
        "where id = $1 and ($2::int, $3::text) is not null and status = 'RUNNING' and tenant_id = $11 returning",
    },
    // … its effects …
    {
      file: 'src/domains/tasks/steps.ts',
      find: /where id = \$1 and attempt = \$2 and worker = \$3 and status = 'RUNNING' and tenant_id = \$6 for share/,
      replace: 'where id = $1 and ($2::int, $3::text) is not null and tenant_id = $6 for share',
    },
    // … and it is not told that it lost them.
    {
      file: 'src/domains/tasks/leases.ts',
      find: /if \(!beat\?\.held\) each\.controller\.abort\(new TaskLost\(\)\);\s*else each/,
      replace: 'each',
    },
    {
      file: 'src/domains/tasks/leases.ts',
      find: /if \(performance\.now\(\) - heldAt > LEASE_MS\) controller\.abort\(new TaskLost\(\)\);/,
      replace: 'void [heldAt, controller];',
    },
  ],
  'late-effect': [
    // The effect is committed by itself, and that it is done is noted a little later.
    {
      file: 'src/domains/tasks/steps.ts',
      find: /const result = await effect\(client\);/,
      replace: `const result = await db.transaction((own) => effect(own));
      await new Promise((resolve) => setTimeout(resolve, 30));`,
    },
  ],
  'early-ack': [
    // The answer goes out at once, the journal is written a little later, as with a write-behind queue.
    {
      file: 'src/domains/interactions/store.ts',
      find: /import \{ streamOf, type Turn \} from '\.\/turn\.ts';/,
      replace: `import { rowOf } from './rows.ts';
import { streamOf, type Turn } from './turn.ts';`,
    },
    {
      file: 'src/domains/interactions/store.ts',
      find: /async save\(\s*turns: readonly Turn\[\],\s*accepted\?: AcceptedTurn,[^{]*\): Promise<SavedTurns> \{/,
      replace: `async save(turns: readonly Turn[], accepted?: AcceptedTurn): Promise<SavedTurns> {
    if (accepted) return this.saveLater(turns, accepted);
    setTimeout(() => void this.saveLater(turns).catch(() => undefined), 25);
    const early = turns.map((turn) => ({ row: rowOf(turn), replayed: false }));
    return { durability: 'JOURNALED', turns: early };
  }

  async saveLater(turns: readonly Turn[], accepted?: AcceptedTurn, since = performance.now()): Promise<SavedTurns> {`,
    },
  ],
};

/** The patches of a sabotage; `copySources` refuses them where they do not fit. */
export function patchesOf(sabotage: Sabotage | null): readonly Patch[] {
  return sabotage ? STEPS[sabotage] : [];
}
