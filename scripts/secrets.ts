import { runStandalone } from '../src/app.ts';
import { secretsCommand } from '../src/domains/credentials/secrets-command.ts';

/** Keeps credentials, and enrols authenticators; see `npm run secrets`. */
await runStandalone(async (services) => {
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  process.exitCode = await secretsCommand(process.argv.slice(2), services, process.stdin, print);
});
