import { resolve } from 'node:path';
import { z } from 'zod';
import { hasLogin, oneOf, type RawSettings, url, wholeNumber } from './values.ts';

const PERIODS = ['last', 'daily', 'weekly', 'monthly', 'yearly'] as const;
type Period = (typeof PERIODS)[number];
const MOST_KEPT = 10_000;

/** How many backups stay, by period; those that are not named: none. */
const keepRule = z.string().transform((text, context) => {
  const rule: Record<Period, number> = { last: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
  for (const part of text.split(',')) {
    const [, name, count] = /^\s*([a-z]+)=(\d{1,5})\s*$/.exec(part) ?? [];
    const period = PERIODS.find((each) => each === name);
    if (!period || Number(count) > MOST_KEPT) return refuse(context, part);
    rule[period] = Number(count);
  }
  if (PERIODS.some((period) => rule[period] > 0)) return rule;
  return refuse(context, text);
});

function refuse(context: z.RefinementCtx, given: string): never {
  context.addIssue({
    code: 'custom',
    message: `must look like daily=30,weekly=8,monthly=12 (of ${PERIODS.join(', ')}; 0 to ${MOST_KEPT}, at least one above 0), not "${given}"`,
  });
  return z.NEVER;
}

/** A key of age that cannot open anything itself. */
const AGE_RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/;
const recipients = z.string().transform((text, context) => {
  const given = text.split(',').flatMap((part) => part.trim() || []);
  for (const each of given.filter((recipient) => !AGE_RECIPIENT.test(recipient)))
    context.addIssue({
      code: 'custom',
      message: `must list public keys of age (age1…), separated by commas, not "${each.slice(0, 20)}"`,
    });
  return given;
});

/** An endpoint with a bucket. */
const bucketUrl = url('http:', 'https:').refine(
  (text) => {
    if (!URL.canParse(text)) return true;
    const { pathname, search, hash } = new URL(text);
    return /^(?:\/[A-Za-z0-9][\w.-]*)+\/?$/.test(pathname) && search === '' && hash === '' && !hasLogin(text);
  },
  {
    error:
      'must be an endpoint with a bucket, such as https://s3.eu-central-1.amazonaws.com/BUCKET/FOLDER, without keys',
  },
);

/** Where backups go, with what they are encrypted, and how many are kept. */
export const settings = {
  BACKUP_DIR: z.string().optional(),
  BACKUP_S3_URL: bucketUrl.optional(),
  BACKUP_S3_REGION: z
    .string()
    .regex(/^[\w-]{1,50}$/, 'must be the name of a region')
    .default('us-east-1'),
  BACKUP_S3_KEY_ID: z.string().max(200, 'must have at most 200 characters').optional(),
  BACKUP_S3_SECRET: z.string().max(1_000, 'must have at most 1,000 characters').optional(),
  BACKUP_S3_TIMEOUT_MS: wholeNumber(100, 600_000).prefault('60000'),
  BACKUP_KEEP: keepRule.prefault('last=3,daily=30,weekly=8,monthly=12'),
  BACKUP_WORD_INDEX: oneOf('included', 'rebuilt').prefault('included'),
  BACKUP_MEDIA: oneOf('included', 'left').prefault('included'),
  BACKUP_PASSPHRASE: z
    .string()
    .min(12, 'must have at least 12 characters')
    .max(1_000, 'must have at most 1,000 characters')
    .optional(),
  BACKUP_RECIPIENTS: recipients.prefault(''),
};
const Values = z.object(settings);

export function checkBackups(raw: RawSettings): string[] {
  const problems: string[] = [];
  if (raw.BACKUP_RECIPIENTS && raw.BACKUP_PASSPHRASE)
    problems.push('BACKUP_RECIPIENTS: must not be set beside BACKUP_PASSPHRASE, which stands alone');
  else if (raw.BACKUP_RECIPIENTS && !raw.MASTER_KEY)
    problems.push(
      'MASTER_KEY: must be set when BACKUP_RECIPIENTS is, or the server could not verify its backups',
    );
  if (!raw.BACKUP_S3_URL) return problems;
  if (raw.BACKUP_DIR) problems.push('BACKUP_DIR: must not be set beside BACKUP_S3_URL');
  for (const name of ['BACKUP_S3_KEY_ID', 'BACKUP_S3_SECRET'])
    if (!raw[name]) problems.push(`${name}: must be set when BACKUP_S3_URL is`);
  if (!raw.MASTER_KEY && !raw.BACKUP_PASSPHRASE)
    problems.push(
      'BACKUP_S3_URL: needs MASTER_KEY or BACKUP_PASSPHRASE, for what leaves this machine is encrypted',
    );
  return problems;
}

export function backupsOf(
  values: z.output<typeof Values> & {
    MASTER_KEY?: Buffer | undefined;
    MASTER_KEY_PREVIOUS?: Buffer | undefined;
  },
  directory: string,
  dataDirectory: string,
) {
  return {
    backups: {
      directory: values.BACKUP_DIR
        ? resolve(directory, values.BACKUP_DIR)
        : resolve(dataDirectory, 'backups'),
      s3:
        values.BACKUP_S3_URL === undefined
          ? null
          : {
              ...{ url: values.BACKUP_S3_URL, region: values.BACKUP_S3_REGION },
              ...{ keyId: values.BACKUP_S3_KEY_ID ?? '', secret: values.BACKUP_S3_SECRET ?? '' },
              timeoutMs: values.BACKUP_S3_TIMEOUT_MS,
            },
      keep: values.BACKUP_KEEP,
      wordIndex: values.BACKUP_WORD_INDEX,
      media: values.BACKUP_MEDIA,
      keys: {
        masterKey: values.MASTER_KEY ?? null,
        previousMasterKey: values.MASTER_KEY_PREVIOUS ?? null,
        passphrase: values.BACKUP_PASSPHRASE ?? null,
        recipients: values.BACKUP_RECIPIENTS,
      },
    },
  } as const;
}
