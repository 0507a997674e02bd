import { upgradeCommand } from '../src/domains/backups/upgrade-command.ts';
import { runScript } from './run-script.ts';

/** Takes the embedded database to this version of PostgreSQL; see `npm run upgrade-database`. */
await runScript((args, print) =>
  upgradeCommand(
    args,
    async (work) => {
      const { withUpgradePorts } = await import('../src/app.ts');
      return withUpgradePorts(work);
    },
    print,
  ),
);
