import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { Outbound, type OutboundOptions } from '../src/outbound/outbound.ts';
import { startTestApp } from './support/harness.ts';
import { startOpenAiServer } from './support/openai-server.ts';

const LIMITS = { timeoutMs: 60_000, maxBytes: 100_000 };
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server on loopback. @returns its port and what it was asked */
async function serve(answer: RequestListener) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

function outbound(allowed: string[] = [], lookUp?: OutboundOptions['lookUp']) {
  const made = new Outbound({ allowed, ...(lookUp && { lookUp }) });
  closing.push(() => made.close());
  return made;
}

/** Names that stand for these addresses; a list of lists is taken one by one. */
function names(...answers: string[][]): { lookUp: NonNullable<OutboundOptions['lookUp']>; asked: string[] } {
  const asked: string[] = [];
  const lookUp = (hostname: string, _options: object, done: (error: null, all: object[]) => void) => {
    asked.push(hostname);
    const now = answers[Math.min(asked.length, answers.length) - 1] ?? [];
    setImmediate(() =>
      done(
        null,
        now.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    );
  };
  return { lookUp: lookUp as unknown as NonNullable<OutboundOptions['lookUp']>, asked };
}

describe('an address that somebody saved', () => {
  const forbidden = [
    'http://127.0.0.1/',
    'http://127.8.9.1/',
    'http://0/',
    'http://0.0.0.0/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://198.18.0.1/',
    'http://192.0.2.1/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://[fd00::1]/',
    'http://[fe80::1]/',
    'http://[fec0::1]/',
    'http://[ff02::1]/',
    'http://localhost/',
    'http://localhost./',
    'http://LOCALHOST:80/',
    'http://any.localhost/',
    'file:///etc/passwd',
    'gopher://example.org/',
    'ftp://example.org/',
    'javascript:alert(1)',
    'http://user:secret@93.184.215.14/',
    'http://user@93.184.215.14/',
    'http://93.184.215.14:22/',
    'http://93.184.215.14:6379/',
    'http://[2606:2800:21f:cb07::1]:25/',
    'no url at all',
    '',
  ];

  test.each(forbidden)('is refused when it is saved and when it is called: %s', async (url) => {
    const refusal = expect.objectContaining({ code: 'URL_FORBIDDEN' });
    await expect(outbound().check(url)).rejects.toEqual(refusal);
    await expect(outbound().fetcher(LIMITS)(url)).rejects.toEqual(refusal);
  });

  test.each([
    'http://93.184.215.14/',
    'https://93.184.215.14/a?b=c',
    'https://93.184.215.14:8443/',
    'http://[2606:2800:21f:cb07::1]/',
  ])('passes: %s', async (url) => {
    await expect(outbound().check(url)).resolves.toBeUndefined();
  });

  test.each([
    ['a private address', ['10.0.0.5']],
    ['one private address among public ones', ['93.184.215.14', '127.0.0.1']],
    ['a mapped one', ['::ffff:10.0.0.5']],
    ['the metadata service', ['169.254.169.254']],
  ])('is refused if its name stands for %s', async (_what, answers) => {
    const { lookUp } = names(answers);
    const refusal = expect.objectContaining({ code: 'URL_FORBIDDEN' });
    await expect(outbound([], lookUp).check('http://inside.example/')).rejects.toEqual(refusal);
    await expect(outbound([], lookUp).fetcher(LIMITS)('http://inside.example/')).rejects.toEqual(refusal);
  });

  test('is refused when its name stands for another address than when it was saved', async () => {
    const { lookUp, asked } = names(['93.184.215.14'], ['127.0.0.1']);
    const client = outbound([], lookUp);
    await expect(client.check('http://rebinding.example/')).resolves.toBeUndefined();
    await expect(client.fetcher(LIMITS)('http://rebinding.example/')).rejects.toMatchObject({
      code: 'URL_FORBIDDEN',
    });
    expect(asked).toHaveLength(2);
  });

  test('is called at the very address that was looked at', async () => {
    const { port, asked } = await serve((_request, response) => response.end('here'));
    const resolver = names(['127.0.0.1'], ['127.0.0.2']);
    const response = await outbound(['127.0.0.1/32'], resolver.lookUp).fetcher(LIMITS)(
      `http://pinned.example:${port}/x`,
    );
    expect(await response.text()).toBe('here');
    expect(resolver.asked).toEqual(['pinned.example']);
    expect(asked[0]?.headers.host).toBe(`pinned.example:${port}`);
  });

  test('passes within what is allowed, and only there', async () => {
    const { port } = await serve((_request, response) => response.end('here'));
    const client = outbound(['127.0.0.0/30']);
    await expect(client.check(`http://127.0.0.1:${port}/`)).resolves.toBeUndefined();
    expect(await (await client.fetcher(LIMITS)(`http://127.0.0.1:${port}/`)).text()).toBe('here');
    await expect(client.check('http://127.0.0.9/')).rejects.toMatchObject({ code: 'URL_FORBIDDEN' });
    await expect(client.check('http://[::1]/')).rejects.toMatchObject({ code: 'URL_FORBIDDEN' });
  });
});

describe('an address that the operator named', () => {
  test('may be private, but no other host or port is reached with it', async () => {
    const { port } = await serve((_request, response) => response.end('here'));
    const { port: other, asked } = await serve((_request, response) => response.end('there'));
    const call = outbound().fetcherTo(`http://127.0.0.1:${port}/v1`, LIMITS);
    expect(await (await call(`http://127.0.0.1:${port}/v1/models`)).text()).toBe('here');
    await expect(call(`http://127.0.0.1:${other}/v1/models`)).rejects.toMatchObject({
      code: 'URL_FORBIDDEN',
    });
    expect(asked).toEqual([]);
  });

  test.each([['169.254.169.254'], ['224.0.0.1'], ['0.0.0.0']])(
    'is refused if its name stands for %s',
    async (address) => {
      const { lookUp } = names([address]);
      await expect(
        outbound([], lookUp).fetcherTo('http://models.example:8000/', LIMITS)('http://models.example:8000/'),
      ).rejects.toMatchObject({ code: 'URL_FORBIDDEN' });
    },
  );

  test.each([
    'http://169.254.169.254/',
    'http://[fd00:ec2::254]/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://[::ffff:169.254.169.254]/',
    'http://224.0.0.1/',
  ])('is refused where clouds tell secrets, and where nobody listens: %s', async (url) => {
    await expect(outbound().fetcherTo(url, LIMITS)(url)).rejects.toMatchObject({ code: 'URL_FORBIDDEN' });
    await expect(outbound().check(url)).rejects.toMatchObject({ code: 'URL_FORBIDDEN' });
  });

  test('may be written as this machine', async () => {
    const { port } = await serve((_request, response) => response.end('here'));
    const url = `http://0.0.0.0:${port}/`;
    expect(await (await outbound().fetcherTo(url, LIMITS)(url)).text()).toBe('here');
  });

  test('may be private behind a name', async () => {
    const { port } = await serve((_request, response) => response.end('here'));
    const { lookUp } = names(['127.0.0.1']);
    const url = `http://ollama.internal:${port}/`;
    expect(await (await outbound([], lookUp).fetcherTo(url, LIMITS)(url)).text()).toBe('here');
  });
});

describe('an answer', () => {
  test('that leads elsewhere is not followed', async () => {
    const inside = await serve((_request, response) => response.end('secret'));
    const { port } = await serve((_request, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${inside.port}/` }).end(),
    );
    const url = `http://127.0.0.1:${port}/`;
    for (const call of [outbound(['127.0.0.1']).fetcher(LIMITS), outbound().fetcherTo(url, LIMITS)])
      expect((await call(url)).status).toBe(302);
    expect(inside.asked).toEqual([]);
  });

  test('that comes too slowly is cut off', async () => {
    const { port } = await serve((_request, response) => {
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    const url = `http://127.0.0.1:${port}/`;
    const call = outbound().fetcherTo(url, { timeoutMs: 300, maxBytes: 100_000 });
    await expect(call(url).then((response) => response.text())).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });

  test('whose headers never come is cut off', async () => {
    const { port } = await serve(() => undefined);
    const url = `http://127.0.0.1:${port}/`;
    await expect(outbound().fetcherTo(url, { timeoutMs: 300, maxBytes: 100_000 })(url)).rejects.toMatchObject(
      { name: 'TimeoutError' },
    );
  });

  test('that does not end is cut off, and its sender hears of it', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(65_536, 'x');
    const closed = Promise.withResolvers<void>();
    const { port } = await serve((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on('drain', more).on('close', () => closed.resolve());
      more();
    });
    const url = `http://127.0.0.1:${port}/`;
    const response = await outbound().fetcherTo(url, LIMITS)(url);
    await expect(response.text()).rejects.toThrow('larger than 100000 bytes');
    await closed.promise;
    expect(sent).toBeLessThan(50_000_000);
  });

  test.each(['leaves', 'is silent'])(
    'that is compressed many times over harms nobody, if its sender %s then',
    async (what) => {
      const { port } = await serve((_request, response) => {
        response.writeHead(200, { 'content-encoding': 'a, b, c, d, e, f' }).write('x');
        if (what === 'leaves') setTimeout(() => response.destroy(), 100);
      });
      const url = `http://127.0.0.1:${port}/`;
      const errors: unknown[] = [];
      const note = (error: unknown) => void errors.push(error);
      process.on('uncaughtException', note).on('unhandledRejection', note);
      const call = outbound().fetcherTo(url, { timeoutMs: 400, maxBytes: 1_000 });
      await expect(call(url).then((response) => response.text())).rejects.toThrow();
      await new Promise((resolve) => setTimeout(resolve, 800));
      process.off('uncaughtException', note).off('unhandledRejection', note);
      expect(errors).toEqual([]);
    },
  );

  test('that unpacks to more than the limit is cut off', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const { port } = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    const url = `http://127.0.0.1:${port}/`;
    const response = await outbound().fetcherTo(url, LIMITS)(url);
    expect(bomb.length).toBeLessThan(LIMITS.maxBytes);
    await expect(response.text()).rejects.toThrow('larger than 100000 bytes');
  });
});

describe('a language model', () => {
  test('that leads elsewhere gets no further request, and the turn is kept', async () => {
    const inside = await startOpenAiServer();
    closing.push(() => inside.close());
    const provider = await serve((_request, response) =>
      response.writeHead(307, { location: `${inside.url}/chat/completions` }).end(),
    );
    const app = await startTestApp({
      env: { LLM_BASE_URL: `http://127.0.0.1:${provider.port}/v1`, LLM_MODELS: 'quick=small' },
    });
    closing.push(() => app.close());
    const { data } = await app.graphql(
      'mutation { processQuery(input: { query: "What is love?" }) { ... on ProcessQuerySuccess { durability interaction { modelUsed } } } }',
    );
    expect(data.processQuery).toEqual({
      durability: 'COMMITTED',
      interaction: { modelUsed: 'builtin_answerer' },
    });
    // Beside the health check's look at its models, which is not led elsewhere either.
    expect(provider.asked.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect(inside.requests).toEqual([]);
  });
});

describe('the webhook of alerts', () => {
  const KEY = Buffer.from('a secret of two dozen characters');

  test.each([
    ['http://127.0.0.1:9000/hook', 'not a public address'],
    ['http://localhost/hook', 'not a public address'],
    ['http://user:pw@93.184.215.14/', 'user name or password'],
    ['http://93.184.215.14:22/', 'port 22'],
  ])('keeps the server from starting at %s', async (url, why) => {
    const started = startTestApp({ env: { ALERT_WEBHOOK_URL: url } });
    await expect(started).rejects.toThrow(/^ALERT_WEBHOOK_URL: URL_FORBIDDEN: /);
    await expect(started).rejects.toThrow(why);
  });

  test('is told of a danger, signed, and again until it has heard', async () => {
    const bodies: string[] = [];
    const receiver = await serve((request, response) => {
      void text(request).then((body) => {
        bodies.push(body);
        response.writeHead(bodies.length < 3 ? 503 : 204).end();
      });
    });
    const app = await startTestApp({
      env: {
        // Nobody is there: a danger from the first second on.
        QDRANT_URL: 'http://127.0.0.1:1',
        OUTBOUND_ALLOW: '127.0.0.1',
        ALERT_WEBHOOK_URL: `http://127.0.0.1:${receiver.port}/hook`,
        ALERT_WEBHOOK_SECRET: `whsec_${KEY.toString('base64')}`,
      },
    });
    closing.push(() => app.close());
    await app.graphql('mutation { processQuery(input: { query: "Hello" }) { __typename } }');
    await expect.poll(() => bodies).toHaveLength(3);
    expect(new Set(bodies).size).toBe(1);
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({
      type: 'alert.raised',
      data: { name: 'vectors_degraded', severity: 'WARNING', state: 'RAISED' },
    });
    const ids = receiver.asked.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(1);
    for (const { headers } of receiver.asked) {
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${bodies[0]}`;
      expect(headers['webhook-signature']).toBe(
        `v1,${createHmac('sha256', KEY).update(signed).digest('base64')}`,
      );
      expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(60);
    }
  });
});
