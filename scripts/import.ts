import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { importCommand } from '../src/import/command.ts';
import { connectImport } from '../src/import/connect.ts';
import { createLogger } from '../src/log.ts';

/** Imports a file through the server named by --url, else through that of this configuration, running or not. */
try {
  const config = readConfig();
  const log = createLogger(config.logLevel, 2);
  // With access control on, a server that is started here takes a key that nobody else knows.
  const apiKey = config.clientApiKey ?? randomBytes(32).toString('hex');
  const access = { ...config.access, apiKey: config.access.apiKey ?? apiKey };
  const startServer = async () => {
    // Only here, because most imports talk to a running server and need not load one.
    const { createApp } = await import('../src/app.ts');
    return createApp({ ...config, access, host: '127.0.0.1', port: 0 }, log, { migrate: true });
  };
  const { url: ownUrl } = config;
  process.exitCode = await importCommand(process.argv.slice(2), {
    ...{ ownUrl, log, stdout: process.stdout, stderr: process.stderr },
    connect: connectImport({ ownUrl, apiKey, startServer, log }),
    checkpointDirectory: join(config.dataDirectory, 'import'),
  });
} catch (error) {
  if (!(error instanceof Error && ['ConfigError', 'StartupError'].includes(error.name))) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
