import { addRoute, createRouter, findRoute } from 'rou3';
import { HttpProblem, MethodNotAllowed } from '../http/body.ts';
import type { Row } from './row.ts';
import { ROWS } from './rows.ts';

const METHODS = ['GET', 'POST', 'DELETE'] as const;

/** What monitors ask for without wanting to read it. */
const PROBED: ReadonlySet<string> = new Set(['/health', '/api/echo/health']);

const router = createRouter<{ row: Row; address: string }>();
for (const row of ROWS)
  for (const address of row.at)
    addRoute(router, row.method, address.replaceAll(/\{(\w+)\}/g, ':$1'), { row, address });

export interface Found {
  readonly row: Row;
  /** As the row names it; for the audit log, since what stands in its place may be a person's. */
  readonly address: string;
  readonly path: Readonly<Record<string, string>>;
}

/** @throws HttpProblem 400, 404, 405 */
export function rowAt(method: string, pathname: string): Found {
  // Monitors of uptime ask so; Node leaves out the body.
  const asked = method === 'HEAD' && PROBED.has(pathname) ? 'GET' : method;
  const found = findRoute(router, asked, pathname);
  if (found) return { ...found.data, path: decoded(found.params ?? {}) };
  const others = METHODS.filter((each) => findRoute(router, each, pathname));
  if (others.length === 0) throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
  throw new MethodNotAllowed(...others);
}

function decoded(parameters: Readonly<Record<string, string | undefined>>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, decodeURIComponent(value ?? '')]),
    );
  } catch {
    throw new HttpProblem(400, 'BAD_REQUEST', 'the path is not valid percent-encoding');
  }
}
