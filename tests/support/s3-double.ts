import { createHash, createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Of all parts but the last. */
const LEAST_PART_BYTES = 5 * 2 ** 20;
const MOST_SKEW_MS = 900_000;

/**
 * What speaks the protocol of S3 as far as backups need it, in memory. It is as strict as S3: a signature must be right to the byte, of
 * its region and its time, and cover what was sent; parts have a least size; conditions count.
 */
export async function startS3Double(keyId: string, secret = 'secret', region = 'us-east-1') {
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
    const problem = unsigned(request, url, body, { keyId, secret, region });
    if (problem !== null) return answer(403, `<Error><Code>${problem}</Code><Message>no</Message></Error>`);
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
        if (parts.slice(0, -1).some(({ length }) => length < LEAST_PART_BYTES))
          return answer(400, '<Error><Code>EntityTooSmall</Code></Error>');
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
        const wanted = request.headers['if-match'];
        if (wanted !== undefined && wanted !== `"${hashOf(file)}"`)
          return answer(412, '<Error><Code>PreconditionFailed</Code></Error>');
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

interface Signer {
  readonly keyId: string;
  readonly secret: string;
  readonly region: string;
}

/** What is wrong with a signature (version 4, in the header), by the rules of S3; null: it is right. */
function unsigned(
  request: IncomingMessage,
  url: URL,
  body: Buffer,
  { keyId, secret, region }: Signer,
): string | null {
  const [, id, day, place, names = '', given] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    ) ?? [];
  if (id === undefined || day === undefined || given === undefined) return 'AccessDenied';
  if (id !== keyId) return 'InvalidAccessKeyId';
  if (place !== region) return 'AuthorizationHeaderMalformed';
  const at = String(request.headers['x-amz-date']);
  const time = Date.parse(at.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5'));
  if (!at.startsWith(day) || !(Math.abs(Date.now() - time) < MOST_SKEW_MS)) return 'RequestTimeTooSkewed';
  if (request.headers['x-amz-content-sha256'] !== hashOf(body)) return 'XAmzContentSHA256Mismatch';
  const signed = names.split(';');
  // All that says what is done must be covered.
  const owed = Object.keys(request.headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  if (owed.some((name) => !signed.includes(name))) return 'AccessDenied';
  const encode = (text: string) =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const headers = signed.map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const path = url.pathname.split('/').map((part) => encode(decodeURIComponent(part)));
  const canonical = [request.method, path.join('/'), query.join('&'), headers.join(''), names, hashOf(body)];
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', at, scope, hashOf(Buffer.from(canonical.join('\n')))].join('\n');
  const key = [day, region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (secretOf, part) => createHmac('sha256', secretOf).update(part).digest(),
    `AWS4${secret}`,
  );
  return createHmac('sha256', key).update(text).digest('hex') === given ? null : 'SignatureDoesNotMatch';
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
