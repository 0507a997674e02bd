import { z } from 'zod';
import { type RawSettings, url, wholeNumber } from './values.ts';

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
  return {
    alerts: {
      /** Ways that are configured, in the order in which they are told. */
      chain: values.ALERT_CHANNELS ?? configured,
      /** Those that are configured beside the chain are told nothing, but can be tried. */
      configured,
      telegram: { chatId: chatId ?? '', apiUrl: values.TELEGRAM_API_URL },
      email: { to, from: values.ALERT_EMAIL_FROM ?? null },
      /** Null: no further way is told. */
      escalateMs: values.ALERT_ESCALATE_MINUTES * MINUTE_MS || null,
      cooldownMs: values.ALERT_COOLDOWN_MINUTES * MINUTE_MS,
    },
  } as const;
}
