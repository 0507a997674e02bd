import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { thumbnailFolder, thumbnailPath } from '../src/domains/media-insights/thumbnails.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { hashNamed, storeInsight } from './support/media.ts';

const PICTURE = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 251));
const hash = hashNamed('x');
const path = `/media/${hash}/256.webp`;

async function makeThumbnails(app: TestApp, userId: string, name: string) {
  const owner = { tenantId: 'default', userId };
  await storeInsight(app, userId, name);
  await mkdir(thumbnailFolder(app.directory, owner), { recursive: true });
  for (const size of [256, 1024] as const)
    await writeFile(
      thumbnailPath(app.directory, owner, hashNamed(name), size),
      size === 256 ? PICTURE : 'large',
    );
}

/** As it is written: `fetch` would tidy the path up. */
function raw(app: TestApp, target: string, method = 'GET', headers: Record<string, string> = {}) {
  const { hostname, port } = new URL(app.url);
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
    (resolve, reject) => {
      const sent = request({ hostname, port, path: target, method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      });
      sent.on('error', reject);
      sent.end();
    },
  );
}
const codeOf = ({ body }: { body: Buffer }) => JSON.parse(body.toString()).errors[0].extensions.code;

describe('a thumbnail', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
    await makeThumbnails(app, 'ada', 'x');
    await storeInsight(app, 'ada', 'without');
  });
  afterAll(() => app.close());
  const as = (user: string, headers: Record<string, string> = {}) => ({ 'x-test-user': user, ...headers });

  test('is the bytes of its file, which a browser may keep for its user', async () => {
    const { status, headers, body } = await raw(app, path, 'GET', as('ada'));
    expect(status).toBe(200);
    expect(body.equals(PICTURE)).toBe(true);
    expect(headers).toMatchObject({
      ...{ 'content-type': 'image/webp', 'content-length': '70000', etag: `"${hash}-256"` },
      'cache-control': 'private, max-age=86400, immutable',
      ...{ 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' },
      vary: 'authorization, x-api-key',
    });
    const large = await raw(app, `/media/${hash}/1024.webp`, 'GET', as('ada'));
    expect([large.body.toString(), large.headers.etag]).toEqual(['large', `"${hash}-1024"`]);
  });

  test('has a head, and is not sent to who has it', async () => {
    const head = await raw(app, path, 'HEAD', as('ada'));
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '70000', 0]);
    for (const tag of [`"${hash}-256"`, `W/"${hash}-256"`, `"a", "${hash}-256"`, '*']) {
      const answer = await raw(app, path, 'GET', as('ada', { 'if-none-match': tag }));
      expect([tag, answer.status, answer.body.length, answer.headers.etag]).toEqual([
        tag,
        304,
        0,
        `"${hash}-256"`,
      ]);
    }
    for (const tag of [`"${hash}-1024"`, '"x"', hash])
      expect((await raw(app, path, 'GET', as('ada', { 'if-none-match': tag }))).status).toBe(200);
    // Not even that is said to others.
    expect((await raw(app, path, 'GET', as('ben', { 'if-none-match': '*' }))).status).toBe(404);
  });

  test('of somebody else is one that does not exist', async () => {
    const told = async (target: string, user?: string) => {
      const answer = await raw(app, target, 'GET', user ? as(user) : {});
      return { status: answer.status, body: answer.body.toString(), cached: answer.headers['cache-control'] };
    };
    const missing = await told(`/media/${hashNamed('none')}/256.webp`, 'ben');
    expect(missing).toMatchObject({ status: 404, cached: 'no-store' });
    expect(await told(path, 'ben')).toEqual(missing);
    expect(await told(`/media/${hashNamed('without')}/256.webp`, 'ada')).toEqual(missing);
    expect((await told(path, '@other:root')).status).toBe(404);
    // Who may act for others says for whom.
    expect((await told(path)).status).toBe(404);
    expect((await told(`${path}?userId=ada`)).status).toBe(200);
    expect((await told(`${path}?userId=ada`, '@other:root')).status).toBe(404);
    expect((await told(`${path}?userId=ada`, 'ben')).status).toBe(403);
    expect((await told(`${path}?userId=ada`, 'ada')).status).toBe(200);
    const { data } = await app.graphql(
      '{ mediaInsights(filter: { userId: "ada", text: "x" }) { nodes { thumbnailUrl } } }',
    );
    expect(data.mediaInsights.nodes).toEqual([{ thumbnailUrl: `${path}?userId=ada` }]);
  });

  test.each([
    '/media',
    '/media/',
    `/media/${hash}`,
    `/media/${hash}/`,
    `/media/${hash}/256`,
    `/media/${hash}/512.webp`,
    `/media/${hash}/256.webp/`,
    `/media/${hash}/256.webp%00`,
    `/media/${hash}/256.png`,
    `/media/${hash.toUpperCase()}/256.webp`,
    `/media/${hash.slice(1)}/256.webp`,
    `/media/${hash}0/256.webp`,
    `/media/../media/${hash}/256.webp`,
    `/media//${hash}/256.webp`,
    `/media/%2e%2e/${hash}/256.webp`,
    `/media/..%2f..%2fjournal.db/256.webp`,
    '/media/../../../../etc/passwd',
    `/media/${encodeURIComponent('../'.repeat(8))}etc/passwd`,
    `/media/${hash}\\..\\..\\journal.db/256.webp`,
  ])('is at no other path: %s', async (target) => {
    const answer = await raw(app, target, 'GET', as('ada'));
    expect([answer.status, codeOf(answer)]).toEqual([404, 'NOT_FOUND']);
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('is only read: %s', async (method) => {
    const answer = await raw(app, path, method, as('ada'));
    expect([answer.status, codeOf(answer)]).toEqual([405, 'METHOD_NOT_ALLOWED']);
  });

  test('is not shown in pages of other sites', async () => {
    const from = (site: string) =>
      raw(app, path, 'GET', as('ada', { 'sec-fetch-site': site, 'sec-fetch-dest': 'image' }));
    expect((await from('same-origin')).status).toBe(200);
    expect((await from('none')).status).toBe(200);
    expect((await from('cross-site')).status).toBe(403);
    expect((await raw(app, path, 'GET', as('ada', { origin: 'https://elsewhere.example' }))).status).toBe(
      403,
    );
    expect((await raw(app, path, 'GET', { host: 'elsewhere.example' })).status).toBe(403);
  });

  test('is opened after one statement', async () => {
    app.statements.length = 0;
    await raw(app, path, 'GET', as('ada'));
    expect(app.statements.filter((name) => name.startsWith('media'))).toEqual(['media_by_hash']);
  });
});

test('with access control on, who shows nothing gets nothing, and that is told', async () => {
  const key = 'key-of-the-operator';
  const app = await startTestApp({ realAccess: true, env: { API_KEY: key, RATE_LIMIT_READS: '1000' } });
  try {
    const { data } = await (
      await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': key },
        body: JSON.stringify({
          query: `mutation { ada: createApiKey(input: { name: "a", userId: "ada" }) { ... on CreateApiKeySuccess { key } }
            writer: createApiKey(input: { name: "w", userId: "ada", permissions: [WRITE] }) { ... on CreateApiKeySuccess { key } } }`,
        }),
      })
    ).json();
    await makeThumbnails(app, 'ada', 'x');
    const ask = (headers: Record<string, string>, target = path) => raw(app, target, 'GET', headers);
    const nobody = await ask({});
    expect([nobody.status, codeOf(nobody), nobody.headers['www-authenticate']]).toEqual([
      401,
      'UNAUTHENTICATED',
      'Bearer',
    ]);
    expect((await ask({ 'x-api-key': 'echo_wrong' })).status).toBe(401);
    expect((await ask({ 'x-api-key': data.ada.key })).status).toBe(200);
    expect((await ask({ authorization: `Bearer ${data.ada.key}` })).status).toBe(200);
    expect((await ask({ 'x-api-key': data.writer.key })).status).toBe(403);
    expect((await ask({ 'x-api-key': key }, `${path}?userId=ada`)).status).toBe(200);
    expect((await ask({ 'x-api-key': data.ada.key }, `${path}?userId=ben`)).status).toBe(403);
    await app.app.services.audit.flush();
    const refused = await app.sql<{ result: string }>(
      "select distinct result from echo_audit_log where action = '/media' order by 1",
    );
    expect(refused.map(({ result }) => result)).toEqual(['FORBIDDEN', 'UNAUTHENTICATED']);
    // It counts as reading, against the limit of its user.
    const answers: number[] = [];
    for (let round = 0; round < 110 && !answers.includes(429); round++)
      answers.push((await ask({ 'x-api-key': data.ada.key })).status);
    expect(answers.at(-1)).toBe(429);
  } finally {
    await app.close();
  }
});
