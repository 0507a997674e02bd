import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../config.ts';
import type { Database } from '../db/client.ts';
import { type OpenThumbnail, openThumbnail } from '../domains/media-insights/media.ts';
import { ownerFor } from '../ground/ownership.ts';
import { HttpProblem, MethodNotAllowed } from '../http/body.ts';
import type { Hall } from '../http/hall.ts';
import type { Route } from '../http/server.ts';
import { THUMBNAIL_SIZES } from '../media/facts.ts';

export interface ThumbnailServices {
  readonly db: Database;
  readonly config: Pick<Config, 'dataDirectory'>;
}

const PREFIX = '/media';
/** Nothing else is a path of this door: what is in it goes into the name of a file. */
const PATH = new RegExp(`^${PREFIX}/(?<hash>[0-9a-f]{64})/(?<size>${THUMBNAIL_SIZES.join('|')})\\.webp$`);
/** About what a small GraphQL operation costs. */
const POINTS = 10;
/** Who was erased, or may see it no more, has it in a browser for a day at the most. */
const MAX_AGE_S = 86_400;

/** Small pictures of media: `/media/<hash of the content>/<longest side>.webp`, for those who may see the insight. */
export function thumbnailRoute({ services, hall }: { services: ThumbnailServices; hall: Hall }): Route {
  return {
    door: 'media',
    prefix: PREFIX,
    handle: async (request, response, correlationId) => {
      const { hash, size, userId } = asked(request);
      // An address can be put into a page of another site.
      hall.guarded(request, PREFIX, (guard) => guard.checkSimpleRequest(request));
      const cost = { rate: 'READ', points: POINTS } as const;
      const errand = { action: PREFIX, correlationId, needs: 'READ', cost } as const;
      const thumbnail = await hall.receive(request, errand, (principal) =>
        openThumbnail(services, ownerFor(principal, userId), hash, size),
      );
      try {
        await send(request, response, thumbnail, `"${hash}-${size}"`);
      } finally {
        await thumbnail.file.close();
      }
    },
  };
}

/** @throws HttpProblem 404, 405 */
function asked({ method, url = '/' }: IncomingMessage) {
  const [path = '', search = ''] = url.split(/\?(.*)/s, 2);
  const { hash = '', size } = PATH.exec(path)?.groups ?? {};
  const found = THUMBNAIL_SIZES.find((each) => String(each) === size);
  if (found === undefined) throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
  if (method !== 'GET' && method !== 'HEAD') throw new MethodNotAllowed('GET', 'HEAD');
  return { hash, size: found, userId: new URLSearchParams(search).get('userId') };
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { file, bytes }: OpenThumbnail,
  tag: string,
): Promise<void> {
  // What it shows is named by its hash: it never changes.
  response.setHeader('cache-control', `private, max-age=${MAX_AGE_S}, immutable`);
  response.setHeader('etag', tag);
  const varied = response.getHeader('vary');
  response.setHeader('vary', [...(varied ? [String(varied)] : []), 'authorization', 'x-api-key'].join(', '));
  if (isKnown(request.headers['if-none-match'], tag)) return void response.writeHead(304).end();
  response.writeHead(200, { 'content-type': 'image/webp', 'content-length': bytes });
  if (request.method === 'HEAD') return void response.end();
  await pipeline(file.createReadStream({ autoClose: false, end: Math.max(bytes - 1, 0) }), response);
}

/** RFC 9110: weak and strong tags are compared alike. */
function isKnown(header: string | undefined, tag: string): boolean {
  return (header ?? '').split(',').some((each) => {
    const value = each.trim();
    return value === '*' || value.replace(/^W\//, '') === tag;
  });
}
