import { z } from 'zod';
import { type RawSettings, timeZone, url, wholeNumber } from './values.ts';

/** Ways to whoever looks after the server, in the order in which they are told. */
export const ALERT_WAYS = ['telegram', 'email', 'webhook'] as const;
export type AlertWayName = (typeof ALERT_WAYS)[number];

/** What each way needs; it is configured when its first setting is there. */
const NEEDS: Readonly<Record<AlertWayName, readonly [string, ...string[]]>> = {
  telegram: ['TELEGRAM_BOT_TOKEN', 'TELEGRAM_CHAT_ID'],
  email: ['SMTP_URL', 'ALERT_EMAIL_TO'],
  webhook: ['ALERT_WEBHOOK_URL'],
};

const MAX_RECEIVERS = 20;
const ADDRESS = /^[^\s@<>,;:"'\\()[\]]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?$/i;

const addresses = z.string().transform((text, context) => {
  const given = text.split(',').map((each) => each.trim());
  if (given.length <= MAX_RECEIVERS && given.every((each) => ADDRESS.test(each))) return given;
  context.addIssue({
    code: 'custom',
    message: `must list 1 to ${MAX_RECEIVERS} addresses like ops@example.org, separated by commas, without names or line breaks`,
  });
  return z.NEVER;
});

const ways = z.string().transform((text, context) => {
  const given = text.split(',').map((each) => each.trim().toLowerCase());
  const known = given.filter((each): each is AlertWayName => ALERT_WAYS.includes(each as AlertWayName));
  if (known.length === given.length && new Set(known).size === known.length) return known;
  context.addIssue({
    code: 'custom',
    message: `must list some of ${ALERT_WAYS.join(', ')}, each once, separated by commas`,
  });
  return z.NEVER;
});

/** A time of day; null: never. */
const timeOfDay = z.string().transform((text, context) => {
  if (text.toLowerCase() === 'off') return null;
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour !== undefined) return { hour: Number(hour), minute: Number(minute) };
  context.addIssue({
    code: 'custom',
    message: `must be a time of day from 00:00 to 23:59, or off, not "${text}"`,
  });
  return z.NEVER;
});

/** Alerts: who is told, in which order, and how often. */
export const settings = {
  TELEGRAM_BOT_TOKEN: z
    .string()
    .regex(/^\d{1,20}:[\w-]{20,100}$/, 'must look like 123456:ABC-DEF…, as BotFather gives it')
    .optional(),
  TELEGRAM_CHAT_ID: z
    .string()
    .regex(
      /^(?:-?\d{1,19}|@[A-Za-z]\w{3,63})$/,
      'must be the number of a chat, or @ and the name of a channel',
    )
    .optional(),
  TELEGRAM_TOPIC_ID: z
    .string()
    .regex(/^[1-9]\d{0,9}$/, 'must be the number of a topic')
    .optional(),
  TELEGRAM_API_URL: url('http:', 'https:').prefault('https://api.telegram.org'),
  SMTP_URL: url('smtp:', 'smtps:').optional(),
  ALERT_EMAIL_TO: addresses.optional(),
  ALERT_EMAIL_FROM: z
    .string()
    .regex(ADDRESS, 'must be an address like echo@example.org, without a name or line breaks')
    .optional(),
  ALERT_CHANNELS: ways.optional(),
  ALERT_ESCALATE_MINUTES: wholeNumber(0, 10_080).prefault('15'),
  ALERT_COOLDOWN_MINUTES: wholeNumber(0, 1_440).prefault('5'),
  DAILY_REPORT_AT: timeOfDay.prefault('07:00'),
  DAILY_REPORT_TIME_ZONE: timeZone.optional(),
};
const Values = z.object(settings);

const isConfigured = (raw: RawSettings, way: AlertWayName) => Boolean(raw[NEEDS[way][0]]);

export function checkAlerts(raw: RawSettings): string[] {
  const halves = ALERT_WAYS.flatMap((way) => {
    const missing = NEEDS[way].filter((name) => !raw[name]);
    const given = NEEDS[way].filter((name) => raw[name]);
    return given.length === 0 ? [] : missing.map((name) => `${name}: must be set when ${given[0]} is`);
  });
  const listed = (raw.ALERT_CHANNELS ?? '').split(',').map((each) => each.trim().toLowerCase());
  const absent = (setting: string, name: string) =>
    `${setting}: ${name} is not configured; ${NEEDS[name as AlertWayName].join(' and ')} say where it is`;
  return [
    ...halves,
    ...ALERT_WAYS.filter((way) => listed.includes(way) && !isConfigured(raw, way)).map((way) =>
      absent('ALERT_CHANNELS', way),
    ),
  ];
}

const MINUTE_MS = 60_000;

export function alertsOf(values: z.output<typeof Values>, raw: RawSettings) {
  const { TELEGRAM_CHAT_ID: chatId, ALERT_EMAIL_TO: to = [] } = values;
  const configured = ALERT_WAYS.filter((way) => isConfigured(raw, way));
  const chain = values.ALERT_CHANNELS ?? configured;
  const { DAILY_REPORT_AT: at, DAILY_REPORT_TIME_ZONE: zone = null } = values;
  return {
    /** When whoever is told by mail or Telegram gets a report of the day; null: nobody does. Without a zone: as for everybody. */
    dailyReport: at && chain.some((way) => way !== 'webhook') ? { ...at, timeZone: zone } : null,
    alerts: {
      /** Ways that are configured, in the order in which they are told. */
      chain,
      /** Those that are configured beside the chain are told nothing, but can be tried. */
      configured,
      telegram: {
        ...{ chatId: chatId ?? '', apiUrl: values.TELEGRAM_API_URL },
        topicId: values.TELEGRAM_TOPIC_ID === undefined ? null : Number(values.TELEGRAM_TOPIC_ID),
      },
      email: { to, from: values.ALERT_EMAIL_FROM ?? null },
      /** Null: no further way is told. */
      escalateMs: values.ALERT_ESCALATE_MINUTES * MINUTE_MS || null,
      cooldownMs: values.ALERT_COOLDOWN_MINUTES * MINUTE_MS,
    },
  } as const;
}
