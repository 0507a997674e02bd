import { hearTime } from './clock.ts';
import type { Operation } from './operation.ts';
import { problemOf, ServerProblem } from './problem.ts';
import { credential, signOut } from './session.ts';

const PATIENCE_MS = 30_000;

/** Sends one query or mutation. @throws ServerProblem */
export async function ask<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  leaving?: AbortSignal,
): Promise<Data> {
  const late = AbortSignal.timeout(PATIENCE_MS);
  const isChange = operation.startsWith('mutation');
  let response: Response;
  try {
    response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...authorization() },
      body: JSON.stringify({ query: operation, variables }),
      signal: leaving ? AbortSignal.any([leaving, late]) : late,
    });
  } catch (error) {
    if (leaving?.aborted) throw error;
    const next = isChange ? ' Look whether it was done before you try again.' : '';
    throw new ServerProblem('NETWORK', `The server does not answer.${next}`);
  }
  hearTime(response);
  const answer = (await response.json().catch(() => null)) as Answer<Data> | null;
  if (response.status === 401) {
    signOut('The server does not know this key or token any more.');
    throw new ServerProblem('UNAUTHENTICATED', 'Sign in with a key or a token.');
  }
  if (answer?.errors?.length) throw problemOf(answer.errors, isChange);
  if (!answer?.data)
    throw new ServerProblem('NETWORK', `Something before the server answered with HTTP ${response.status}.`);
  return answer.data;
}

/** What shows the server who is asking; nothing where nobody has to. */
export function authorization(): Record<string, string> {
  return credential.value === null ? {} : { authorization: `Bearer ${credential.value}` };
}

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}
