import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GraphQLType, getNamedType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { wholeSchema } from '../src/lists/schema.ts';
import { type Answered, answeredCodes, codesIn } from './support/error-codes.ts';
import { startTestApp } from './support/harness.ts';
import { connectMcp, refusalOf } from './support/mcp.ts';

const schema = wholeSchema();

const ROOT = join(import.meta.dirname, '..');
const textOf = (path: string) => readFile(join(ROOT, path), 'utf8');

/** The rows of a table of a page, by their first cell. */
async function tableOf(page: string, first: RegExp): Promise<Map<string, string[]>> {
  const rows = (await textOf(page)).split('\n').filter((line) => first.test(line));
  return new Map(
    rows.map((row) => {
      const [name = '', ...cells] = row
        .slice(2, -2)
        .split(' | ')
        .map((cell) => cell.trim());
      return [name.replaceAll('`', ''), cells] as const;
    }),
  );
}

describe('codes of errors', () => {
  /** What a door adds of itself: GraphQL answers so with a status of its own. */
  const SAID_ELSEWHERE = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED'];
  const AGAIN = new Map([
    [true, 'yes'],
    [false, 'no'],
  ]);

  const byCode = async () => Map.groupBy(await answeredCodes(ROOT), ({ code }) => code);
  const listed = () => tableOf('docs/errors.md', /^\| `[A-Z_]+` \| (\d{3}|–) \|/);

  test('are all in the list of the docs, which has no others', async () => {
    const answered = [...(await byCode()).keys(), ...SAID_ELSEWHERE].toSorted();
    expect(answered.length).toBeGreaterThan(45);
    expect([...(await listed()).keys()].toSorted()).toEqual(answered);
  });

  test('have the status of the list, and its answer to whether to try again, wherever they are said', async () => {
    const table = await listed();
    const different = ([code, uses]: [string, Answered[]]) => {
      const [status = '', again = ''] = table.get(code) ?? [];
      return uses.flatMap((use) => [
        // Where the list has none, no door answers with it alone.
        ...(use.status === null || status === '–' || Number(status) === use.status
          ? []
          : [`${code} is ${use.status} in ${use.at}, and ${status} in the list`]),
        ...(use.retryable === null || again.startsWith('`') || AGAIN.get(use.retryable) === again
          ? []
          : [`${code} is retryable: ${use.retryable} in ${use.at}, and "${again}" in the list`]),
      ]);
    };
    expect([...(await byCode())].flatMap(different)).toEqual([]);
  });

  test('are found however they are written', () => {
    const source = `export class A extends EchoError {
  readonly code = 'AN_ERROR';
  override readonly httpStatus = 409;
  override readonly retryable = true;
}
throw new HttpProblem(
  413, 'TOO_LONG', \`at most \${n(1)}\`, RETRY_MS);
const KIND = { code: 'KIND_OF', httpStatus: 400, retryable: false };`;
    expect(codesIn(source, 'x')).toEqual([
      { code: 'AN_ERROR', status: 409, retryable: true, at: 'x' },
      { code: 'TOO_LONG', status: 413, retryable: true, at: 'x' },
      { code: 'KIND_OF', status: 400, retryable: false, at: 'x' },
    ]);
  });

  test('are the same at every door, for the same failure', async () => {
    const key = 'a-key-of-the-operator-of-32-letters';
    const app = await startTestApp({ realAccess: true, env: { API_KEY: key, CANARY_INTERVAL_MS: '0' } });
    onTestFinished(() => app.close());
    const table = await listed();
    const headers = { 'x-api-key': key };
    const models = (await (await fetch(`${app.url}/v1/models`, { headers })).json()) as {
      data: { id: string }[];
    };
    const json = { 'content-type': 'application/json', 'x-api-key': key };
    const send = async (path: string, body: unknown, headers: Record<string, string> = json) => {
      const sent = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await fetch(`${app.url}${path}`, { method: 'POST', headers, body: sent });
      const text = await response.text();
      const said = JSON.parse(text) as Record<string, never>;
      const [typed] = Object.values((said.data ?? {}) as Record<string, { code?: string }>);
      const {
        errors,
        error,
        error_code: older,
      } = said as Record<string, never> as {
        errors?: [{ message: string; extensions: { code: string; retryable: boolean } }];
        error?: { code: string; data?: { code: string } };
        error_code?: string;
      };
      const code = older ?? error?.data?.code ?? error?.code ?? errors?.[0].extensions.code ?? typed?.code;
      return { status: response.status, code, retryable: errors?.[0].extensions.retryable };
    };
    /** In the names of the list. */
    const CALLED: Record<string, string> = {
      VALIDATION_ERROR: 'BAD_USER_INPUT',
      invalid_api_key: 'UNAUTHENTICATED',
      invalid_value: 'INVALID_VALUE',
    };
    const DOORS = ['/graphql', '/api/echo/query', '/v1/chat/completions', '/mcp', '/no-such-door'];
    const refusals: [string, string, Promise<{ status: number; code: unknown; retryable?: unknown }>][] = [
      ...DOORS.slice(0, 4).flatMap((door): typeof refusals => [
        ['UNAUTHENTICATED', door, send(door, {}, { 'content-type': 'application/json' })],
        ['BAD_REQUEST', door, send(door, '{', json)],
        ['UNSUPPORTED_MEDIA_TYPE', door, send(door, '{}', { ...json, 'content-type': 'text/plain' })],
      ]),
      ['NOT_FOUND', '/no-such-door', send('/no-such-door', {})],
      ['NOT_FOUND', '/api/echo/none', send('/api/echo/none', {})],
      ['NOT_FOUND', '/v1/none', send('/v1/none', {})],
      ['NOT_FOUND', '/mcp/none', send('/mcp/none', {})],
      ['METHOD_NOT_ALLOWED', '/v1/models', send('/v1/models', {})],
      ['METHOD_NOT_ALLOWED', '/api/echo/goals', send('/api/echo/goals', {})],
      ['BAD_USER_INPUT', '/api/echo/query', send('/api/echo/query', { query: '' })],
      ['INVALID_VALUE', '/v1', send('/v1/chat/completions', { model: models.data[0]?.id, messages: 7 })],
    ];
    const seen = await Promise.all(
      refusals.map(async ([code, door, answer]) => {
        const { status, code: said, retryable = false } = await answer;
        const shown = String(said);
        return [door, CALLED[shown] ?? shown.toUpperCase(), status, retryable, code] as const;
      }),
    );
    expect(seen.map((each) => each.slice(0, 4))).toEqual(
      seen.map(([door, , , , code]) => [door, code, Number(table.get(code)?.[0]), false]),
    );
    // A mutation's own, and a tool's: the answer itself is one.
    const asked =
      'mutation { processQuery(input: { query: "" }) { ... on InvalidInputError { code field retryable } } }';
    const typed = await (
      await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ query: asked }),
      })
    ).json();
    expect(typed).toEqual({
      data: { processQuery: { code: 'BAD_USER_INPUT', field: 'query', retryable: false } },
    });
    const client = await connectMcp(app.url, { 'x-api-key': key });
    onTestFinished(() => client.close());
    expect(await refusalOf(client, 'search_memory', { query: '' })).toMatch(/^BAD_USER_INPUT: query: /);
  });
});

describe('where a mutation was wrong', () => {
  test('can be told without its group: nothing beside an input is called as one of its fields', () => {
    const roots = [schema.getMutationType(), schema.getQueryType(), schema.getSubscriptionType()];
    const twice = roots
      .flatMap((root) => Object.values(root?.getFields() ?? {}))
      .flatMap(({ name, args }) => {
        const type = getNamedType(args.find((each) => each.name === 'input')?.type);
        const fields = isInputObjectType(type) ? Object.keys(type.getFields()) : [];
        return args.filter((each) => fields.includes(each.name)).map((each) => `${name}(${each.name})`);
      });
    expect(twice).toEqual([]);
  });

  test('is told of what a variable holds, too', async () => {
    const app = await startTestApp();
    onTestFinished(() => app.close());
    const turn = { query: 'a', response: 'b' };
    const record = 'mutation ($given: RecordTurnsInput!) { recordTurns(input: $given) { __typename } }';
    const group = `mutation ($id: String!, $t: [TurnInput!]!) {
      recordTurns(input: { conversationId: $id, turns: $t }) { __typename } }`;
    const search =
      'query ($words: String!, $limit: Int) { memorySearch(query: $words, limit: $limit) { __typename } }';
    const cases: [document: string, variables: Record<string, unknown>, field: string][] = [
      [record, { given: { conversationId: 'c', turns: [turn, { ...turn, query: 5 }] } }, 'turns.1.query'],
      [record, { given: { conversationId: 'c', turns: [{ response: ' at "given.x"; ' }] } }, 'turns.0.query'],
      [record, { given: { conversationId: 'c', turns: [{ ...turn, place: 1 }] } }, 'turns.0.place'],
      [record, { given: { conversationId: 'c', turns: [], place: 1 } }, 'place'],
      [record, { given: 7 }, 'input'],
      [record, {}, 'input'],
      [group, { id: 'c', t: [turn, 3] }, 'turns.1'],
      [group, { id: null, t: [] }, 'conversationId'],
      [search, { words: 'a', limit: 'ten' }, 'limit'],
      // Places within what the document holds itself.
      [
        'mutation ($t: TurnInput!) { recordTurns(input: { conversationId: "c: $t", turns: [{ query: "a" response: "b" }, $t] }) { __typename } }',
        { t: { ...turn, query: 5 } },
        'turns.1.query',
      ],
      [
        'query ($at: DateTime) { memorySearch(query: "a", filter: { since: $at }) { __typename } }',
        { at: 'yesterday' },
        'filter.since',
      ],
      [
        'query ($t: MemoryTier!) { memorySearch(query: "a", filter: { tiers: [$t] }) { __typename } }',
        { t: 'NONE' },
        'filter.tiers.0',
      ],
      // Other words of the document that look alike.
      [
        `# limit: $n
        query ($n: Int = 5) { ...F } fragment F on Query { a: conversations(first: $n) { nodes { title } } }`,
        { n: 'ten' },
        'first',
      ],
    ];
    for (const [query, variables, field] of cases) {
      const { errors } = await app.graphql(query, variables);
      expect([query, errors?.map(({ extensions }) => [extensions.code, extensions.field])]).toEqual([
        query,
        [['BAD_USER_INPUT', field]],
      ]);
    }
    // What the document does with a variable is no value of it.
    const { errors } = await app.graphql(
      'query ($n: Int) { memorySearch(query: $n, limit: $m) { __typename } }',
    );
    expect(errors?.map(({ extensions }) => extensions.field)).toEqual([undefined, undefined]);
  });

  test('is never told with the name of the group', async () => {
    const wrong: string[] = [];
    for await (const file of glob('src/domains/**/*.ts', { cwd: ROOT }))
      if (/['`]input\.[a-z]|parseInput\([^)]*, 'input'\)/i.test(await textOf(file))) wrong.push(file);
    expect(wrong).toEqual([]);
  });
});

describe('units', () => {
  /** Ends of names that are a length of time, a size or a rate. */
  const QUANTITY =
    /(?:size|duration|timeout|interval|delay|latency|(?<!aver)age|took|rate|speed|memory|storage|lag|uptime|width|height|distance|altitude|amount|limit|cost|price|length|retention|heap|disk)$/i;
  const IN_NAME =
    /(?:Ms|Seconds|Minutes|Hours|Days|Months|Years|Bytes|Percent|Per[A-Z][a-z]+|Points|Pixels|Tokens)$/;
  const IN_WORDS =
    /milliseconds|seconds?\b|minutes?\b|hours?\b|\bdays?\b|months|years|bytes|MiB|pixels|per cent|%|metres|degrees|basis points|smallest unit|\b0 to 1\b|unit of|tokens|characters|\bbits\b|multiples of|number of|how many pictures|spans|hits|of 0 to|LLM_PRICES/i;

  test('of numbers in the schema are in their names or descriptions', () => {
    const without: string[] = [];
    for (const type of Object.values(schema.getTypeMap())) {
      if (type.name.startsWith('__')) continue;
      if (!isObjectType(type) && !isInputObjectType(type) && !isInterfaceType(type)) continue;
      for (const field of Object.values(type.getFields())) {
        const all: { name: string; description?: string | null | undefined; type: GraphQLType }[] =
          'args' in field ? [field, ...field.args] : [field];
        for (const each of all)
          if (
            !/Without/.test(each.name) &&
            ['Int', 'Float'].includes(getNamedType(each.type).name) &&
            QUANTITY.test(each.name) &&
            !IN_NAME.test(each.name) &&
            !IN_WORDS.test(each.description ?? '')
          )
            without.push(`${type.name}.${field.name} ${each.name}: ${each.description}`);
      }
    }
    expect(without).toEqual([]);
  });

  test('of settings are in their names or meanings', async () => {
    const settings = await tableOf('docs/configuration.md', /^\| `[A-Z0-9_]+` \|/);
    expect(settings.size).toBeGreaterThan(100);
    const named = /_(?:MS|SECONDS|MINUTES|HOURS|DAYS|MONTHS|BYTES|MIB|PER_DAY|TOKENS)$/;
    const timed = /TIMEOUT|INTERVAL|DEADLINE|DELAY|LAG|WAIT|RETENTION|AGE$|SIZE|PERIOD/;
    const without = [...settings].filter(
      ([name, [, meaning = '']]) =>
        timed.test(name) && !named.test(name) && !IN_WORDS.test(meaning) && !meaning.startsWith('the same'),
    );
    expect(without.map(([name]) => name)).toEqual([]);
  });
});

/** Where a limit stands in the docs, and the constant that has it. */
const LIMITS: [row: string, words: RegExp, file: string, constant: string][] = [
  ['request body', /(\d+) MiB/, 'src/http/body.ts', 'MAX_BODY_BYTES'],
  ['query', /to ([\d,]+) characters/, 'src/ground/input.ts', 'MAX_QUERY_LENGTH'],
  ['query', /last ([\d,]+) are searched/, 'src/domains/memory/memory.ts', 'SEARCHED_END'],
  ['response', /([\d,]+) characters/, 'src/ground/input.ts', 'MAX_RESPONSE_LENGTH'],
  ['metadata', /(\d+) KiB/, 'src/ground/input.ts', 'MAX_JSON_BYTES'],
  ['metadata', /(\d+) levels/, 'src/ground/input.ts', 'MAX_JSON_DEPTH'],
  ['title', /([\d,]+) characters/, 'src/ground/input.ts', 'MAX_TITLE_LENGTH'],
  ['goals', /^([\d,]+) of/, 'src/domains/goals/limits.ts', 'MAX_GOALS'],
  ['goals', /(\d+) parts/, 'src/domains/goals/limits.ts', 'MAX_PARTS'],
  ['goals', /(\d+) levels/, 'src/domains/goals/limits.ts', 'MAX_LEVELS'],
  ['a fact', /object of (\d+)/, 'src/domains/facts/by-hand.ts', 'MAX_PART'],
  ['a fact', /statement of (\d+)/, 'src/domains/facts/by-hand.ts', 'MAX_STATEMENT'],
  ['a fact', /(\d+) sources/, 'src/domains/facts/derive.ts', 'MAX_SOURCES'],
  ['recordTurns', /(\d+) at once/, 'src/domains/interactions/interactions.ts', 'MAX_TURNS_PER_CALL'],
  ['recordTurns', /(\d+) at once/, 'src/domains/characters/characters.ts', 'MAX_CHARACTERS_PER_CALL'],
  ['page of a list', /^(\d+),/, 'src/graphql/builder.ts', 'MAX_PAGE_SIZE'],
  ['page of a list', /default (\d+)/, 'src/graphql/builder.ts', 'DEFAULT_PAGE_SIZE'],
  ['memorySearch', /(\d+) hits/, 'src/domains/memory/memory.ts', 'MAX_MEMORIES'],
  ['operation', /([\d,]+) tokens/, 'src/graphql/document-bounds.ts', 'MAX_TOKENS'],
  ['operation', /complexity ([\d,]+)/, 'src/graphql/builder.ts', 'MAX_COMPLEXITY'],
  ['operation', /depth (\d+)/, 'src/graphql/builder.ts', 'MAX_DEPTH'],
  ['WebSocket', /^(\d+) running/, 'src/graphql/websocket.ts', 'MAX_SUBSCRIPTIONS'],
  ['WebSocket', /most ([\d,]+) fragments/, 'src/graphql/websocket.ts', 'MAX_FRAGMENTS'],
  ['WebSocket', /(\d+) of one user/, 'src/access/open-streams.ts', 'MAX_OF_PRINCIPAL'],
  ['WebSocket', /(\d+) from one address/, 'src/graphql/socket-limits.ts', 'MAX_OF_ADDRESS'],
  ['WebSocket', /([\d,]+) in all/, 'src/graphql/socket-limits.ts', 'MAX_SOCKETS'],
];
const UNITS: Record<string, number> = { MiB: 1_048_576, KiB: 1_024 };

test.each(LIMITS)(
  'the limit of %s that the docs tell (%s) is that of %s: %s',
  async (row, words, file, name) => {
    const rows = [...(await tableOf('docs/limits.md', /^\| /))];
    const told = rows
      .filter(([first]) => first.startsWith(row))
      .map(([, [text = '']]) => words.exec(text))
      .find((found) => found !== null);
    const number = Number(told?.[1]?.replaceAll(',', ''));
    const unit = UNITS[/[KM]iB/.exec(told?.[0] ?? '')?.[0] ?? ''] ?? 1;
    const constant = new RegExp(`const ${name}(?:: \\w+)? = ([\\d_]+)`).exec(await textOf(file))?.[1];
    expect(number * unit).toBe(Number(constant?.replaceAll('_', '')));
  },
);

describe('words', () => {
  /** Other words, and other spellings, for what the glossary and the pages call by one. */
  const OTHERS: [RegExp, string][] = [
    [/\b(?:colors?|colored)\b/i, 'colour'],
    [/\bbehaviors?\b/i, 'behaviour'],
    [/\bcancel(?:ed|ing)\b/i, 'cancelled'],
    [/\b(?:organiz|recogniz|summariz|normaliz|optimiz)\w+/i, '-ise'],
    [/\b(?:email|e-mails)\b/i, 'e-mail, mail'],
    [/\btimezones?\b/i, 'time zone'],
    [/\bweb[ -]hooks?\b/i, 'webhook'],
    [/\bdata[ -]bases?\b/i, 'database'],
    [/\bback-?ups?\b(?<!backups?)/i, 'backup'],
    [/\bapi[ -]keys?\b(?<!API keys?)/i, 'API key'],
    [/\b(?:administrators?|sysadmins?|superusers?)\b/i, 'admin, operator'],
    [/\b(?:workspaces?|organisations?)\b/i, 'tenant'],
    [/\b(?:dead[ -]letters?|poison)\b/i, 'set apart'],
    [/\b(?:purge[sd]?|purging|wipe[sd]?)\b/i, 'erasure, deletion'],
    [/\b(?:write-ahead log|WAL)\b/, 'journal'],
    [/\bcron ?jobs?\b/i, 'schedule'],
    [/\b(?:log ?files? entr(?:y|ies)|log ?messages?)\b/i, 'log line'],
  ];
  const otherIn = (text: string, at: string) =>
    OTHERS.flatMap(([other, ours]) => {
      const found = other.exec(text);
      return found ? [`${at}: "${found[0]}", elsewhere ${ours}`] : [];
    });

  test('of descriptions of the schema are those of the glossary', () => {
    const told: string[] = [];
    for (const type of Object.values(schema.getTypeMap())) {
      if (type.name.startsWith('__')) continue;
      told.push(...otherIn(type.description ?? '', type.name));
      const fields = 'getFields' in type ? Object.values(type.getFields()) : [];
      for (const field of fields)
        for (const each of [field, ...('args' in field ? field.args : [])])
          told.push(...otherIn(each.description ?? '', `${type.name}.${field.name} ${each.name}`));
    }
    expect(told).toEqual([]);
  });

  test('of commands’ help, and of the dashboard, are too', async () => {
    const told: string[] = [];
    let looked = 0;
    for await (const file of glob(['src/**/*.ts', 'scripts/*.ts'], { cwd: ROOT }))
      for (const [, help = ''] of (await textOf(file)).matchAll(/USAGE = `([^`]*)`/g)) {
        looked += 1;
        told.push(...otherIn(help, file));
      }
    expect(looked).toBeGreaterThan(10);
    for await (const file of glob('dashboard/**/*.{ts,tsx}', { cwd: ROOT }))
      for (const [, shown = '', said = ''] of (await textOf(file)).matchAll(
        />([^<>{}=;]{3,})<|'([A-Z][^'\n]*[a-z] [^'\n]*)'/g,
      ))
        told.push(...otherIn(shown || said, file));
    expect(told).toEqual([]);
  });
});
