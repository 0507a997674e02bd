import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SoakResult } from '../../torture/soak/closing.ts';

const read = async (folder: string) =>
  JSON.parse(await readFile(join(folder, 'soak.json'), 'utf8')) as SoakResult;

/** Where and when a soak ran, as other parts say it of themselves. */
export async function aboutSoak(folder: string): Promise<string> {
  const { seconds, seed, commit, startedAt, machine } = await read(folder);
  return (
    `\`npm run torture -- --soak ${Math.floor(seconds / 60)} --seed ${seed}\`, commit ${commit}, ` +
    `${startedAt.slice(0, 16).replace('T', ' ')} UTC, ${machine}`
  );
}

/** What a soak counted, in lines of Markdown. */
export async function soakTable(folder: string): Promise<string[]> {
  const { turns, once, tasks, slots, backups, faults, health, flatness, findings } = await read(folder);
  const flat = flatness.filter(({ isFlat }) => isFlat !== null);
  const row = (name: string, ...values: (string | number)[]) => `| ${name} | ${values.join(', ')} |`;
  return [
    '| | |',
    '| --- | --- |',
    row('faults', ...Object.entries(faults).map(([kind, times]) => `${kind} ${times}`)),
    row('turns stored', turns.stored.toLocaleString('en')),
    ...Object.entries(once).map(([kind, { acknowledged, stored }]) =>
      row(kind, `${acknowledged} acknowledged`, `${stored} stored`),
    ),
    row('tasks', tasks.ended, `${tasks.attempts} attempts`),
    row('slots of a schedule', slots.decided),
    row('backups', backups.made, `${backups.restored} restored`),
    row(
      'answers of health judged',
      health.judged,
      `green in a fault ${health.falseGreen}`,
      `not green without one ${health.falseRed}`,
      `not judged ${health.unjudged}`,
    ),
    row('figures that stayed flat', `${flat.filter(({ isFlat }) => isFlat).length} of ${flat.length}`),
    row('findings', findings.length),
  ];
}
