import { parseArgs } from 'node:util';
import { mistakenSettings } from '../config.ts';
import { EXIT, runCommand } from '../ground/command.ts';
import { createLogger } from '../log.ts';
import { checkPort, loadConfig } from '../startup.ts';
import { lookAtDatabase } from './database.ts';
import { lookAtDirectory } from './directory.ts';
import { type Finding, looked } from './finding.ts';
import { lookAtMedia } from './media.ts';
import { lookAtReplicas } from './replica.ts';
import { lookAtKeeping, lookAtSecrets } from './secrets.ts';
import { lookAtServer, looksAtServices } from './services.ts';

const USAGE = `usage: npm run doctor -- [--json]    looks at this installation, changes nothing, and says what is wrong and what to do
Works beside a server that runs, too. Exit code 1 if something is wrong; --json prints a finding a line.`;
const NODE = 24;

/** `npm run doctor`. @returns the exit code */
export function doctorCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  return runCommand(USAGE, args, print, async () => {
    const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean' } } });
    const seen = { OK: 0, WARNING: 0, WRONG: 0 };
    for await (const finding of findings()) {
      seen[finding.state] += 1;
      print(values.json ? JSON.stringify(finding) : lineOf(finding));
    }
    if (!values.json) print(verdictOf(seen));
    return seen.WRONG > 0 ? EXIT.failed : EXIT.done;
  });
}

function verdictOf({ WARNING, WRONG }: Readonly<Record<Finding['state'], number>>): string {
  if (WRONG > 0) return 'something is wrong, see above';
  if (WARNING === 0) return 'nothing is wrong';
  return `nothing is wrong, but there ${WARNING === 1 ? 'is a warning' : `are ${WARNING} warnings`}, see above`;
}

const lineOf = ({ state, about, seen, advice }: Finding) =>
  `${state.padEnd(7)}  ${about}: ${seen}${advice === undefined ? '' : `\n         ${advice}`}`;

/** One after the other, so that they do not measure each other. */
async function* findings(): AsyncGenerator<Finding> {
  const { node } = process.versions;
  yield Number.parseInt(node, 10) < NODE
    ? { state: 'WRONG', about: 'Node.js', seen: `is ${node}`, advice: `install ${NODE} or newer` }
    : { state: 'OK', about: 'Node.js', seen: `is ${node}` };
  const loaded = await loadConfig().catch((error: Error) => error);
  if (loaded instanceof Error) {
    const problems = (loaded as { problems?: readonly string[] }).problems ?? [loaded.message];
    for (const seen of problems) yield { state: 'WRONG', about: 'configuration', seen };
    return;
  }
  const { config, vault } = loaded;
  yield { state: 'OK', about: 'configuration', seen: 'can be read' };
  for (const { name, meant } of mistakenSettings())
    yield {
      ...{ state: 'WARNING', about: name, seen: 'is no setting, so nothing is done by it' },
      advice: `${meant} is one; remove ${name} if it is another program's`,
    };
  yield* lookAtKeeping(config);
  const log = createLogger('silent');
  const portProblem = await checkPort(config).then(
    () => null,
    (error: Error) => error.message,
  );
  yield* await looked('DATA_DIR', () => lookAtDirectory(config));
  yield* await looked('server', () => lookAtServer(config, portProblem));
  yield* await looked('DATABASE_URL', () => lookAtDatabase(config, log));
  yield* await looked('DATABASE_READ_URL', () => lookAtReplicas(config));
  yield* await looked('MASTER_KEY', () => lookAtSecrets(config));
  yield* await looked('MEDIA_ROOTS', () => lookAtMedia(config));
  for (const [about, look] of looksAtServices(config, vault)) yield* await looked(about, look);
}
