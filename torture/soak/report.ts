import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SoakResult } from './closing.ts';
import type { Complaint } from './judge-health.ts';
import { plotsOf } from './plots.ts';

/** Complaints that the page lists; `soak.json` has all. */
const MAX_COMPLAINTS = 50;

/** Writes what a soak was: `soak.json`, `soak.svg` and `soak.md`. */
export async function writeReport(folder: string, result: SoakResult): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'soak.json'), `${JSON.stringify(result)}\n`);
  await writeFile(join(folder, 'soak.svg'), plotsOf(result));
  await writeFile(join(folder, 'soak.md'), pageOf(result));
}

/** The page of a soak. */
export function pageOf(result: SoakResult): string {
  const { turns, once, tasks, slots, backups, webhook, requests, health, flatness, findings } = result;
  const delays = (of: Readonly<Record<string, number>>, kind: string) =>
    kind in of ? `${Math.round((of[kind] ?? 0) / 1_000)} s` : '–';
  return `# Soak

${result.startedAt}, ${Math.round(result.seconds / 60)} minutes, seed ${result.seed}, commit ${result.commit}, ${result.machine}.
${result.passed ? 'Nothing was found.' : `**${findings.length} findings.**`}

![Memory, files, tasks, latencies, and health against the faults](soak.svg)

## What was found

${findings.length === 0 ? 'Nothing.' : findings.map(({ check, detail }) => `- ${check}: ${detail}`).join('\n')}

## Once each

${table(
  ['what', 'asked for', 'acknowledged', 'stored'],
  [
    ['turn', turns.sent, sum(Object.values(turns.acknowledged)), turns.stored],
    ...Object.entries(once).map(([kind, { asked, acknowledged, stored }]) => [
      kind,
      asked,
      acknowledged,
      stored,
    ]),
    ['task', tasks.ended, tasks.ended, `${tasks.attempts} attempts`],
    ['slot of a schedule', slots.decided, slots.decided, slots.run],
    ['backup', backups.made, backups.made, `${backups.restored} restored`],
    ['change of a fact, told to a webhook', webhook.changes, webhook.changes, `${webhook.messages} messages`],
  ],
)}

Other requests: ${requests.answered} answered, ${requests.failed} attempts failed, ${requests.failedWithoutFault} of them without a fault.

## Health against the faults

${health.judged} answers judged, ${health.unjudged} shortly after a change or (${health.starved}) when the servers got no processor; green in a fault ${health.falseGreen}, not green without one ${health.falseRed}${health.falseRed === 0 ? '.' : `:\n\n${complaintsOf(health.complaints)}`}

${table(
  ['fault', 'times', 'seen by all within', 'well again within'],
  Object.entries(result.faults).map(([kind, times]) => [
    ...[kind, times, delays(health.seenMs, kind), delays(health.clearedMs, kind)],
  ]),
)}

## What must not grow

Flat: the median of the last third is at most the share and the amount of the rule above that of the middle third.

${table(
  ['figure', 'unit', 'thirds', 'highest', 'rule', 'kept'],
  flatness.map(({ name, unit, thirds, highest, rule, isFlat }) => [
    ...[name, unit, thirds.map(rounded).join(', '), rounded(highest)],
    rule.kind === 'flat' ? `+ ${rule.share * 100} % + ${rule.floor}` : `≤ ${rule.limit}`,
    isFlat === null ? 'too few samples' : isFlat ? 'yes' : '**no**',
  ]),
)}
`;
}

/** Which check was not green without a fault, and why. */
function complaintsOf(complaints: readonly Complaint[]): string {
  const rows = complaints.slice(0, MAX_COMPLAINTS).map(({ server, check, said, from, until, answers }) => {
    const second = `${rounded(from / 1_000)}`;
    return [
      second,
      server,
      check,
      said.replaceAll('|', '\\|'),
      answers,
      `${rounded((until - from) / 1_000)} s`,
    ];
  });
  const more = complaints.length - rows.length;
  const page = table(['second', 'server', 'check', 'said', 'answers', 'for'], rows);
  return more > 0 ? `${page}\n\nAnd ${more} more, in soak.json.` : page;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const rounded = (value: number | null) => (value === null ? '–' : Math.round(value * 10) / 10);
