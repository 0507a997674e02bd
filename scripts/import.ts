import { join } from 'node:path';
import { importCommand } from '../src/import/command.ts';
import { connectByConfig } from '../src/import/connect.ts';
import { createLogger } from '../src/log.ts';
import { loadConfig } from '../src/startup.ts';

/** Imports a file through the server named by --url, else through that of this configuration, running or not. */
try {
  const { config, vault } = await loadConfig();
  const log = createLogger(config.logLevel, 2);
  process.exitCode = await importCommand(process.argv.slice(2), {
    ...{ ownUrl: config.url, log, stdout: process.stdout, stderr: process.stderr },
    connect: connectByConfig(config, log, async (own) => {
      const { createApp } = await import('../src/app.ts');
      return createApp(own, log, { migrate: true, vault });
    }),
    checkpointDirectory: join(config.dataDirectory, 'import'),
  });
} catch (error) {
  if (!(error instanceof Error && ['ConfigError', 'StartupError'].includes(error.name))) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
