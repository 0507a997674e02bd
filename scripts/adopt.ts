import { adoptCommand } from '../src/adoption/command.ts';
import { connectByConfig } from '../src/import/connect.ts';
import { createLogger } from '../src/log.ts';
import { loadConfig } from '../src/startup.ts';

/** `npm run adopt`: copies an older database into the server named by --url, else into that of this configuration. */
try {
  const { config, vault } = await loadConfig();
  const log = createLogger(config.logLevel, 2);
  process.exitCode = await adoptCommand(process.argv.slice(2), {
    ...{ stdout: process.stdout, stderr: process.stderr },
    connect: connectByConfig(config, log, async (own) => {
      const { createApp } = await import('../src/app.ts');
      return createApp(own, log, { migrate: true, vault });
    }),
  });
} catch (error) {
  if (!(error instanceof Error && ['ConfigError', 'StartupError'].includes(error.name))) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
