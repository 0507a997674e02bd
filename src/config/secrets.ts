import { z } from 'zod';
import {
  addresses,
  hasLogin,
  masterKey,
  type RawSettings,
  url,
  vaultPath,
  webhookKey,
  wholeNumber,
} from './values.ts';

/** Settings that may come from Vault; the only ones that do. */
export const SECRET_SETTINGS = [
  'DATABASE_URL',
  'DATABASE_READ_URL',
  'QDRANT_API_KEY',
  'LLM_API_KEY',
  'EMBEDDINGS_API_KEY',
  'RERANK_API_KEY',
  'API_KEY',
  'JWT_SECRET',
  'MASTER_KEY',
  'MASTER_KEY_PREVIOUS',
  'ALERT_WEBHOOK_SECRET',
  'BACKUP_PASSPHRASE',
  'BACKUP_S3_SECRET',
  'TELEGRAM_BOT_TOKEN',
  'NOTION_TOKEN',
  'SMTP_URL',
  'STRIPE_API_KEY',
  'STRIPE_WEBHOOK_SECRET',
] as const;
/** Other settings that are secret, or may hold something that is. */
export const OTHER_SECRETS = [
  'VAULT_TOKEN',
  'VAULT_SECRET_ID',
  'ECHO_API_KEY',
  'OPENWEBUI_JWT_SECRET',
  'OTEL_EXPORTER_OTLP_HEADERS',
] as const;
export type SecretSetting = (typeof SECRET_SETTINGS)[number];
export type SecretValues = Readonly<Partial<Record<SecretSetting, string>>>;

/** Where secrets are kept, and how the server shows who it is. */
export interface VaultOptions {
  readonly address: string;
  /** As `vault kv get` takes it (`secret/echo-brain`), or as the API has it (`secret/data/echo-brain`). */
  readonly path: string;
  readonly namespace: string | null;
  readonly login: { readonly token: string } | { readonly roleId: string; readonly secretId: string };
  readonly refreshMs: number;
}

/** Keys under which secrets are kept, and other servers that are told something. */
export const settings = {
  MASTER_KEY: masterKey.optional(),
  MASTER_KEY_PREVIOUS: masterKey.optional(),
  OUTBOUND_ALLOW: addresses.prefault(''),
  ALERT_WEBHOOK_URL: url('http:', 'https:').optional(),
  ALERT_WEBHOOK_SECRET: webhookKey.optional(),
  KNOWLEDGE_BASE_URL: url('http:', 'https:').optional(),
};
const Values = z.object(settings);

export function checkSecrets(raw: RawSettings): string[] {
  return raw.MASTER_KEY_PREVIOUS && !raw.MASTER_KEY
    ? ['MASTER_KEY: must be set when MASTER_KEY_PREVIOUS is']
    : [];
}

export function secretsOf(values: z.output<typeof Values>) {
  return {
    masterKey: values.MASTER_KEY ?? null,
    /** With which earlier secrets were encrypted. */
    previousMasterKey: values.MASTER_KEY_PREVIOUS ?? null,
    /** Addresses that are not public and may be called by requests that others cause. */
    outboundAllow: values.OUTBOUND_ALLOW,
    alertWebhook: values.ALERT_WEBHOOK_URL
      ? { url: values.ALERT_WEBHOOK_URL, key: values.ALERT_WEBHOOK_SECRET ?? null }
      : null,
    knowledgeBaseUrl: values.KNOWLEDGE_BASE_URL ?? null,
  } as const;
}

/** What has to be known before Vault can be asked for the rest. */
export const VaultSettings = z.object({
  VAULT_ADDR: url('http:', 'https:'),
  VAULT_PATH: vaultPath,
  VAULT_TOKEN: z.string().optional(),
  VAULT_ROLE_ID: z.string().optional(),
  VAULT_SECRET_ID: z.string().optional(),
  VAULT_NAMESPACE: z.string().optional(),
  VAULT_REFRESH_MS: wholeNumber(100, 86_400_000).prefault('60000'),
});

export function checkVault(raw: RawSettings): string[] {
  const problems: string[] = [];
  if (hasLogin(raw.VAULT_ADDR)) problems.push('VAULT_ADDR: must not hold a user name or password');
  if (raw.VAULT_TOKEN && (raw.VAULT_ROLE_ID || raw.VAULT_SECRET_ID))
    problems.push('VAULT_TOKEN: must not be set beside VAULT_ROLE_ID and VAULT_SECRET_ID');
  else if (!raw.VAULT_TOKEN && !(raw.VAULT_ROLE_ID && raw.VAULT_SECRET_ID))
    problems.push('VAULT_TOKEN: must be set, or VAULT_ROLE_ID and VAULT_SECRET_ID, when VAULT_ADDR is');
  return problems;
}

export function vaultOf(values: z.output<typeof VaultSettings>): VaultOptions {
  const { VAULT_TOKEN: token, VAULT_ROLE_ID: roleId = '', VAULT_SECRET_ID: secretId = '' } = values;
  return {
    address: values.VAULT_ADDR,
    path: values.VAULT_PATH,
    namespace: values.VAULT_NAMESPACE ?? null,
    login: token === undefined ? { roleId, secretId } : { token },
    refreshMs: values.VAULT_REFRESH_MS,
  };
}
