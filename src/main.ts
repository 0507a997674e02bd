import { createApp } from './app.ts';
import { createLogger } from './log.ts';
import { loadConfig, reportStartupError } from './startup.ts';

/** Milliseconds that a stop may take. */
const STOP_MS = 30_000;

try {
  const { config, vault } = await loadConfig();
  const log = createLogger(config.logLevel);
  const app = await createApp(config, log, { migrate: !process.argv.includes('--no-migrate'), vault });
  const url = await app.listen();
  log.info({ url, graphql: `${url}/graphql`, pid: process.pid }, 'Echo Brain is listening');

  const stop = (signal: string) => {
    log.info({ signal }, 'stopping');
    // A second signal forces; a stop that hangs is ended.
    process.once('SIGINT', () => process.exit(1)).once('SIGTERM', () => process.exit(1));
    setTimeout(() => process.exit(1), STOP_MS).unref();
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
  reportStartupError(error);
  process.exit();
}
