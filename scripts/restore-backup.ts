import { restoreCommand } from '../src/domains/backups/restore-command.ts';
import { runScript } from './run-script.ts';

/** Restores a backup into an empty database; see `npm run restore-backup`. */
await runScript((args, print) =>
  restoreCommand(
    args,
    async (work) => {
      const { withRestorePorts } = await import('../src/app.ts');
      return withRestorePorts(work);
    },
    print,
  ),
);
