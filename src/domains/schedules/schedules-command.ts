import { parseArgs } from 'node:util';
import { LOCAL_PRINCIPAL } from '../../access/principals.ts';
import { EXIT, JSON_OPTION, printList, runCommand, type WithServices } from '../../ground/command.ts';
import { lastSlots } from './reads.ts';
import { listSchedules, type ScheduleServices, setSchedulePaused, triggerSchedule } from './schedules.ts';
import type { ScheduleRow } from './tables.ts';

const USAGE = `usage: npm run schedules -- COMMAND
  list [--json]   shows what the server does by itself: when, its latest slot and what became of it, the next one; --json: a line of JSON each
  pause NAME      makes no tasks of it until it goes on; slots that come meanwhile are skipped
  resume NAME     lets it go on
  trigger NAME    makes a task of it now, beside its slots; a server that runs does it, or the next that starts
Works beside a server that runs on the same DATA_DIR, too.`;

type Print = (line: string) => void;

/** `npm run schedules`: what the server does by itself, for an operator. @returns the exit code */
export function schedulesCommand(
  args: readonly string[],
  withServices: WithServices<ScheduleServices>,
  print: Print,
): Promise<number> {
  return runCommand(USAGE, args, print, async () => {
    const { values, positionals } = parseArgs({
      ...{ args: [...args], allowPositionals: true, options: JSON_OPTION },
    });
    const [command, name, ...more] = positionals;
    if (more.length > 0) return null;
    if (command === 'list' && name === undefined)
      return withServices((services) => list(services, values.json, print));
    if (name === undefined) return null;
    const work = { pause: pause(true), resume: pause(false), trigger }[command ?? ''];
    return work ? withServices((services) => work(services, name, print)) : null;
  });
}

async function list(services: ScheduleServices, json: boolean, print: Print): Promise<number> {
  const rows = await described(services, await listSchedules(services, LOCAL_PRINCIPAL));
  printList(rows, { json, none: 'the server does nothing by itself', line: lineOf }, print);
  return EXIT.done;
}

const pause =
  (paused: boolean) =>
  async (services: ScheduleServices, name: string, print: Print): Promise<number> => {
    const row = await setSchedulePaused(services, LOCAL_PRINCIPAL, { name, paused });
    for (const shown of await described(services, [row])) print(lineOf(shown));
    return EXIT.done;
  };

async function trigger(services: ScheduleServices, name: string, print: Print): Promise<number> {
  const { taskId, status } = await triggerSchedule(services, LOCAL_PRINCIPAL, name);
  print(`${taskId}  ${status}  ${name}`);
  return EXIT.done;
}

interface Shown {
  readonly name: string;
  readonly state: 'GONE' | 'PAUSED' | 'ON';
  readonly cron: string;
  readonly timeZone: string;
  readonly missed: string;
  readonly lastSlot: { readonly slotAt: Date; readonly state: string } | null;
  readonly nextSlotAt: Date | null;
}

async function described(
  { db, schedules }: ScheduleServices,
  rows: readonly ScheduleRow[],
): Promise<Shown[]> {
  const names = rows.map(({ name }) => name);
  const last = names.length > 0 ? await lastSlots(db, names) : [];
  return rows.map((row, place) => {
    const { name, cron, timeZone, missed, paused } = row;
    const slot = last[place];
    const state = !schedules.declared.has(name) ? 'GONE' : paused ? 'PAUSED' : 'ON';
    const lastSlot = slot ? { slotAt: slot.slotAt, state: slot.state } : null;
    return { name, state, cron, timeZone, missed, lastSlot, nextSlotAt: schedules.nextSlot(row) };
  });
}

function lineOf({ name, state, cron, timeZone, missed, lastSlot, nextSlotAt }: Shown): string {
  const was = lastSlot ? `${lastSlot.slotAt.toISOString()} ${lastSlot.state}` : 'none';
  return `${name}  ${state}  ${cron}  ${timeZone}  ${missed}  last ${was}  next ${nextSlotAt?.toISOString() ?? 'none'}`;
}
