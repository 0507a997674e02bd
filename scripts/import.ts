import { join } from 'node:path';
import { createApp, StartupError } from '../src/app.ts';
import { ConfigError, readConfig } from '../src/config.ts';
import { importCommand } from '../src/import/command.ts';
import { connectImport } from '../src/import/connect.ts';
import { createLogger } from '../src/log.ts';

/** Imports a file through the server named by --url, else through that of this configuration, running or not. */
try {
  const config = readConfig();
  const log = createLogger(config.logLevel, 2);
  process.exitCode = await importCommand(process.argv.slice(2), {
    ownUrl: config.url,
    connect: connectImport({
      ownUrl: config.url,
      apiKey: config.clientApiKey,
      startServer: () => createApp({ ...config, port: 0 }, log, { migrate: true }),
      log,
    }),
    checkpointDirectory: join(config.dataDirectory, 'import'),
    log,
    stdout: process.stdout,
    stderr: process.stderr,
  });
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof StartupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
