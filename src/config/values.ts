import { isIP } from 'node:net';
import { z } from 'zod';

export type ModelLevel = 'quick' | 'standard' | 'expert';

export const wholeNumber = (minimum: number, maximum: number) =>
  z.string().transform((text, context) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    context.addIssue({
      code: 'custom',
      message: `must be a whole number from ${minimum} to ${maximum}, not "${text}"`,
    });
    return z.NEVER;
  });

/** Two whole numbers, for ELEVATED and HIGH pressure, of which the second is further in the direction. */
export const pairOf = (minimum: number, maximum: number, direction: 'rising' | 'falling') =>
  z.string().transform((text, context) => {
    const [, first, second] = /^(\d{1,12})\/(\d{1,12})$/.exec(text) ?? [];
    const [elevated, high] = [Number(first ?? Number.NaN), Number(second ?? Number.NaN)];
    const isWithin = [elevated, high].every((value) => value >= minimum && value <= maximum);
    if (isWithin && (direction === 'rising' ? elevated < high : elevated > high)) return { elevated, high };
    context.addIssue({
      code: 'custom',
      message: `must be ELEVATED/HIGH, two whole numbers from ${minimum} to ${maximum} of which the second is ${direction === 'rising' ? 'larger' : 'smaller'}, not "${text}"`,
    });
    return z.NEVER;
  });

export const oneOf = <T extends string>(...values: [T, ...T[]]) =>
  z.string().transform((text, context) => {
    const value = values.find((candidate) => candidate === text.toLowerCase());
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `must be one of ${values.join(', ')}, not "${text}"` });
    return z.NEVER;
  });

export const url = (...protocols: string[]) =>
  z.string().superRefine((text, context) => {
    if (URL.canParse(text) && protocols.includes(new URL(text).protocol)) return;
    const message = protocols.some((each) => text.startsWith(`${each}//`))
      ? brokenUrl(text)
      : `must be a URL starting with ${protocols.map((each) => `${each}//`).join(' or ')}`;
    context.addIssue({ code: 'custom', message });
  });

/** Servers that one URL may name. */
const MOST_HOSTS = 8;

/** A URL of PostgreSQL, which may name several servers as libpq's do (`host1:5432,host2:5432`): a URL for each. */
export const databaseUrls = z.string().transform((text, context) => {
  const [, start = '', hosts = '', rest = ''] = /^([^:]+:\/\/(?:.*@)?)([^/?#@]*)(.*)$/s.exec(text) ?? [];
  const each = hosts.includes(',') ? hosts.split(',').map((host) => `${start}${host}${rest}`) : [text];
  const form = url('postgres:', 'postgresql:');
  const isGap = hosts.includes(',') && hosts.split(',').includes('');
  const wrong = each.flatMap((one) => form.safeParse(one).error?.issues[0]?.message ?? [])[0];
  const many =
    each.length > MOST_HOSTS ? `must name at most ${MOST_HOSTS} servers, not ${each.length}` : null;
  const problem = wrong ?? (isGap ? 'has nothing between two commas where a server should be named' : many);
  if (problem === null) return each;
  context.addIssue({ code: 'custom', message: problem });
  return z.NEVER;
});

/** Letters that end the part of a URL where user and password stand, and how they are written there. */
const ENDS_CREDENTIALS: Readonly<Record<string, string>> = {
  '#': '%23',
  '/': '%2F',
  '?': '%3F',
  '\\': '%5C',
  ' ': '%20',
  '[': '%5B',
  ']': '%5D',
};

/** What is wrong with a URL that begins as it should; never a part of it, for it may be the password. */
function brokenUrl(text: string): string {
  const credentials = /^[^:]+:\/\/(.*)@/s.exec(text)?.[1] ?? '';
  const found = Object.entries(ENDS_CREDENTIALS).filter(([letter]) => credentials.includes(letter));
  if (found.length === 0) return 'is no valid URL: its host or its port cannot be read';
  const written = found.map(([letter, code]) => `"${letter}" as ${code}`).join(', ');
  return `is no valid URL: user and password must be percent-encoded, ${written}`;
}

export const origins = z.string().transform((text, context) => {
  const given = text.split(',').flatMap((part) => part.trim() || []);
  const wrong = given.filter((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin);
  for (const origin of wrong)
    context.addIssue({
      code: 'custom',
      message: `must list origins like https://app.example.org, separated by commas, not "${origin}"`,
    });
  return given;
});

export const addresses = z.string().transform((text, context) => {
  const given = text.split(',').flatMap((part) => part.trim() || []);
  for (const each of given) {
    const [address = '', bits, ...more] = each.split('/');
    const most = { 4: 32, 6: 128 }[isIP(address)] ?? -1;
    if (
      more.length === 0 &&
      most > 0 &&
      (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
    )
      continue;
    context.addIssue({
      code: 'custom',
      message: `must list addresses like 10.0.0.7 or ranges like 10.0.0.0/8, separated by commas, not "${each}"`,
    });
  }
  return given;
});

/** Names that were looked up: to ask takes as long as to send a statement, and each query names one. */
const timeZones = new Set<string>();
/** A zone may be written in any case, so there is no end of names. */
const MAX_TIME_ZONES = 100;

/** Whether a text is the IANA name of a time zone that this machine knows; an offset is none. */
export function isTimeZone(name: string): boolean {
  if (timeZones.has(name)) return true;
  // Longer than any name, and other characters than in any.
  if (!/^[A-Za-z][\w+/-]{0,99}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    if (timeZones.size >= MAX_TIME_ZONES) timeZones.clear();
    timeZones.add(name);
    return true;
  } catch {
    return false;
  }
}

/** The IANA name of a time zone. */
export const timeZone = z.string().refine(isTimeZone, {
  error: (issue) => `must be the IANA name of a time zone, such as Europe/Berlin, not "${issue.input}"`,
});

/** 256 bits, as 64 hexadecimal digits or in base64. */
export const masterKey = z.string().transform((text, context) => {
  const key = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if (key.length === 32 && (/^[0-9a-f]{64}$/i.test(text) || key.toString('base64') === text)) return key;
  context.addIssue({
    code: 'custom',
    message: 'must be 32 bytes as hexadecimal digits or base64; `openssl rand -hex 32` makes one',
  });
  return z.NEVER;
});

/** A shared secret as Standard Webhooks writes it, `whsec_` and base64, or any text. */
export const webhookKey = z
  .string()
  .min(24, 'must have at least 24 characters; `openssl rand -base64 32` makes one')
  .transform((text, context) => {
    if (!text.startsWith('whsec_')) return Buffer.from(text, 'utf8');
    const key = Buffer.from(text.slice(6), 'base64');
    if (key.toString('base64') === text.slice(6) && key.length >= 24 && key.length <= 64) return key;
    context.addIssue({ code: 'custom', message: 'must be whsec_ and 24 to 64 bytes in base64' });
    return z.NEVER;
  });

const LEVELS: readonly ModelLevel[] = ['quick', 'standard', 'expert'];

/** Characters of a model's name: what is stored with each of its answers. */
const MAX_MODEL_NAME = 100;

export const models = byLevel('must look like quick=NAME,standard=NAME,expert=NAME', (name) =>
  [...name].length <= MAX_MODEL_NAME
    ? name
    : { problem: `names must have at most ${MAX_MODEL_NAME} characters` },
);

const WINDOW = { least: 256, most: 100_000_000 };

/** Tokens of prompt and answer together that the model of each level takes. */
export const windows = byLevel('must look like quick=TOKENS,expert=TOKENS', (text) => {
  const tokens = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return tokens >= WINDOW.least && tokens <= WINDOW.most
    ? tokens
    : { problem: `must have whole numbers from ${WINDOW.least} to ${WINDOW.most}` };
});

/** What a million tokens of prompt and a million of answer cost, in whatever currency the operator counts. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
}

const PRICE = /^(\d{1,5}(?:\.\d{1,6})?)\/(\d{1,5}(?:\.\d{1,6})?)$/;

/** What the model of each level costs. */
export const prices = byLevel<ModelPrice>('must look like quick=INPUT/OUTPUT,expert=INPUT/OUTPUT', (text) => {
  const [, input, output] = PRICE.exec(text) ?? [];
  if (input === undefined || output === undefined)
    return {
      problem:
        'must have two prices for a million tokens, input and output, from 0 to 99999.999999, such as quick=0.15/0.60',
    };
  return { input: Number(input), output: Number(output) };
});

/** A value for one or more levels, as in `quick=a,expert=b`. */
function byLevel<T extends string | number | object>(
  form: string,
  read: (text: string) => T | { problem: string },
) {
  return z.string().transform((text, context) => {
    const refuse = (problem: string) => {
      context.addIssue({ code: 'custom', message: `${problem}, not "${text}"` });
      return z.NEVER;
    };
    const levels: Partial<Record<ModelLevel, T>> = {};
    for (const part of text.split(',')) {
      const [level, ...rest] = part.split('=');
      const key = LEVELS.find((known) => known === level?.trim());
      const given = rest.join('=').trim();
      if (!key || given === '') return refuse(form);
      const value = read(given);
      if (typeof value === 'object' && 'problem' in value) return refuse(value.problem);
      levels[key] = value;
    }
    return levels;
  });
}

/** Mount and path of a secret in Vault. */
export const vaultPath = z
  .string({ error: 'must be set when VAULT_ADDR is' })
  .regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w.-]+(?:\/[\w.-]+)+$/, {
    error: 'must be a mount and a path, like secret/echo-brain',
  });

/** Settings as they were given, before anything is known of them. */
export type RawSettings = Readonly<Record<string, string>>;

export function hasLogin(address: string | undefined): boolean {
  if (!address || !URL.canParse(address)) return false;
  const { username, password } = new URL(address);
  return username !== '' || password !== '';
}
