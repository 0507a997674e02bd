import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LOCAL_PRINCIPAL } from '../../access/principals.ts';
import type { Availability } from '../../db/availability.ts';
import { InvalidInput } from '../../errors.ts';
import { EXIT, JSON_OPTION, printList, runCommand, type WithServices } from '../../ground/command.ts';
import type { Journal } from '../../journal/journal.ts';
import type { TurnStore } from '../interactions/store.ts';
import {
  type DeadServices,
  type DeadTurns,
  DISCARDED_DAYS,
  discardDeadEntry,
  findDeadEntry,
  listDeadEntries,
  readDeadEntry,
  retryDeadEntry,
} from './dead-entries.ts';

const USAGE = `usage: npm run journal -- COMMAND
  list [--json]           shows what is set apart: turns that were acknowledged and that the database refuses for good; --json: a line of JSON each
  show SEQ [--text]       shows one entry and why it was refused; with --text what was said, which the audit log tells
  retry SEQ               tries it again, when the reason is mended; exit code 1 if it is not stored
  drain                   stores what waits, as after a kill, and ends: for the data directory of a server that does not come back
  discard SEQ [--yes]     gives it up, when you say yes: retention deletes it ${DISCARDED_DAYS} days later
Works beside a server that runs on the same DATA_DIR, too.`;

/** What the commands work with. */
type CommandServices = DeadServices & {
  readonly store: Pick<TurnStore, 'backlog'>;
  readonly availability: Pick<Availability, 'reason'>;
  readonly journal: Pick<Journal, 'recovered'>;
};
type Print = (line: string) => void;
type Work = (services: DeadServices, print: Print) => Promise<number>;

/**
 * `npm run journal`: what was set apart in the journal, for an operator.
 *
 * @param confirmed asks the operator, and says whether they said yes
 * @returns the exit code
 */
export function journalCommand(
  args: readonly string[],
  withServices: WithServices<CommandServices>,
  print: Print,
  confirmed: (question: string) => Promise<boolean>,
): Promise<number> {
  return runCommand(USAGE, args, print, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...JSON_OPTION,
        ...{ text: { type: 'boolean', default: false }, yes: { type: 'boolean', default: false } },
      },
    });
    const [command, named, ...more] = positionals;
    if (more.length > 0) return null;
    if (command === 'list' && named === undefined)
      return withServices((services) => list(services, values.json, print));
    if (command === 'drain' && named === undefined) return withServices((services) => drain(services, print));
    if (named === undefined || !/^\d{1,10}$/.test(named)) return null;
    const ask = values.yes ? async () => true : confirmed;
    const work = { show: show(values.text), retry, discard: discard(ask) }[command ?? ''];
    return work ? withServices((services) => work(Number(named))(services, print)) : null;
  });
}

async function list(services: DeadServices, json: boolean, print: Print): Promise<number> {
  const entries = await listDeadEntries(services, null);
  printList(entries, { json, none: 'nothing is set apart', line: lineOf }, print);
  return EXIT.done;
}

/** Pauses between two looks, and how long nothing may move. */
const LOOK_MS = 100;
const PATIENCE_MS = 60_000;

/** What waits is stored since the services were opened; it is only waited for. */
async function drain({ store, availability, journal }: CommandServices, print: Print): Promise<number> {
  const before = journal.recovered.entries.length;
  let least = before;
  let movedAt = performance.now();
  while (store.backlog.depth > 0 && performance.now() - movedAt < PATIENCE_MS) {
    await sleep(LOOK_MS);
    if (store.backlog.depth < least) movedAt = performance.now();
    least = Math.min(least, store.backlog.depth);
  }
  const { depth, setApart } = store.backlog;
  print(`${before - depth} entries that waited are stored`);
  if (depth > 0)
    print(`${depth} wait still: ${availability.reason ?? store.backlog.trouble ?? 'the database is slow'}`);
  if (setApart > 0) print(`${setApart} are set apart, because the database refuses them: see list and show`);
  return depth === 0 && setApart === 0 ? EXIT.done : EXIT.failed;
}

const show =
  (text: boolean) =>
  (seq: number): Work =>
  async (services, print) => {
    const entry = await findDeadEntry(services, null, seq);
    const turns = text ? await readDeadEntry(services, null, LOCAL_PRINCIPAL, seq) : null;
    print(JSON.stringify({ ...entry, ...(turns && { turns }) }, null, 2));
    return EXIT.done;
  };

const retry =
  (seq: number): Work =>
  async (services, print) => {
    const { outcome, reason } = await retryDeadEntry(services, null, seq);
    print(`${seq}  ${outcome}${reason === null ? '' : `  ${reason}`}`);
    return outcome === 'STORED' ? EXIT.done : EXIT.failed;
  };

const discard =
  (confirmed: (question: string) => Promise<boolean>) =>
  (seq: number): Work =>
  async (services, print) => {
    const entry = await findDeadEntry(services, null, seq);
    if (entry.discardedAt === null) {
      print(lineOf(entry));
      const question = `Give up these ${entry.turnIds.length} turns? They are deleted in ${DISCARDED_DAYS} days.`;
      if (!(await confirmed(question)))
        throw new InvalidInput('confirmation', 'nothing was discarded: say yes, or give --yes');
    }
    print(lineOf(await discardDeadEntry(services, null, seq)));
    return EXIT.done;
  };

function lineOf({ seq, setApartAt, discardedAt, owner, conversationId, turnIds, reason }: DeadTurns): string {
  const state = discardedAt === null ? 'SET_APART' : `DISCARDED ${discardedAt.toISOString()}`;
  const whose = owner ? `${owner.tenantId}/${owner.userId}  ${conversationId}` : 'damaged';
  return `${seq}  ${state}  ${setApartAt.toISOString()}  ${whose}  ${turnIds.length} turns  ${reason}`;
}
