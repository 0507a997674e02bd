import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { z } from 'zod';
import type { RawSettings } from './values.ts';

export const settings = {
  REPAIR: z.string().default('off'),
};
const Values = z.object(settings);

/** What may be repaired, and with which limits: nothing else is. */
export type RepairList = z.output<typeof List>;
export type RepairFolder = RepairList['folders'][number];
export type RepairLog = RepairList['logs'][number];
export type RepairProcess = RepairList['processes'][number];

/** The default of an old systemd and of a new one. */
const SYSTEMCTL = '/usr/bin/systemctl';
/** Folders of the system: what they hold is not for a clean-up, however old it is. */
const SYSTEM_FOLDERS = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/lib32',
  '/lib64',
  '/proc',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
];
const MEBIBYTE = 1_048_576;

const whole = (least: number, most: number) =>
  z
    .int({ error: `must be a whole number from ${least} to ${most}` })
    .min(least)
    .max(most, {
      error: `must be a whole number from ${least} to ${most}`,
    });

/** A path that says itself where it leads: from the root, without `..`, and without a second way to write it. */
const absolutePath = z
  .string({ error: 'must be a path' })
  .max(4_000, { error: 'must have at most 4,000 characters' })
  .refine((path) => isAbsolute(path) && resolve(path) === path && !hasControls(path), {
    error: 'must be an absolute path without "..", "//" or a slash at its end',
  });

const folderPath = absolutePath
  .refine((path) => path.split('/').length > 2, {
    error: 'must be at least two levels below "/", such as /var/tmp',
  })
  .refine((path) => !SYSTEM_FOLDERS.some((folder) => isWithin(path, folder)), {
    error: `must not be in ${SYSTEM_FOLDERS.join(', ')}`,
  });

const Service = z
  .string({ error: 'must be the name of a unit' })
  .regex(/^[A-Za-z0-9][\w:.@-]{0,240}(?<!@)\.service$/, {
    error: 'must be the full name of a service, such as nginx.service',
  });

const Folder = z.strictObject({
  path: folderPath,
  /** Only files that were not written for so long. */
  olderThanHours: whole(1, 87_600),
  /** Of names of files; `*` and `?`. */
  pattern: z
    .string()
    .regex(/^[^/\p{Cc}\\[\]{}()!+@|]{1,200}$/u, {
      error: 'must be a name in which * and ? stand for others, at most 200 characters, without a slash',
    })
    .default('*'),
  subfolders: z.boolean({ error: 'must be true or false' }).default(false),
  maxFiles: whole(1, 100_000).default(1_000),
  maxMegabytes: whole(1, 10_000_000).default(10_240),
});

const Log = z.strictObject({
  path: folderPath,
  /** How many rotated files stay beside it. */
  keep: whole(1, 100).default(5),
});

const Process = z.strictObject({
  /** As the kernel has it, which cuts it after 15 characters. */
  name: z.string().regex(/^[A-Za-z0-9][\w.+-]{0,14}$/, {
    error: 'must be a process name of 1 to 15 letters, digits and . _ + - (as in /proc/PID/comm)',
  }),
  owner: z
    .union([z.int().min(0), z.string().regex(/^[A-Za-z_][\w.-]{0,31}$/)], {
      error: 'must be the name or the number of a user',
    })
    .transform((owner, context) => {
      const uid = typeof owner === 'number' ? owner : uidOf(owner);
      if (uid !== null) return { name: owner, uid };
      context.addIssue({
        code: 'custom',
        message: `no user of this machine is named "${owner}"; its number would do`,
      });
      return z.NEVER;
    }),
  /** For the processes to end by themselves. */
  graceSeconds: whole(1, 60).default(10),
  /** SIGKILL for those that did not. */
  force: z.boolean({ error: 'must be true or false' }).default(false),
  maxProcesses: whole(1, 100).default(10),
});

const unique = <T>(schema: z.ZodType<T>, keyOf: (item: T) => string) =>
  z
    .array(schema)
    .max(200, { error: 'must have at most 200 entries' })
    .superRefine((items, context) => {
      for (const [index, item] of items.entries())
        if (items.findIndex((other) => keyOf(other) === keyOf(item)) < index)
          context.addIssue({ code: 'custom', path: [index], message: `"${keyOf(item)}" is listed twice` });
    })
    .default([]);

const List = z
  .strictObject({
    services: unique(Service, (unit) => unit),
    folders: unique(Folder, ({ path }) => path),
    logs: unique(Log, ({ path }) => path),
    processes: unique(Process, ({ name }) => name),
    /** The program that restarts services. */
    systemctl: absolutePath.default(SYSTEMCTL),
  })
  .superRefine(({ services, systemctl }, context) => {
    const problem = services.length > 0 ? programProblem(systemctl) : null;
    if (problem) context.addIssue({ code: 'custom', path: ['systemctl'], message: problem });
  })
  .refine(
    ({ services, folders, logs, processes }) =>
      [services, folders, logs, processes].some(({ length }) => length > 0),
    {
      error: 'must list at least one service, folder, log or process; "off" allows none',
    },
  );

/** Looks at the list, and where it leads. @returns each problem with the place that it is at */
export function checkRepairs(raw: RawSettings, directory: string): string[] {
  return read(raw.REPAIR ?? 'off', directory, resolve(directory, raw.DATA_DIR ?? './data')).problems;
}

export function repairsOf(values: z.output<typeof Values>, directory: string, dataDirectory: string) {
  return {
    /** What may be repaired; null: nothing. */
    repairs: read(values.REPAIR, directory, dataDirectory).list,
  } as const;
}

/** The list stands in the setting itself, or in the file that it names. */
function read(
  setting: string,
  directory: string,
  dataDirectory: string,
): { list: RepairList | null; problems: string[] } {
  if (setting.toLowerCase() === 'off') return { list: null, problems: [] };
  const refused = (...problems: string[]) => ({
    list: null,
    problems: problems.map((problem) => `REPAIR: ${problem}`),
  });
  if (process.platform !== 'linux') return refused('only a server on Linux can repair something');
  let given: unknown;
  try {
    given = JSON.parse(setting.trimStart().startsWith('{') ? setting : ownFile(resolve(directory, setting)));
  } catch (error) {
    if (error instanceof SyntaxError)
      return refused('must be off, JSON, or the path of a file with JSON; it is not JSON');
    return refused((error as Error).message);
  }
  const { data, error } = List.safeParse(given);
  if (error)
    return refused(
      ...error.issues.map(({ path, message }) =>
        path.length > 0 ? `${path.join('.')}: ${message}` : message,
      ),
    );
  const problems = [
    ...data.folders.flatMap(({ path }, index) =>
      touches(path, dataDirectory)
        ? [`folders.${index}.path: must not hold the data directory, or be in it`]
        : [],
    ),
    ...data.logs.flatMap(({ path }, index) =>
      isWithin(path, dataDirectory) ? [`logs.${index}.path: must not be in the data directory`] : [],
    ),
  ];
  return problems.length > 0 ? refused(...problems) : { list: data, problems: [] };
}

/** Whoever can write it decides what may be done here. @throws Error that says why it is not read */
function ownFile(path: string): string {
  try {
    const problem = ownershipProblem(path);
    if (problem) throw new Error(`the file "${path}" ${problem}`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code
      ? new Error(`the file "${path}" cannot be read (${code}); it must be off, JSON, or such a file`)
      : error;
  }
}

function programProblem(path: string): string | null {
  try {
    accessSync(path, constants.X_OK);
    if (!statSync(path).isFile()) return `"${path}" is no program`;
    const problem = ownershipProblem(path);
    return problem && `"${path}" ${problem}`;
  } catch (error) {
    return `"${path}" cannot be run (${(error as NodeJS.ErrnoException).code})`;
  }
}

function ownershipProblem(path: string): string | null {
  const { mode, uid } = statSync(path);
  if (mode & 0o022) return 'must not be writable by others than its owner';
  if (uid !== 0 && uid !== process.geteuid?.())
    return 'must belong to root or to the user that runs the server';
  return null;
}

/** Of the users that stand in the machine's own file; those of a directory service have numbers only. */
function uidOf(name: string): number | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  const uid = line?.split(':')[2] ?? '';
  return /^\d+$/.test(uid) ? Number(uid) : null;
}

function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text) || !text.isWellFormed();
}

/** Whether a path is another one, or lies below it. */
function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

function touches(path: string, other: string): boolean {
  return isWithin(path, other) || isWithin(other, path);
}

/** Bytes that one clean-up of a folder deletes at most. */
export function bytesOf({ maxMegabytes }: RepairFolder): number {
  return maxMegabytes * MEBIBYTE;
}
