import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { createHttpSender } from '../src/import/client.ts';
import { importCommand } from '../src/import/command.ts';
import { createLogger } from '../src/log.ts';

const config = readConfig();
const log = createLogger(config.logLevel, 2);

process.exitCode = await importCommand(process.argv.slice(2), {
  connect: async (url, signal) => ({
    send: createHttpSender({ url, apiKey: process.env.ECHO_API_KEY ?? null, log, signal }),
    close: async () => undefined,
  }),
  checkpointDirectory: join(config.dataDirectory, 'import'),
  log,
  stdout: process.stdout,
  stderr: process.stderr,
});
