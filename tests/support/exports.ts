import type { TestApp } from './harness.ts';

const EXPORT =
  'query ($after: String, $first: Int) { exportUser(after: $after, first: $first) { lines next } }';
const RESTORE = `mutation ($lines: [String!]!) {
  restoreUser(lines: $lines) { ... on RestoreUserSuccess { turns } ... on Error { message } } }`;

/** All lines of a user's export, in pages. */
export async function exportedLines(
  { graphql }: Pick<TestApp, 'graphql'>,
  user: string,
  first = 500,
): Promise<string[]> {
  const lines: string[] = [];
  for (let after: string | null = null; ; ) {
    const { data }: { data?: { exportUser: { lines: string[]; next: string | null } } } = await graphql(
      EXPORT,
      { after, first },
      user,
    );
    lines.push(...(data?.exportUser.lines ?? []));
    after = data?.exportUser.next ?? null;
    if (after === null) return lines;
  }
}

/** Takes lines of an export back, as a client does. @throws Error with what the server says */
export async function restored(
  { graphql }: Pick<TestApp, 'graphql'>,
  user: string,
  lines: readonly string[],
) {
  const { data, errors } = await graphql(RESTORE, { lines }, user);
  const problem = errors?.[0]?.message ?? data?.restoreUser?.message;
  if (problem !== undefined) throw new Error(problem);
}

/** Lines of an export that a server without any of them does not give again when it has taken all. */
export async function lostLines(
  app: Pick<TestApp, 'graphql'>,
  user: string,
  lines: readonly string[],
  restore: (lines: readonly string[]) => Promise<unknown> = (some) => restored(app, user, some),
): Promise<string[]> {
  await restore(lines);
  const again = await exportedLines(app, user);
  return lines.filter((line) => !again.includes(line));
}
