import { createOpenAICompatible } from '@ai-sdk/openai-compatible';

/** An endpoint that speaks the OpenAI protocol. */
export interface ProviderOptions {
  /** Usually ends in `/v1`. Credentials in it are sent as basic authentication. */
  baseUrl: string;
  apiKey: string | null;
}

/** @throws TypeError when the URL carries credentials and there is an API key too: only one can be sent */
export function createProvider({ baseUrl, apiKey }: ProviderOptions) {
  const url = new URL(baseUrl);
  const { username, password } = url;
  // `fetch` throws on a URL with credentials, and its message quotes them.
  url.username = '';
  url.password = '';
  const hasLogin = username !== '' || password !== '';
  if (hasLogin && apiKey !== null)
    throw new TypeError('The model URL has credentials and there is an API key: give one.');
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return createOpenAICompatible({
    name: 'openai-compatible',
    baseURL: url.href,
    includeUsage: true,
    ...(apiKey === null ? {} : { apiKey }),
    ...(username === ''
      ? {}
      : { headers: { authorization: `Basic ${Buffer.from(login).toString('base64')}` } }),
  });
}
