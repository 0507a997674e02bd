import { parseArgs } from 'node:util';

const USAGE = `usage: npm start                    serves, on a database that is brought to the newest version first
       npm start -- --no-migrate    refuses to start on an older database instead
       npm start -- --help`;
/** Milliseconds that a stop may take. */
const STOP_MS = 30_000;

const options = readOptions();
if (options) await serve(options);

/** @returns null where nothing is to be started, with the reason told */
function readOptions(): { migrate: boolean } | null {
  try {
    const { values } = parseArgs({
      options: { help: { type: 'boolean' }, 'no-migrate': { type: 'boolean' } },
    });
    if (!values.help) return { migrate: !values['no-migrate'] };
    process.stdout.write(`${USAGE}\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    process.exitCode = 2;
  }
  return null;
}

async function serve({ migrate }: { migrate: boolean }): Promise<void> {
  // Before anything is loaded, which takes a while: whoever ends meanwhile is to be missed, too.
  const own = { pid: process.pid, ppid: process.ppid };
  const { checkPort, loadConfig, reportStartupError } = await import('./startup.ts');
  const { createLogger } = await import('./log.ts');
  const { mistakenSettings, npmAbove } = await import('./config.ts');
  const npm = npmAbove(own);
  try {
    const { config, vault } = await loadConfig();
    const log = createLogger(config.logLevel);
    log.info({ node: process.version, dataDirectory: config.dataDirectory }, 'Echo Brain is starting');
    for (const { name, meant } of mistakenSettings())
      log.warn({ variable: name, meant }, 'there is no such setting, so nothing is done by it');
    if (npm !== null && npm !== process.ppid) {
      log.info('npm has ended meanwhile: the server is not started');
      process.exit();
    }
    await checkPort(config);
    // Loading what is needed takes a second or more; whoever looks on has been told by then.
    const { createApp } = await import('./app.ts');
    const { surviveUnhandled } = await import('./jobs/unhandled.ts');
    const app = await createApp(config, log, { migrate, vault });
    surviveUnhandled(log, app.tellUnhandled);
    let isStopping = false;
    const stop = (signal: string) => {
      // A signal that reaches npm, too, is followed by the end of npm.
      if (isStopping) return;
      isStopping = true;
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
    // Whoever reads that it listens may stop it at once.
    process.once('SIGINT', stop).once('SIGTERM', stop);
    if (npm !== null) {
      const { stopAfterNpm } = await import('./jobs/parent.ts');
      stopAfterNpm(npm, log, () => stop('end of npm'));
    }
    const url = await app.listen();
    log.info({ url, graphql: `${url}/graphql`, pid: process.pid }, 'Echo Brain is listening');
  } catch (error) {
    reportStartupError(error);
    process.exit();
  }
}
