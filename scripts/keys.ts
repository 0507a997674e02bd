import { runStandalone } from '../src/app.ts';
import { keysCommand } from '../src/domains/principals/keys-command.ts';

/** Makes, lists and revokes API keys; see `npm run keys`. */
await runStandalone(async (services) => {
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  process.exitCode = await keysCommand(process.argv.slice(2), services, print);
});
