import { type GraphQLResult, ImportRefusedError, type Send } from './operations.ts';

const RESTORE = `mutation Restore($lines: [String!]!, $userId: String) {
  result: restoreUser(lines: $lines, userId: $userId) {
    ... on RestoreUserSuccess { turns replayed characters } ... on Error { code message }
  }
}`;
/** Of one request; the server takes 1 MiB and 500 lines. */
const MAX_BYTES = 700_000;
const MAX_LINES = 500;

/** What became of the lines of one request. */
export interface Restored {
  readonly turns: number;
  /** Turns that were there already. */
  readonly replayed: number;
  readonly characters: number;
}

/** Lines of an export, as many as go into one request. */
export class LineBatch {
  readonly lines: string[] = [];
  #bytes = 0;

  /** @returns whether it was taken; false: it needs another request. An empty batch takes any line. */
  add(line: string): boolean {
    // As it stands in the JSON of the request.
    const size = Buffer.byteLength(JSON.stringify(line)) + 1;
    if (this.lines.length > 0 && (this.lines.length >= MAX_LINES || this.#bytes + size > MAX_BYTES))
      return false;
    this.lines.push(line);
    this.#bytes += size;
    return true;
  }
}

/**
 * Sends lines of an export to the server that shall keep them.
 *
 * @param userId whose they are; null: the caller's own
 * @throws ImportRefusedError where the server takes none of them
 */
export async function restoreLines(
  send: Send,
  userId: string | null,
  lines: readonly string[],
): Promise<Restored> {
  const done = read<Restored & { code?: string; message?: string }>(
    await send({ query: RESTORE, variables: { lines, userId } }),
    'result',
  );
  if (done.code) throw new ImportRefusedError(done.code, done.message ?? '');
  return done;
}

const EXPORT = `query Export($userId: String, $after: String) { exportUser(userId: $userId, after: $after) { lines next } }`;

/** All lines of a user's export, page by page. @param userId null: the caller */
export async function* exportedLines(send: Send, userId: string | null): AsyncGenerator<string> {
  for (let after: string | null = null; ; ) {
    const page: { lines: string[]; next: string | null } = read(
      await send({ query: EXPORT, variables: { userId, after } }),
      'exportUser',
    );
    yield* page.lines;
    after = page.next;
    if (!after) return;
  }
}

/** A field of an answer. @throws ImportRefusedError for an error of the whole request */
export function read<T>({ data, errors }: GraphQLResult, field: string): T {
  const [error] = errors ?? [];
  if (error) throw new ImportRefusedError(String(error.extensions?.code ?? 'GRAPHQL_ERROR'), error.message);
  return data?.[field] as T;
}
