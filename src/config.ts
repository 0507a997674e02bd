import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import * as access from './config/access.ts';
import * as alertRules from './config/alert-rules.ts';
import * as alerts from './config/alerts.ts';
import * as backups from './config/backups.ts';
import * as briefs from './config/briefs.ts';
import * as compliance from './config/compliance.ts';
import * as durability from './config/durability.ts';
import * as generation from './config/generation.ts';
import * as media from './config/media.ts';
import { type MistakenName, mistakenNames } from './config/mistaken.ts';
import * as models from './config/models.ts';
import * as notion from './config/notion.ts';
import * as objectives from './config/objectives.ts';
import * as partners from './config/partners.ts';
import * as payments from './config/payments.ts';
import * as pressure from './config/pressure.ts';
import * as repairs from './config/repairs.ts';
import * as retention from './config/retention.ts';
import type { SecretSetting, SecretValues, VaultOptions } from './config/secrets.ts';
import * as secrets from './config/secrets.ts';
import * as server from './config/server.ts';
import * as tasks from './config/tasks.ts';
import * as telemetry from './config/telemetry.ts';
import type { RawSettings } from './config/values.ts';

export type Config = Readonly<ReturnType<typeof toConfig>>;

/** All wrong settings of one start, each named; shown to the operator as one block. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      ['Echo Brain cannot start with this configuration:', ...problems.map((p) => `  - ${p}`)].join('\n'),
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * The process of npm, or its shell, if this one is what `npm start` of this package runs; else null.
 *
 * @param own this process, and its parent as far as it knows; what it was before (`bundle/start.ts`) has noted it earlier
 */
export function npmAbove(
  own: { readonly pid: number; readonly ppid: number },
  environment: NodeJS.ProcessEnv = process.env,
): number | null {
  const { npm_lifecycle_event: command, npm_package_name: name, ECHO_STARTED_BY: noted } = environment;
  if (command !== 'start' || name !== 'echo-brain') return null;
  const { pid, ppid } = own;
  // Programs that a server starts inherit what it has noted of itself.
  const [of, parent] = (noted ?? '').split(':').map(Number);
  return of === pid && parent ? parent : ppid;
}

/**
 * Reads the configuration once. Precedence: variable, `.env`, the file named by `ECHO_CONFIG`, Vault, default.
 *
 * @param environment the process environment (tests pass their own)
 * @param directory where `.env` is looked for and relative paths start
 * @param fromVault what Vault holds
 * @throws ConfigError naming every wrong value at once
 */
export function readConfig(
  environment: NodeJS.ProcessEnv = process.env,
  directory = process.cwd(),
  fromVault: SecretValues = {},
): Config {
  const local = readLayers(environment, directory);
  const raw = { ...fromVault, ...local };
  const parsed = Settings.safeParse(raw);
  const problems = [...(parsed.error?.issues.map(describeIssue) ?? []), ...crossCheck(raw, directory)];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return toConfig(parsed.data, raw, directory, givenSecrets(local));
}

/** `DATA_DIR` alone, whatever is wrong with other settings: where a server that runs is asked. @throws ConfigError for `ECHO_CONFIG` */
export function readDataDirectory(
  environment: NodeJS.ProcessEnv = process.env,
  directory = process.cwd(),
): string {
  return resolve(directory, server.settings.DATA_DIR.parse(readLayers(environment, directory).DATA_DIR));
}

/** Where Vault is, if it is to be asked before the configuration can be read. @throws ConfigError */
export function readVaultOptions(
  environment: NodeJS.ProcessEnv = process.env,
  directory = process.cwd(),
): VaultOptions | null {
  const raw = readLayers(environment, directory);
  if (!raw.VAULT_ADDR) return null;
  const parsed = secrets.VaultSettings.safeParse(raw);
  const problems = [...(parsed.error?.issues.map(describeIssue) ?? []), ...secrets.checkVault(raw)];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return secrets.vaultOf(parsed.data);
}

/** @returns why a secret that was changed while the server runs cannot be used; null if it can */
export function secretProblem(name: SecretSetting, value: string): string | null {
  return Settings.shape[name].safeParse(value).error?.issues[0]?.message ?? null;
}

/** Variables, there or in files, that are no setting but one slip away from one: what they say is not done. */
export function mistakenSettings(
  environment: NodeJS.ProcessEnv = process.env,
  directory = process.cwd(),
): MistakenName[] {
  return mistakenNames(Object.keys(readLayers(environment, directory)), [...SETTING_NAMES, 'ECHO_CONFIG']);
}

/** Files of settings that hold secrets, and that others than their owner may read. @returns each with its mode, and what it holds */
export function secretsForOthers(
  environment: NodeJS.ProcessEnv = process.env,
  directory = process.cwd(),
): { path: string; mode: number; names: string[] }[] {
  if (process.platform === 'win32') return [];
  const named = environment.ECHO_CONFIG ?? readEnvFile(resolve(directory, '.env'), false).ECHO_CONFIG;
  return ['.env', ...(named ? [named] : [])].flatMap((name) => {
    const path = resolve(directory, name);
    const held = readEnvFile(path, false);
    const names = [...secrets.SECRET_SETTINGS, ...secrets.OTHER_SECRETS].filter((one) => held[one]);
    const mode = names.length > 0 ? statSync(path).mode & 0o777 : 0;
    return (mode & 0o077) === 0 ? [] : [{ path, mode, names }];
  });
}

function readLayers(environment: NodeJS.ProcessEnv, directory: string): Record<string, string> {
  const layers = [environment, readEnvFile(resolve(directory, '.env'), false)];
  const named = environment.ECHO_CONFIG ?? layers[1]?.ECHO_CONFIG;
  if (named) layers.push(readEnvFile(resolve(directory, named), true));
  const raw: Record<string, string> = {};
  for (const layer of layers.reverse()) {
    for (const [name, value] of Object.entries(layer))
      if (value !== undefined && value !== '') raw[name] = value;
  }
  return raw;
}

function givenSecrets(raw: RawSettings): SecretValues {
  return Object.fromEntries(
    secrets.SECRET_SETTINGS.flatMap((name) => (raw[name] === undefined ? [] : [[name, raw[name]]])),
  );
}

/** Every variable that the server reads, by noun. Names are a contract with operators. */
const Settings = z.object({
  ...server.settings,
  ...durability.settings,
  ...models.settings,
  ...briefs.settings,
  ...compliance.settings,
  ...payments.settings,
  ...partners.settings,
  ...media.settings,
  ...generation.settings,
  ...objectives.settings,
  ...pressure.settings,
  ...tasks.settings,
  ...telemetry.settings,
  ...repairs.settings,
  ...retention.settings,
  ...access.settings,
  ...backups.settings,
  ...alerts.settings,
  ...alertRules.settings,
  ...notion.settings,
  ...secrets.settings,
});

/** Names of all settings but `ECHO_CONFIG`, which says where others are. */
export const SETTING_NAMES: readonly string[] = [
  ...Object.keys(Settings.shape),
  ...Object.keys(secrets.VaultSettings.shape),
];

/** Looks at what was given, so that it finds its problems beside those of single values. */
function crossCheck(raw: RawSettings, directory: string): string[] {
  return [
    ...durability.checkDurability(raw),
    ...models.checkModels(raw),
    ...briefs.checkBriefs(raw),
    ...payments.checkPayments(raw),
    ...secrets.checkSecrets(raw),
    ...access.checkAccess(raw),
    ...alerts.checkAlerts(raw),
    ...alertRules.checkRules(raw, directory),
    ...notion.checkNotion(raw, directory),
    ...repairs.checkRepairs(raw, directory),
    ...backups.checkBackups(raw),
    ...generation.checkGeneration(raw),
  ];
}

function toConfig(
  values: z.output<typeof Settings>,
  raw: RawSettings,
  directory: string,
  given: SecretValues,
) {
  return {
    /** Secrets that stand in the environment or in files, as they were written. */
    secrets: given,
    ...server.serverOf(values, directory),
    ...durability.durabilityOf(values),
    ...models.modelsOf(values),
    ...briefs.briefsOf(values),
    ...compliance.complianceOf(values),
    ...payments.paymentsOf(values),
    ...partners.partnersOf(values),
    ...media.mediaOf(values, resolve(directory, values.DATA_DIR)),
    ...generation.generationOf(values, directory),
    ...objectives.objectivesOf(values),
    ...pressure.pressureOf(values),
    ...tasks.tasksOf(values),
    ...telemetry.telemetryOf(values),
    ...repairs.repairsOf(values, directory, resolve(directory, values.DATA_DIR)),
    ...retention.retentionOf(values),
    ...access.accessOf(values),
    ...alerts.alertsOf(values, raw),
    ...alertRules.rulesOf(values, directory),
    ...notion.notionOf(values, directory),
    ...secrets.secretsOf(values),
    ...backups.backupsOf(values, directory, resolve(directory, values.DATA_DIR)),
  };
}

function readEnvFile(path: string, required: boolean): NodeJS.Dict<string> {
  if (existsSync(path)) return parseEnv(readFileSync(path, 'utf8'));
  if (required) throw new ConfigError([`ECHO_CONFIG: the file "${path}" does not exist`]);
  return {};
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.join('.')}: ${issue.message}`;
}
