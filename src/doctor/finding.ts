/** One thing that was looked at. */
export interface Finding {
  /** OK; WARNING: it works, with a danger; WRONG: the server does not start, or loses what it should keep. */
  readonly state: 'OK' | 'WARNING' | 'WRONG';
  /** What was looked at: a setting, or a word. */
  readonly about: string;
  /** What was seen, with its figure. */
  readonly seen: string;
  /** What to do, where something is to be done. */
  readonly advice?: string;
}

/** Looks at one thing. What it throws is a finding, too. */
export type Look = () => Promise<Finding | readonly Finding[]>;

/** Milliseconds that one look may take. */
const LOOK_MS = 15_000;

/** @param about what is said of a look that fails or never ends */
export async function looked(about: string, look: Look): Promise<readonly Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LOOK_MS / 1000} s`)), LOOK_MS);
  });
  try {
    return [await Promise.race([look(), late])].flat();
  } catch (error) {
    return [{ state: 'WRONG', about, seen: reasonOf(error as Error) }];
  } finally {
    clearTimeout(timer);
  }
}

/** With what lies behind it: `fetch failed` alone says nothing. */
function reasonOf(error: Error): string {
  const { code, message } = (error.cause ?? {}) as { code?: string; message?: string };
  const behind = message || code;
  const words = error.message || String(error);
  return behind === undefined ? words : `${words}: ${behind}`;
}
