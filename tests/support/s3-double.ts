import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What speaks the protocol of S3 as far as backups need it, in memory. */
export async function startS3Double(keyId: string) {
  const files = new Map<string, Buffer>();
  const uploads = new Map<string, { key: string; parts: Map<number, Buffer> }>();
  const seen: string[] = [];
  let trouble: ((request: IncomingMessage, response: ServerResponse) => boolean) | null = null;
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://double');
    const key = url.pathname.split('/').slice(2).join('/');
    const query = url.searchParams;
    seen.push(`${request.method} ${key}${query.has('partNumber') ? ` ${query.get('partNumber')}` : ''}`);
    if (trouble?.(request, response)) return;
    const body = await buffer(request).catch(() => null);
    // Whoever asked has gone.
    if (!body) return;
    const answer = (status: number, content: string | Buffer = '', headers = {}) =>
      response.writeHead(status, headers).end(content);
    const isSigned = request.headers.authorization?.startsWith(`AWS4-HMAC-SHA256 Credential=${keyId}/`);
    if (!isSigned || request.headers['x-amz-content-sha256'] !== hashOf(body))
      return answer(403, '<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>');
    const upload = uploads.get(query.get('uploadId') ?? '');
    switch (`${request.method} ${[...query.keys()].sort().join()}`) {
      case 'GET list-type,prefix':
      case 'GET continuation-token,list-type,prefix': {
        // Pages of two, so that there are more than one.
        const keys = [...files.keys()].filter((each) => each.startsWith(query.get('prefix') ?? '')).sort();
        const from = Number(query.get('continuation-token') ?? 0);
        const page = keys.slice(from, from + 2).map((each) => {
          return `<Contents><Key>${each}</Key><Size>${files.get(each)?.length}</Size></Contents>`;
        });
        const more = from + 2 < keys.length;
        const next = more ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : '';
        return answer(
          200,
          `<ListBucketResult><IsTruncated>${more}</IsTruncated>${page.join('')}${next}</ListBucketResult>`,
        );
      }
      case 'GET prefix,uploads':
        return answer(200, '<ListMultipartUploadsResult></ListMultipartUploadsResult>');
      case 'POST uploads': {
        const id = randomUUID();
        uploads.set(id, { key, parts: new Map() });
        return answer(
          200,
          `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
        );
      }
      case 'PUT partNumber,uploadId':
        upload?.parts.set(Number(query.get('partNumber')), body);
        return answer(upload ? 200 : 404, '', { etag: `"${hashOf(body)}"` });
      case 'POST uploadId': {
        const parts = [...(upload?.parts ?? [])].sort(([a], [b]) => a - b).map(([, part]) => part);
        const tags = Array.from(String(body).matchAll(/<ETag>"(\w+)"/g), ([, tag]) => tag);
        if (tags.join() !== parts.map(hashOf).join())
          return answer(200, '<Error><Code>InvalidPart</Code></Error>');
        files.set(key, Buffer.concat(parts));
        uploads.delete(query.get('uploadId') ?? '');
        return answer(200, '<CompleteMultipartUploadResult></CompleteMultipartUploadResult>');
      }
      case 'DELETE uploadId':
        uploads.delete(query.get('uploadId') ?? '');
        return answer(204);
      case 'PUT ':
        files.set(key, body);
        return answer(200, '', { etag: `"${hashOf(body)}"` });
      case 'DELETE ':
        files.delete(key);
        return answer(204);
      case 'GET ': {
        const file = files.get(key);
        if (!file) return answer(404, '<Error><Code>NoSuchKey</Code></Error>');
        const [, from = '0', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
        const piece = file.subarray(Number(from), Number(to) + 1);
        const range = { 'content-range': `bytes ${from}-${Number(from) + piece.length - 1}/${file.length}` };
        return answer(206, piece, { etag: `"${hashOf(file)}"`, ...range });
      }
      default:
        return answer(
          400,
          `<Error><Code>NotHere</Code><Message>${request.method} ${url.search}</Message></Error>`,
        );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files,
    uploads,
    /** Requests there were: method, key, number of the part. */
    seen,
    /** What becomes of requests; true: it was dealt with. Null: nothing special. */
    set trouble(next: typeof trouble) {
      trouble = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
