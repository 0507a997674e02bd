import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpProblem, MethodNotAllowed } from '../http/body.ts';
import type { Route } from '../http/server.ts';
import type { Logger } from '../log.ts';
import { createBuilding } from './building.ts';
import { type BuiltFile, type Coding, readBuiltFiles } from './files.ts';

export const DASHBOARD_PATH = '/dashboard';
const PAGE = 'index.html';
const ASSETS = 'assets/';
/** The page loads and asks this server only, runs no script and takes no style but its files, and nobody shows it in a frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Thumbnails are fetched with the caller's key, and shown from memory.
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The dashboard: static files that anybody who reaches the server may have. What they show is asked of the GraphQL door, with the key or
 * token that somebody types in; the page keeps it in its memory, and nothing is ever sent by itself.
 */
export function dashboardRoute({ log }: { log: Logger }): Route {
  const findBuilt = createBuilding(log);
  let read: Promise<ReadonlyMap<string, BuiltFile>> | null = null;
  const files = async () => {
    const directory = await findBuilt();
    read ??= readBuiltFiles(directory).catch((error: unknown) => {
      // Asked again, they may be there.
      read = null;
      log.error({ err: error, directory }, 'the files of the dashboard cannot be read');
      throw error;
    });
    return read;
  };
  return {
    door: 'dashboard',
    prefix: DASHBOARD_PATH,
    handle: async (request, response) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') throw new MethodNotAllowed('GET', 'HEAD');
      const path = (request.url ?? '').split('?', 1)[0]?.slice(DASHBOARD_PATH.length + 1) ?? '';
      const built = await files().catch(() => {
        throw notBuilt();
      });
      // Every other path is one of the page's own.
      const name = path.startsWith(ASSETS) ? path : PAGE;
      const file = built.get(name);
      if (!file) throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
      send(request, response, file, name !== PAGE);
    },
  };
}

function notBuilt(): HttpProblem {
  const words =
    'the dashboard could not be made; `npm run build` makes it where the development packages are installed (see the log)';
  return new HttpProblem(503, 'NOT_BUILT', words);
}

function send(request: IncomingMessage, response: ServerResponse, file: BuiltFile, isHashed: boolean): void {
  const coding = codingFor(request, file);
  const tag = `"${file.tag}-${coding}"`;
  const bytes = file.bytes[coding] ?? file.bytes.identity;
  response.setHeader('content-security-policy', POLICY);
  response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  response.setHeader('vary', 'accept-encoding');
  response.setHeader('etag', tag);
  if (request.headers['if-none-match'] === tag) return void response.writeHead(304).end();
  if (coding !== 'identity') response.setHeader('content-encoding', coding);
  response.writeHead(200, { 'content-type': file.type, 'content-length': bytes.length });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function codingFor({ headers }: IncomingMessage, { bytes }: BuiltFile): Coding {
  const asked = String(headers['accept-encoding'] ?? '')
    .split(',')
    .filter((each) => !/;\s*q=0(\.0*)?\s*$/.test(each))
    .map((each) => each.split(';', 1)[0]?.trim());
  return (['br', 'gzip'] as const).find((each) => bytes[each] && asked.includes(each)) ?? 'identity';
}
