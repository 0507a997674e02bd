import { runPlainCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE = `usage: npm run -s mcp    serves the Model Context Protocol over standard input and output

It leads to the server of this configuration, and starts one where none runs. Standard output is the protocol's alone.`;

/** `npm run -s mcp`: for hosts that start their servers themselves. */
await runScript((args, print) =>
  runPlainCommand(USAGE, args, print, async () => {
    const { loadConfig } = await import('../src/startup.ts');
    const { createLogger } = await import('../src/log.ts');
    const { reachByConfig } = await import('../src/import/reach.ts');
    const { bridge } = await import('../src/mcp/bridge.ts');
    const { config, vault } = await loadConfig();
    const log = createLogger(config.logLevel, 2);
    const { apiKey, reach } = reachByConfig(config, async (own) => {
      const { createApp } = await import('../src/app.ts');
      return createApp(own, log, { migrate: true, vault });
    });
    await bridge({ reach, apiKey, log });
    return 0;
  }),
);
