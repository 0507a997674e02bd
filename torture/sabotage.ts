import type { Sabotage } from './options.ts';
import { type Patch, PatchError, sourceText } from './source-copy.ts';

/**
 * Patches that break one promise of the server, to show that the harness sees it. The sources change, so a sabotage
 * is written as steps; a step that fits nowhere fails the run, because a sabotage that does nothing proves nothing.
 */
const STEPS: Record<Sabotage, readonly Step[]> = {
  fsync: [
    // The server's own database never syncs …
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
    { file: 'src/domains/query/query.ts', find: /if \(stored\)/, replace: 'if (stored && stored.id < 0)' },
  ],
  'early-ack': [
    // The answer goes out when the rows are known, the commit follows a little later, as with a write-behind queue.
    {
      file: 'src/domains/interactions/store.ts',
      find: /const applied = await db\.transaction\(\(client\) => applyTurns\(client, turns\)\);/,
      replace: `const early = Promise.withResolvers<AppliedTurn[]>();
      db.transaction(async (client) => {
        const rows = await applyTurns(client, turns);
        early.resolve(rows);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }).catch(early.reject);
      const applied = await early.promise;`,
    },
  ],
};

interface Step extends Patch {
  /** Skipped where the file or the line does not exist. */
  readonly optional?: true;
}

/**
 * The patches of a sabotage for the sources as they are.
 *
 * @throws PatchError if a step fits nowhere
 */
export async function patchesOf(sabotage: Sabotage): Promise<Patch[]> {
  const patches: Patch[] = [];
  for (const step of STEPS[sabotage]) {
    const text = await sourceText(step.file);
    if (text !== null && step.find.test(text)) patches.push(step);
    else if (!step.optional)
      throw new PatchError(
        `the sabotage "${sabotage}" does not fit any more: in ${step.file} nothing matches ${step.find}`,
      );
  }
  return patches;
}
