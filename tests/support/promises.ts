import { alertsOf, type ServerPromise } from '../../src/ground/promise.ts';

type Listed = readonly ServerPromise<never>[];

/** In what the runbook and the promises differ; empty if in nothing. */
export function differences(listed: Listed, page: string): string[] {
  const [, table = '', sections = ''] = page.split(/^## (?:Promises|Alerts)$/m);
  const rows = [...table.matchAll(/^\| `(.+)` \| (.*?) \| (.*?)\|$/gm)].map(([, name, words, bounds]) =>
    [name, words, bounds?.trim()].join(' | '),
  );
  const promised = listed.map(({ name, words, bounds }) =>
    [name, words, bounds.map(({ of, limit, unit }) => `${of}: ${limit} ${unit}`).join('; ')].join(' | '),
  );
  // Each section: its anchor, then severity and words, then what to do.
  const described = [...sections.matchAll(/^### (\S+)\n\n(.+)\n\n(?=[^#\s])/gm)].map(
    ([, name, first]) => `docs/runbook.md#${name} ${first}`,
  );
  const existing = listed
    .flatMap(alertsOf)
    .map(({ runbook, severity, words }) => `${runbook} ${severity}: ${words}`);
  return [
    [promised, rows],
    [existing, described],
  ].flatMap(([wanted = [], found = []]) => [
    ...wanted.filter((line) => !found.includes(line)).map((line) => `not in the runbook: ${line}`),
    ...found.filter((line) => !wanted.includes(line)).map((line) => `not in the sources: ${line}`),
  ]);
}

/** What a domain declares and the list does not reach. */
export function forgotten(listed: Listed, declared: Readonly<Record<string, unknown>>): string[] {
  const known = new Set<unknown>([...listed, ...listed.flatMap(alertsOf)]);
  return Object.keys(declared).filter((name) => {
    const value = declared[name];
    return typeof value === 'object' && value !== null && 'words' in value && !known.has(value);
  });
}
