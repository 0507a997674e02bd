import { parseArgs } from 'node:util';
import { LOCAL_PRINCIPAL } from '../../access/principals.ts';
import { EXIT, runCommand, type WithServices } from '../../ground/command.ts';
import { lastSlots } from './reads.ts';
import { listSchedules, type ScheduleServices, setSchedulePaused, triggerSchedule } from './schedules.ts';
import type { ScheduleRow } from './tables.ts';

const USAGE = `usage: npm run schedules -- COMMAND
  list            shows what the server does by itself: when, its latest slot and what became of it, the next one
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
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
    const [command, name, ...more] = positionals;
    if (more.length > 0) return null;
    if (command === 'list' && name === undefined) return withServices((services) => list(services, print));
    if (name === undefined) return null;
    const work = { pause: pause(true), resume: pause(false), trigger }[command ?? ''];
    return work ? withServices((services) => work(services, name, print)) : null;
  });
}

async function list(services: ScheduleServices, print: Print): Promise<number> {
  const rows = await listSchedules(services, LOCAL_PRINCIPAL);
  for (const line of await linesOf(services, rows)) print(line);
  return EXIT.done;
}

const pause =
  (paused: boolean) =>
  async (services: ScheduleServices, name: string, print: Print): Promise<number> => {
    const row = await setSchedulePaused(services, LOCAL_PRINCIPAL, { name, paused });
    for (const line of await linesOf(services, [row])) print(line);
    return EXIT.done;
  };

async function trigger(services: ScheduleServices, name: string, print: Print): Promise<number> {
  const { taskId, status } = await triggerSchedule(services, LOCAL_PRINCIPAL, name);
  print(`${taskId}  ${status}  ${name}`);
  return EXIT.done;
}

async function linesOf({ db, schedules }: ScheduleServices, rows: readonly ScheduleRow[]): Promise<string[]> {
  const names = rows.map(({ name }) => name);
  const last = names.length > 0 ? await lastSlots(db, names) : [];
  return rows.map((row, place) => {
    const { name, cron, timeZone, missed, paused } = row;
    const slot = last[place];
    const next = schedules.nextSlot(row)?.toISOString() ?? 'none';
    const state = !schedules.declared.has(name) ? 'GONE' : paused ? 'PAUSED' : 'ON';
    const was = slot ? `${slot.slotAt.toISOString()} ${slot.state}` : 'none';
    return `${name}  ${state}  ${cron}  ${timeZone}  ${missed}  last ${was}  next ${next}`;
  });
}
