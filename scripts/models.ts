import { readConfig } from '../src/config.ts';
import { modelsCommand } from '../src/domains/vector-index/models-command.ts';
import { Outbound } from '../src/outbound/outbound.ts';
import { runScript } from './run-script.ts';

/** Shows, fetches and adds sentence models that run in the server; see `npm run models`. */
await runScript((args, print) =>
  modelsCommand(
    args,
    () => {
      const { dataDirectory, outboundAllow: allowed } = readConfig();
      return { dataDirectory, outbound: new Outbound({ allowed }) };
    },
    print,
  ),
);
