import { createApp, StartupError } from './app.ts';
import { ConfigError, readConfig } from './config.ts';
import { createLogger } from './log.ts';

try {
  const config = readConfig();
  const log = createLogger(config.logLevel);
  const app = await createApp(config, log, { migrate: !process.argv.includes('--no-migrate') });
  const url = await app.listen();
  log.info({ url, graphql: `${url}/graphql` }, 'Echo Brain is listening');

  const stop = (signal: string) => {
    log.info({ signal }, 'stopping');
    process.once('SIGINT', () => process.exit(1)).once('SIGTERM', () => process.exit(1));
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the stop failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
} catch (error) {
  process.stderr.write(
    `${error instanceof ConfigError || error instanceof StartupError ? error.message : String((error as Error).stack)}\n`,
  );
  process.exit(1);
}
