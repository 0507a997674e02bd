/** Fetches the public keys (a JWK set) that tokens are checked with. @throws if they can't be had */
export async function fetchPublicKeys(url: string, fetch: typeof globalThis.fetch): Promise<unknown> {
  const response = await fetch(url, { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  return response.json();
}
