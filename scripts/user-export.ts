import { printHere } from '../src/ground/command.ts';
import { connectByConfig } from '../src/import/connect.ts';
import { userExportCommand } from '../src/import/user-export.ts';
import { createLogger } from '../src/log.ts';
import { loadConfig } from '../src/startup.ts';

/** `npm run export`, `npm run restore`: a user's whole memory as a file, and back. */
try {
  const { config, vault } = await loadConfig();
  const log = createLogger(config.logLevel, 2);
  const [kind, ...args] = process.argv.slice(2);
  process.exitCode = await userExportCommand(kind === 'restore' ? 'restore' : 'export', args, {
    connect: connectByConfig(config, log, async (own) => {
      const { createApp } = await import('../src/app.ts');
      return createApp(own, log, { migrate: true, vault });
    }),
    print: printHere,
  });
} catch (error) {
  const isExpected =
    error instanceof Error && ['ConfigError', 'StartupError', 'ImportFileError'].includes(error.name);
  if (!isExpected) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
