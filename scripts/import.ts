import { join } from 'node:path';

/** On a busy machine the rest takes long to load, and silence looks like a program that hangs. */
const isSlow = setTimeout(() => process.stderr.write('starting\n'), 1_000);

/** Imports a file through the server named by --url, else through that of this configuration, running or not. */
try {
  const { importCommand } = await import('../src/import/command.ts');
  const { connectByConfig } = await import('../src/import/connect.ts');
  const { createLogger } = await import('../src/log.ts');
  const { loadConfig } = await import('../src/startup.ts');
  const { config, vault } = await loadConfig();
  clearTimeout(isSlow);
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
} finally {
  clearTimeout(isSlow);
}
