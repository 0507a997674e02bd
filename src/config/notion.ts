import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { hasLogin, oneOf, type RawSettings, url } from './values.ts';

/** What can be mirrored. */
export const NOTION_KINDS = ['tasks', 'jobs', 'status', 'finance', 'incidents'] as const;
export type NotionKind = (typeof NOTION_KINDS)[number];

const NOTION_API = 'https://api.notion.com';
/** Requests a second that Notion lets an integration make on average. */
const MOST_PER_SECOND = 3;

/** A copy of what the server does in the operator's Notion. */
export const settings = {
  NOTION_TOKEN: z
    .string()
    .regex(/^[\w-]{20,200}$/, 'must look like ntn_…, as Notion shows it for an integration')
    .optional(),
  NOTION_MIRROR: z.string().optional(),
  NOTION_API_URL: url('http:', 'https:').prefault(NOTION_API),
  NOTION_DRY_RUN: oneOf('on', 'off').prefault('off'),
  NOTION_REQUESTS_PER_SECOND: z
    .string()
    .regex(/^\d{1,4}(\.\d{1,2})?$/, 'must be a number with at most two digits behind the point')
    .transform(Number)
    .refine((given) => given >= 0.1 && given <= 1_000, 'must be from 0.1 to 1000')
    .prefault('2.5'),
};
const Values = z.object(settings);

/** A kind as the operator has it. */
export type NotionKindSetting = z.output<typeof Kind>;
export type NotionMirrorSetting = z.output<typeof Mirror>;

const ID = /([0-9a-f]{32})(?:[?#].*)?$/i;
/** An id as Notion writes it, of an id or a URL; null: there is none in it. */
const idOf = (text: string) => {
  const [, hex] = ID.exec(text.replaceAll(/(?<=[0-9a-f])-(?=[0-9a-f])/gi, '')) ?? [];
  return hex?.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') ?? null;
};
const id = z.string({ error: 'must be a text' }).transform((text, context) => {
  const found = idOf(text.trim());
  if (found) return found;
  context.addIssue({
    code: 'custom',
    message: 'must be an id of 32 hexadecimal digits, or a URL that ends with one',
  });
  return z.NEVER;
});
const line = (most: number) =>
  z
    .string({ error: 'must be a text' })
    .min(1, { error: `must have 1 to ${most} characters` })
    .max(most, { error: `must have 1 to ${most} characters` })
    .refine((text) => !/\p{Cc}/u.test(text) && text.isWellFormed(), { error: 'must be one line' });

/** Pages become tasks when people set a property. */
const Ready = z.strictObject({
  /** Whose the tasks are. */
  owner: line(200),
  tenant: line(200).default('default'),
  /** Types of tasks that may be made. */
  types: z
    .array(line(100), { error: 'must be a list of types of tasks' })
    .min(1, { error: 'must list at least one type of tasks' })
    .max(100, { error: 'must list at most 100 types of tasks' }),
  /** What the property of the field `status` says then. */
  value: line(100).default('Ready'),
});

const Kind = z.strictObject({
  database: id,
  /** Which one of the database, where it has more than one. */
  dataSource: id.optional(),
  /** Names or ids of properties, by the names of fields. */
  properties: z
    .record(line(50), line(500), { error: 'must be an object of fields and properties' })
    .optional(),
  /** Whether a page that somebody deleted is made again. */
  recreate: z.boolean({ error: 'must be true or false' }).default(false),
  ready: Ready.optional(),
});

const Mirror = z
  .strictObject(
    Object.fromEntries(NOTION_KINDS.map((kind) => [kind, Kind.optional()])) as Record<
      NotionKind,
      z.ZodOptional<typeof Kind>
    >,
  )
  .superRefine((mirror, context) => {
    const given = NOTION_KINDS.filter((kind) => mirror[kind]);
    if (given.length === 0)
      context.addIssue({ code: 'custom', message: `must have at least one of ${NOTION_KINDS.join(', ')}` });
    for (const kind of given)
      if (kind !== 'tasks' && mirror[kind]?.ready)
        context.addIssue({ code: 'custom', path: [kind, 'ready'], message: 'can be of tasks only' });
    const places = given.map((kind) => mirror[kind]?.dataSource ?? mirror[kind]?.database);
    for (const [index, place] of places.entries())
      if (places.indexOf(place) < index)
        context.addIssue({
          code: 'custom',
          path: [given[index] ?? '', 'database'],
          message: 'must be another one than that of the kinds before it',
        });
  });

/** @returns what does not go together, each problem with its place */
export function checkNotion(raw: RawSettings, directory: string): string[] {
  const problems = [...read(raw.NOTION_MIRROR, directory).problems];
  if (raw.NOTION_TOKEN && !raw.NOTION_MIRROR)
    problems.push('NOTION_MIRROR: must be set when NOTION_TOKEN is');
  if (raw.NOTION_MIRROR && !raw.NOTION_TOKEN)
    problems.push('NOTION_TOKEN: must be set when NOTION_MIRROR is');
  if (hasLogin(raw.NOTION_API_URL)) problems.push('NOTION_API_URL: must not hold a user name or password');
  const isNotion = !raw.NOTION_API_URL || new RegExp(`^${NOTION_API}/?$`).test(raw.NOTION_API_URL);
  if (isNotion && Number(raw.NOTION_REQUESTS_PER_SECOND ?? 0) > MOST_PER_SECOND)
    problems.push(
      `NOTION_REQUESTS_PER_SECOND: must be at most ${MOST_PER_SECOND}, which is what Notion allows`,
    );
  return problems;
}

export function notionOf(values: z.output<typeof Values>, directory: string) {
  const { mirror } = read(values.NOTION_MIRROR, directory);
  return {
    /** Null: nothing is mirrored. */
    notion:
      mirror && values.NOTION_TOKEN
        ? {
            mirror,
            apiUrl: values.NOTION_API_URL.replace(/\/+$/, ''),
            /** Nothing is written: only what would be can be looked at. */
            isDryRun: values.NOTION_DRY_RUN === 'on',
            /** Milliseconds between requests of all servers of the database together. */
            paceMs: 1_000 / values.NOTION_REQUESTS_PER_SECOND,
          }
        : null,
  } as const;
}

/** What is mirrored stands in the setting itself, or in the file that it names. */
function read(
  setting: string | undefined,
  directory: string,
): { mirror: NotionMirrorSetting | null; problems: string[] } {
  const refused = (...problems: string[]) => ({
    mirror: null,
    problems: problems.map((problem) => `NOTION_MIRROR: ${problem}`),
  });
  if (setting === undefined) return { mirror: null, problems: [] };
  let given: unknown;
  try {
    given = JSON.parse(
      setting.trimStart().startsWith('{') ? setting : readFileSync(resolve(directory, setting), 'utf8'),
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return refused(
      code
        ? `the file "${resolve(directory, setting)}" cannot be read (${code}); it must be JSON, or such a file`
        : 'must be JSON, or the path of a file with JSON; it is not JSON',
    );
  }
  const { data, error } = Mirror.safeParse(given);
  if (data) return { mirror: data, problems: [] };
  return refused(
    ...(error?.issues ?? []).map(({ path, message }) =>
      path.length > 0 ? `${path.join('.')}: ${message}` : message,
    ),
  );
}
