/** An endpoint that speaks the OpenAI protocol. */
export interface ProviderOptions {
  /** Usually ends in `/v1`. Credentials in it are sent as basic authentication. */
  baseUrl: string;
  /** Asked before each request, because keys are replaced while the server runs. */
  apiKey: () => string | null;
  fetch: typeof globalThis.fetch;
}

/**
 * The address without its credentials, and a `fetch` that shows them, or the key. Credentials in the URL go before
 * the key: only one can be sent.
 */
export function connectionTo({ baseUrl, apiKey, fetch }: ProviderOptions): {
  url: URL;
  fetch: typeof globalThis.fetch;
} {
  const url = new URL(baseUrl);
  const { username, password } = url;
  // `fetch` throws on a URL with credentials, and its message quotes them.
  url.username = '';
  url.password = '';
  const hasLogin = username !== '' || password !== '';
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = () => {
    if (hasLogin) return `Basic ${Buffer.from(login).toString('base64')}`;
    const key = apiKey();
    return key === null ? null : `Bearer ${key}`;
  };
  return {
    url,
    fetch: (input, init) => {
      const headers = new Headers(init?.headers);
      const shown = authorization();
      if (shown !== null) headers.set('authorization', shown);
      return fetch(input, { ...init, headers });
    },
  };
}
