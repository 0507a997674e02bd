import type { SecretSetting } from '../config/secrets.ts';
import type { Config } from '../config.ts';
import { installedModel, modelsDirectory } from '../models/local-models.ts';
import { Outbound } from '../outbound/outbound.ts';
import { Secrets } from '../secrets/secrets.ts';
import type { Vault } from '../secrets/vault.ts';
import { looksAtAccounts } from './accounts.ts';
import type { Finding, Look } from './finding.ts';
import { looksAtReached } from './reached.ts';

const LIMITS = { timeoutMs: 5_000, maxBytes: 1_048_576 };

/** The server's own address: whether it runs, or its port is free, is told by who looks at both. */
export async function lookAtServer(config: Config, portProblem: string | null): Promise<Finding> {
  const about = 'server';
  if (portProblem === null) return { state: 'OK', about, seen: `does not run; port ${config.port} is free` };
  try {
    const [live, ready] = await Promise.all(
      ['livez', 'readyz'].map((probe) =>
        fetch(`${config.url}/${probe}`, { signal: AbortSignal.timeout(5_000) }),
      ),
    );
    if (live?.status !== 200 || !ready) throw new Error(`/livez says ${live?.status}`);
    if (ready.ok) return { state: 'OK', about, seen: `runs at ${config.url}, and is ready` };
    return {
      ...{
        state: 'WARNING',
        about,
        seen: `runs at ${config.url}, and is not ready: it takes turns into its journal`,
      },
      advice: 'its health says what is away',
    };
  } catch (error) {
    return { state: 'WRONG', about, seen: `${portProblem} (${(error as Error).message})` };
  }
}

/** What else is configured, asked as the server asks. @returns a look for each, under the setting that names it */
export function looksAtServices(config: Config, vault: Vault | null): [about: string, look: Look][] {
  const outbound = new Outbound({ allowed: config.outboundAllow });
  const secrets = new Secrets(config.secrets, vault);
  const ask = (url: string, key: SecretSetting): Look => {
    const secret = secrets.get(key);
    const header = key === 'QDRANT_API_KEY' ? 'api-key' : 'authorization';
    const headers =
      secret === null ? {} : { [header]: key === 'QDRANT_API_KEY' ? secret : `Bearer ${secret}` };
    return async () => {
      const about = key.replace('API_KEY', key === 'QDRANT_API_KEY' ? 'URL' : 'BASE_URL');
      const response = await outbound.fetcherTo(url, LIMITS)(url, { headers });
      const seen = `${new URL(url).host} answers ${response.status}`;
      await response.body?.cancel();
      if (response.ok) return { state: 'OK', about, seen };
      const isKey = response.status === 401 || response.status === 403;
      const address = `see whether the address is right${key === 'QDRANT_API_KEY' ? '' : ', up to and including /v1'}`;
      const advice = isKey ? `correct ${key}` : address;
      return { state: 'WARNING', about, seen, advice };
    };
  };
  const { qdrant, languageModels, embeddings, localEmbeddings, dataDirectory } = config;
  const model: Look = async () => {
    const { name } = await installedModel(modelsDirectory(dataDirectory), localEmbeddings ?? '');
    return { state: 'OK', about: 'EMBEDDINGS', seen: `the files of ${name} are there` };
  };
  return [
    ...given(qdrant, ({ url }) => ['QDRANT_URL', ask(`${url.replace(/\/+$/, '')}/readyz`, 'QDRANT_API_KEY')]),
    ...given(languageModels, ({ baseUrl }) => ['LLM_BASE_URL', ask(`${baseUrl}/models`, 'LLM_API_KEY')]),
    ...given(embeddings, ({ baseUrl }) => [
      'EMBEDDINGS_BASE_URL',
      ask(`${baseUrl}/models`, 'EMBEDDINGS_API_KEY'),
    ]),
    ...given(localEmbeddings, () => ['EMBEDDINGS', model]),
    ...looksAtAccounts(config, { outbound, secrets }),
    ...looksAtReached(config, { outbound, secrets }),
  ];
}

function given<T>(value: T | null, make: (value: T) => [string, Look]): [string, Look][] {
  return value === null ? [] : [make(value)];
}
