/**
 * The result of a promise, or an error when it takes too long. The work itself goes on.
 *
 * @throws DeadlineExceeded
 */
export async function within<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded(message)), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** Whether an error says that there is no working connection, rather than that the server refused something. */
export function isConnectionError(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (error instanceof DeadlineExceeded) return true;
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return true;
  return typeof message === 'string' && /connection|timeout|Client was closed|not queryable/i.test(message);
}
