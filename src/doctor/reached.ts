import type { Config } from '../config.ts';
import { openWays } from '../domains/alerts/configured.ts';
import { placeOf } from '../domains/backups/configured.ts';
import { createLogger } from '../log.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Finding, Look } from './finding.ts';
import { lookAtOAuth } from './oauth.ts';

const LIMITS = { timeoutMs: 5_000, maxBytes: 1_048_576 };
/** Below what one look may take, so that it can say itself what it waited for. */
const WAY_MS = 14_000;

interface Parts {
  readonly outbound: Outbound;
  readonly secrets: Secrets;
}

/**
 * What alerts, backups, pictures, tokens and telemetry go through, each asked for something that sends nobody anything and changes
 * nothing. @returns a look for each that is configured
 */
export function looksAtReached(config: Config, parts: Parts): [about: string, look: Look][] {
  const { access, alertWebhook, alerts, backups, comfyUi, knowledgeBaseUrl, mcpOAuth, reranking, telemetry } =
    config;
  const { source } = access.tokens ?? {};
  const keysUrl = typeof source === 'object' ? source.keysUrl : null;
  const looks: [string, unknown, Look][] = [
    ['SMTP_URL', alerts.configured.includes('email'), () => lookAtWay('email', config, parts)],
    [
      'TELEGRAM_BOT_TOKEN',
      alerts.configured.includes('telegram'),
      () => lookAtWay('telegram', config, parts),
    ],
    ['ALERT_WEBHOOK_URL', alertWebhook, () => answers('ALERT_WEBHOOK_URL', alertWebhook?.url ?? '', parts)],
    ['BACKUP_S3_URL', backups.s3, () => lookAtBucket(backups, parts)],
    ['RERANK_BASE_URL', reranking, () => lookAtReranker(reranking, parts)],
    [
      'COMFYUI_URL',
      comfyUi,
      () => answers('COMFYUI_URL', under(comfyUi?.url ?? '', 'system_stats'), parts, 'GET'),
    ],
    ['JWT_JWKS_URL', keysUrl, () => answers('JWT_JWKS_URL', keysUrl ?? '', parts, 'GET')],
    ['MCP_RESOURCE_URL', mcpOAuth, async () => (mcpOAuth ? lookAtOAuth(mcpOAuth, parts.outbound) : [])],
    [
      'KNOWLEDGE_BASE_URL',
      knowledgeBaseUrl,
      () => answers('KNOWLEDGE_BASE_URL', knowledgeBaseUrl ?? '', parts),
    ],
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      telemetry,
      () => answers('OTEL_EXPORTER_OTLP_ENDPOINT', telemetry?.endpoint ?? '', parts),
    ],
  ];
  return looks.flatMap(([about, isConfigured, look]) =>
    isConfigured ? [[about, look] satisfies [string, Look]] : [],
  );
}

const under = (url: string, path: string) => `${url.replace(/\/+$/, '')}/${path}`;

/** As an alert goes, up to where its message would follow. */
async function lookAtWay(name: 'email' | 'telegram', config: Config, parts: Parts): Promise<Finding> {
  const about = name === 'email' ? 'SMTP_URL' : 'TELEGRAM_BOT_TOKEN';
  const alone = { ...config, alerts: { ...config.alerts, configured: [name] }, alertWebhook: null };
  const ways = await openWays({ ...parts, config: alone, log: createLogger('silent') });
  const way = ways.find((each) => each.name === name);
  const signal = AbortSignal.timeout(WAY_MS);
  const problem = (await (way?.reach?.(signal) ?? way?.check?.(signal))) ?? null;
  if (problem === null) return { state: 'OK', about, seen: `${name} takes the login, and nothing was sent` };
  return { state: 'WARNING', about, seen: problem, advice: 'alerts wait until this way works' };
}

async function lookAtBucket(backups: Config['backups'], { outbound }: Parts): Promise<Finding> {
  const about = 'BACKUP_S3_URL';
  const files = await (await placeOf(backups, outbound)).list();
  return { state: 'OK', about, seen: `the bucket can be read, and has ${files.length} files of ours` };
}

async function lookAtReranker(
  reranking: Config['reranking'],
  { outbound, secrets }: Parts,
): Promise<Finding> {
  const { baseUrl = '', model = '' } = reranking ?? {};
  const url = under(baseUrl, 'rerank');
  const key = secrets.get('RERANK_API_KEY');
  const response = await outbound.fetcherTo(url, LIMITS)(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ model, query: 'one', documents: ['one'], top_n: 1 }),
  });
  await response.body?.cancel();
  const told = { about: 'RERANK_BASE_URL', seen: `${new URL(url).host} answers ${response.status}` };
  if (response.ok) return { state: 'OK', ...told };
  return { state: 'WARNING', ...told, advice: 'correct RERANK_BASE_URL, RERANK_MODEL or RERANK_API_KEY' };
}

/** Whether somebody is there. HEAD asks for nothing: any answer to it is one; what is asked for by GET has to be given. */
async function answers(
  about: string,
  url: string,
  { outbound }: Parts,
  method: 'GET' | 'HEAD' = 'HEAD',
): Promise<Finding> {
  const response = await outbound.fetcherTo(url, LIMITS)(url, { method });
  await response.body?.cancel();
  const seen = `${new URL(url).host} answers${method === 'GET' ? ` ${response.status}` : ''}`;
  if (response.ok || method === 'HEAD') return { state: 'OK', about, seen };
  return { state: 'WARNING', about, seen, advice: `see whether ${about} is right` };
}
