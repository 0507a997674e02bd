import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import {
  EXIT,
  JSON_OPTION,
  type Print,
  printList,
  runCommand,
  type WithServices,
} from '../../ground/command.ts';
import * as input from '../../ground/input.ts';
import { type BackupServices, makeBackup, verifyBackup } from './backups.ts';
import { ageIdentity } from './encryption.ts';
import { type Label, Note } from './format.ts';

const USAGE = `usage: npm run backup -- COMMAND
  list [--json]             shows the backups that are kept; --json: a line of JSON each
  create [--note TEXT] [--no-verify]
                            makes one, and restores it into a database of its own to see that this can be done
  verify ID                 does that with one that was made before; exit code 1 if it cannot be restored
  key                       shows the key of the program age that opens backups made with this MASTER_KEY: keep it secret
Works beside a server that runs on the same DATA_DIR, too.
npm run restore-backup restores one.`;

type Services = BackupServices;
const PROGRESS_MS = 1_000;

/** `npm run backup`. @returns the exit code */
export function backupCommand(
  args: readonly string[],
  withServices: WithServices<Services>,
  print: Print,
): Promise<number> {
  return runCommand(USAGE, args, print, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      allowNegative: true,
      options: { ...JSON_OPTION, note: { type: 'string' }, verify: { type: 'boolean', default: true } },
    });
    const [command, named, ...more] = positionals;
    if (more.length > 0 || (named !== undefined) !== (command === 'verify')) return null;
    if (command === 'list') return withServices((services) => list(services, values.json, print));
    if (command === 'key') return withServices((services) => key(services, print));
    if (command === 'verify' && named !== undefined)
      return withServices((services) => verify(services, named, print));
    if (command !== 'create') return null;
    const note = values.note === undefined ? null : input.parseInput(Note, values.note, '--note');
    return withServices((services) => create(services, { note, verify: values.verify }, print));
  });
}

async function list({ backups }: Services, json: boolean, print: Print): Promise<number> {
  const none = `no backups are kept in ${backups.catalog.place.name}`;
  printList(await backups.catalog.all(), { json, none, line: lineOf }, print);
  return EXIT.done;
}

async function create(
  services: Services,
  given: { readonly note: string | null; readonly verify: boolean },
  print: Print,
): Promise<number> {
  const made = await makeBackup(services, given, attended(services, print));
  print(lineOf(made));
  return made.verification?.problem ? EXIT.failed : EXIT.done;
}

async function verify(services: Services, backupId: string, print: Print): Promise<number> {
  const { verification } = await verifyBackup(services, backupId, attended(services, print));
  print(lineOf(await services.backups.catalog.find(backupId)));
  return verification.problem ? EXIT.failed : EXIT.done;
}

async function key({ config }: Services, print: Print): Promise<number> {
  const { masterKey } = config.backups.keys;
  if (masterKey) print(await ageIdentity(masterKey));
  else print('MASTER_KEY is not set: no key is made of it', 'errors');
  return masterKey ? EXIT.done : EXIT.failed;
}

/** What a task has, for somebody who waits for it. */
function attended({ db }: Services, print: Print) {
  let told = Date.now();
  return {
    taskId: randomUUID(),
    owner: { tenantId: 'default', userId: null },
    attempt: 1,
    signal: new AbortController().signal,
    progress: (done: number, total: number | null = null, note: string | null = null) => {
      if (Date.now() - told < PROGRESS_MS) return;
      told = Date.now();
      print(`${total ? `${Math.floor((done / total) * 100)} %  ` : ''}${note ?? ''}`);
    },
    once: <T>(_step: string, effect: Parameters<typeof db.transaction<T>>[0]) => db.transaction(effect),
    write: <T>(effect: Parameters<typeof db.transaction<T>>[0]) => db.transaction(effect),
  };
}

function lineOf({ backupId, bytes, rows, encryption, note, verification }: Label): string {
  const state = verification
    ? (verification.problem ?? `verified ${verification.at} in ${verification.seconds} s`)
    : 'not verified';
  return `${backupId}  ${bytes} bytes  ${rows} rows  ${encryption === 'none' ? 'not encrypted' : encryption}  ${state}${note === null ? '' : `  ${note}`}`;
}
