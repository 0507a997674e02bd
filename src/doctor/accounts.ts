import type { SecretSetting } from '../config/secrets.ts';
import type { Config } from '../config.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Finding, Look } from './finding.ts';

const LIMITS = { timeoutMs: 5_000, maxBytes: 1_048_576 };

interface Parts {
  readonly outbound: Pick<Outbound, 'fetcherTo'>;
  readonly secrets: Pick<Secrets, 'get'>;
}

/** Accounts of the operator at others, asked for something that changes nothing. @returns a look for each that is configured */
export function looksAtAccounts(
  { payments, notion }: Pick<Config, 'payments' | 'notion'>,
  parts: Parts,
): [about: string, look: Look][] {
  return [
    ...(payments ? [['STRIPE_API_KEY', () => lookAtStripe(payments, parts)] satisfies [string, Look]] : []),
    ...(notion ? [['NOTION_MIRROR', () => lookAtNotion(notion, parts)] satisfies [string, Look]] : []),
  ];
}

async function lookAtStripe(
  { apiUrl, isLive }: NonNullable<Config['payments']>,
  { outbound, secrets }: Parts,
): Promise<Finding> {
  const about = 'STRIPE_API_KEY';
  const ask = async (things: string) => {
    const answer = await outbound.fetcherTo(apiUrl, LIMITS)(
      `${apiUrl.replace(/\/+$/, '')}/v1/${things}?limit=1`,
      { headers: bearer(secrets, 'STRIPE_API_KEY') },
    );
    await answer.body?.cancel();
    return answer;
  };
  const response = await ask('events');
  const mode = isLive ? 'live, real money' : 'test';
  const seen = `${new URL(apiUrl).host} answers ${response.status} to a key of the mode ${mode}`;
  // Restricted keys of before disputes were booked have no right to them.
  if (response.ok && (await ask('disputes')).status === 403)
    return {
      ...{ state: 'WARNING', about, seen: `${seen}, which may not read disputes` },
      advice:
        'what banks take back is not booked: give the restricted key the right to read disputes, see docs/payments.md',
    };
  if (response.ok) return { state: 'OK', about, seen: `${seen}${toldOfEvents(secrets)}` };
  const advice =
    response.status === 401
      ? 'the key is not known there, or was rolled: correct STRIPE_API_KEY'
      : response.status === 403
        ? 'a restricted key needs at least to read events, invoices, charges, refunds and disputes: see docs/payments.md'
        : 'payments wait until it answers';
  return { state: 'WARNING', about, seen, advice };
}

const toldOfEvents = (secrets: Pick<Secrets, 'get'>) =>
  secrets.get('STRIPE_WEBHOOK_SECRET') === null
    ? '; without STRIPE_WEBHOOK_SECRET it tells nothing, and is asked from time to time'
    : '';

/** Each database that something is mirrored to must be shared with the integration. */
async function lookAtNotion(
  { apiUrl, mirror }: NonNullable<Config['notion']>,
  { outbound, secrets }: Parts,
): Promise<Finding[]> {
  const about = 'NOTION_MIRROR';
  // As the mirror asks it.
  const { Client } = await import('@notionhq/client');
  const findings: Finding[] = [];
  for (const [kind, setting] of Object.entries(mirror)) {
    if (!setting) continue;
    const response = await outbound.fetcherTo(apiUrl, LIMITS)(`${apiUrl}/v1/databases/${setting.database}`, {
      headers: { ...bearer(secrets, 'NOTION_TOKEN'), 'notion-version': Client.defaultNotionVersion },
    });
    await response.body?.cancel();
    const seen = `${new URL(apiUrl).host} answers ${response.status} for the database of "${kind}"`;
    if (response.ok) findings.push({ state: 'OK', about, seen });
    else findings.push({ state: 'WARNING', about, seen, advice: adviceOfNotion(response.status) });
    // It would say the same of the others.
    if (response.status === 401) break;
  }
  return findings;
}

function adviceOfNotion(status: number): string {
  if (status === 401) return 'the token is not known there: correct NOTION_TOKEN';
  return status === 403 || status === 404
    ? 'share the database with the integration (its menu, Connections), or correct its id'
    : 'what is to be mirrored waits until it answers';
}

const bearer = (secrets: Pick<Secrets, 'get'>, name: SecretSetting) => ({
  authorization: `Bearer ${secrets.get(name) ?? ''}`,
});
