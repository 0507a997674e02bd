import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One way in which the sources answer with a code. */
export interface Answered {
  readonly code: string;
  /** Over HTTP; null: it is said elsewhere, or no door answers with it as a whole. */
  readonly status: number | null;
  /** Null: it depends on what else is known. */
  readonly retryable: boolean | null;
  readonly at: string;
}

const CLASS = /class \w+ extends (?:EchoError|BadField) \{[\s\S]*?\n\}/g;
const PROBLEM = /new HttpProblem\(\s*(\d{3}),\s*'([A-Z_]+)',((?:[^()]|\([^()]*\))*)\)/g;
const PLAIN = /\bcode: '([A-Z_]{4,})'([^\n]*)/g;

/** Every code that the sources of the server answer with, as they are written. */
export async function answeredCodes(root: string): Promise<Answered[]> {
  const found: Answered[] = [];
  for await (const file of glob('src/**/*.ts', { cwd: root }))
    found.push(...codesIn(await readFile(join(root, file), 'utf8'), file));
  return found;
}

/** @param at what the text is called */
export function codesIn(source: string, at: string): Answered[] {
  const classes = [...source.matchAll(CLASS)].flatMap(([text]) => {
    const code = /\bcode(?:: string)? = '([A-Z_]+)'/.exec(text)?.[1];
    const status = /httpStatus(?:: number)? = (\d{3})/.exec(text)?.[1];
    const isField = text.includes('extends BadField');
    const retryable = text.includes('retryable = true');
    return code ? [{ code, status: Number(status ?? (isField ? 400 : 503)), retryable, at }] : [];
  });
  const problems = [...source.matchAll(PROBLEM)].map(([, status, code = '', rest = '']) => ({
    ...{ code, status: Number(status), at },
    retryable: /\bRETRY_MS\b/.test(rest),
  }));
  const plain = [...source.matchAll(PLAIN)].map(([, code = '', rest = '']) => ({
    ...{ code, at },
    status: Number(/(?:httpStatus|status): (\d{3})/.exec(rest)?.[1]) || null,
    retryable: /retryable: true/.test(rest) ? true : /retryable: false/.test(rest) ? false : null,
  }));
  return [...classes, ...problems, ...plain];
}
