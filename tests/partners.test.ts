import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportedLines } from './support/exports.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const DAY_MS = 86_400_000;
const ADMIN_ELSEWHERE = '@other:admin';
let last: TestApp;
let first: TestApp;
beforeAll(async () => {
  last = await startTestApp();
  first = await startTestApp({
    env: { REFERRAL_RULE: 'first', REFERRAL_WINDOW_DAYS: '10' },
    route: async () => last.databaseUrl,
  });
});
afterAll(async () => {
  await first.close();
  await last.close();
});

const ERROR = '... on Error { code message }';
const CLIENT = `clientId name email userId referralCode referralRule referredAt suspendedAt partner { partnerId } keys { keyId revokedAt }`;
const PARTNER = `partnerId name email rate suspendedAt codes { code expiresAt revokedAt } keys { keyId revokedAt }`;
const call = async (name: string, args: string, answer: string, app = last, user?: string) => {
  const { data, errors } = await app.graphql(
    `mutation { answer: ${name}(${args}) { ${answer} ${ERROR} } }`,
    {},
    user,
  );
  return data?.answer ?? { code: errors?.[0]?.extensions.code };
};
const partner = (partnerId: string, more = '', user?: string) =>
  call(
    'createPartner',
    `input: { partnerId: "${partnerId}", name: "Partner ${partnerId}", rate: 1250 ${more} }`,
    `... on PartnerSuccess { partner { ${PARTNER} } }`,
    last,
    user,
  );
const code = (partnerId: string, code: string, more = '') =>
  call(
    'createReferralCode',
    `input: { partnerId: "${partnerId}", code: "${code}" ${more} }`,
    '... on ReferralCodeSuccess { referralCode { code } }',
  );
const came = (clientId: string, code: string, daysAgo: number | null = null, app = last) =>
  call(
    'noteReferral',
    `input: { clientId: "${clientId}", code: "${code}" ${daysAgo === null ? '' : `at: "${new Date(Date.now() - daysAgo * DAY_MS).toISOString()}"`} }`,
    '... on NoteReferralSuccess { code at }',
    app,
  );
const client = async (clientId: string, more = '', app = last) =>
  call(
    'createClientAccount',
    `input: { clientId: "${clientId}", name: "Client ${clientId}" ${more} }`,
    `... on ClientAccountSuccess { client { ${CLIENT} } }`,
    app,
  );
const broughtBy = async (clientId: string, more = '', app = last) => {
  const made = await client(clientId, more, app);
  return made.client ? (made.client.partner?.partnerId ?? null) : made;
};
const bad = (field: string) => ({ code: 'BAD_USER_INPUT', message: expect.stringContaining(`${field}: `) });

test('partners are made with a rate and codes, by admins, and bad input is refused by name', async () => {
  expect(await partner('north')).toMatchObject({ partner: { partnerId: 'north', rate: 1250, codes: [] } });
  for (const id of ['south', 'gone', 'self']) await partner(id);
  expect(await partner('north')).toEqual(bad('partnerId'));
  for (const [more, field] of [
    ['rate: 10001', 'rate'],
    ['rate: -1', 'rate'],
    ['rate: 1, name: " "', 'name'],
    ['rate: 1, name: "x", email: "no address"', 'email'],
    ['rate: 1, name: "x", partnerId: "a b"', 'partnerId'],
  ] as const)
    expect(
      await call('createPartner', `input: { ${more.includes('name') ? '' : 'name: "x",'} ${more} }`, ''),
    ).toEqual(bad(field));
  expect(await partner('mine', '', 'ada')).toEqual({ code: 'FORBIDDEN' });
  expect(await code('north', 'north-1')).toEqual({ referralCode: { code: 'NORTH-1' } });
  expect(await code('south', 'NORTH-1')).toEqual(bad('code'));
  expect(await code('nobody', 'NORTH-2')).toMatchObject({ code: 'NOT_FOUND' });
  expect(await code('north', 'x')).toEqual(bad('code'));
  expect(await code('north', 'OLD', 'expiresAt: "2020-01-01T00:00:00Z"')).toEqual(bad('expiresAt'));
  await code('south', 'SOUTH');
  await code('gone', 'GONE');
  await code('self', 'SELF');
  const { data } = await last.graphql(
    `{ partners { nodes { ${PARTNER} } } partner(partnerId: "north") { rate } }`,
  );
  expect(data.partners.nodes.map(({ partnerId }: { partnerId: string }) => partnerId)).toEqual([
    ...['self', 'gone', 'south', 'north'],
  ]);
  const elsewhere = await last.graphql(
    '{ partners { nodes { name } } partner(partnerId: "north") { rate } }',
    {},
    ADMIN_ELSEWHERE,
  );
  expect(elsewhere.data).toEqual({ partners: { nodes: [] }, partner: null });
});

describe('a client belongs to one partner at most', () => {
  test('the one of the last referral within the window, or of the first, by the rule', async () => {
    for (const [id, app, expected] of [
      ['by-last', last, 'north'],
      ['by-first', first, 'south'],
    ] as const) {
      await came(id, 'GONE', 20);
      await came(id, 'south', 8);
      await came(id, 'NORTH-1', 5);
      await came(id, 'NORTH-1', 2);
      // Before the window of the first rule, and the first within it.
      expect(await broughtBy(id, '', app)).toBe(expected);
    }
    const { data } = await last.graphql(`{ clientAccount(clientId: "by-first") { ${CLIENT} } }`);
    expect(data.clientAccount).toMatchObject({ referralCode: 'SOUTH', referralRule: 'FIRST' });
  });

  test('nobody, where nobody brought them, or too long ago', async () => {
    expect(await broughtBy('alone')).toBeNull();
    await last.sql(
      `insert into referrals (client_id, code, at) select 'late', id, now() - interval '31 days' from referral_codes where code = 'SOUTH'`,
    );
    expect(await broughtBy('late')).toBeNull();
  });

  test('for good, and the same again is the same', async () => {
    const made = await client('kept', 'code: "north-1", email: "kept@example.org"');
    expect(made.client).toMatchObject({ partner: { partnerId: 'north' }, referralCode: 'NORTH-1' });
    expect(await client('kept', 'code: "SOUTH", email: "kept@example.org"')).toEqual(made);
    expect(await client('kept', 'email: "other@example.org"')).toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await came('kept', 'SOUTH')).toEqual(bad('clientId'));
    const both = await Promise.all([client('raced', 'code: "SOUTH"'), client('raced', 'code: "NORTH-1"')]);
    expect(both[0].client.partner).toEqual(both[1].client.partner);
    const at = new Date(Date.now() - DAY_MS).toISOString();
    for (let times = 0; times < 3; times++)
      await call('noteReferral', `input: { clientId: "again", code: "SOUTH", at: "${at}" }`, '');
    expect(await last.sql(`select from referrals where client_id = 'again'`)).toHaveLength(1);
  });

  test('never the client themselves', async () => {
    await partner('own', 'userId: "olga", email: "Olga@example.org"');
    await code('own', 'OWN');
    expect(await client('olga-1', 'code: "OWN", userId: "olga"')).toEqual(bad('code'));
    expect(await client('olga-2', 'code: "OWN", email: "olga@EXAMPLE.org"')).toEqual(bad('code'));
    await came('olga-3', 'SOUTH', 3);
    await came('olga-3', 'OWN', 1);
    expect(await broughtBy('olga-3', 'userId: "olga"')).toBe('south');
    expect(await last.sql(`select from business_parties where party_id in ('olga-1', 'olga-2')`)).toEqual([]);
  });

  test('not by a code that is over, or of a partner who is suspended', async () => {
    await code('self', 'SHORT', 'expiresAt: "2999-01-01T00:00:00Z"');
    await came('before-the-end', 'SHORT', 1);
    await last.sql(`update referral_codes set expires_at = now() - interval '1 hour' where code = 'SHORT'`);
    expect(await came('too-late', 'SHORT')).toEqual(bad('code'));
    expect(await client('too-late', 'code: "SHORT"')).toEqual(bad('code'));
    expect(await broughtBy('before-the-end')).toBe('self');
    await came('revoked', 'SELF', 1);
    const revoke = (given: string) =>
      call(
        'revokeReferralCode',
        `code: "${given}"`,
        '... on ReferralCodeSuccess { ended: referralCode { revokedAt } }',
      );
    const { ended } = await revoke('self');
    expect(ended.revokedAt).not.toBeNull();
    expect((await revoke('self')).ended).toEqual(ended);
    expect(await revoke('NOBODYS')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await came('revoked', 'SELF')).toEqual(bad('code'));
    expect(await broughtBy('revoked')).toBeNull();
    await came('suspended', 'GONE', 1);
    const suspended = await call(
      'updatePartner',
      'partnerId: "gone", suspended: true, rate: 5',
      `... on PartnerSuccess { partner { ${PARTNER} } }`,
    );
    expect(suspended.partner).toMatchObject({ rate: 5, suspendedAt: expect.any(String) });
    expect(await came('suspended', 'GONE')).toEqual(bad('code'));
    expect(await broughtBy('suspended')).toBeNull();
  });

  test('and bad input is refused by name', async () => {
    expect(await came('x', 'SOUTH', 31)).toEqual(bad('at'));
    expect(await came('x', 'SOUTH', -1)).toEqual(bad('at'));
    expect(await came('x', 'NO-SUCH')).toEqual(bad('code'));
    expect(await came('', 'SOUTH')).toEqual(bad('clientId'));
    expect(await client('x', 'code: "NO-SUCH"')).toEqual(bad('code'));
    expect(await call('noteReferral', 'input: { clientId: "x", code: "SOUTH" }', '', last, 'ada')).toEqual({
      code: 'FORBIDDEN',
    });
    await last.sql(
      `insert into referrals (client_id, code, at) select 'flood', c.id, now() - n * interval '1 second'
       from referral_codes c, generate_series(1, 200) n where code = 'SOUTH'`,
    );
    expect(await came('flood', 'SOUTH')).toEqual(bad('clientId'));
  });
});

test('keys are shown once, kept as hashes, rotated and revoked; who shows one is told to the operator’s programs', async () => {
  await client('keyed');
  const make = (more = '', kind = 'CLIENT') =>
    call(
      'createBusinessKey',
      `kind: ${kind}, partyId: "keyed" ${more}`,
      '... on BusinessKeySuccess { key kept { keyId lastFour } }',
    );
  const shows = async (key: string, user?: string) => {
    const { data, errors } = await last.graphql(
      'query ($key: String!) { businessPartyOfKey(key: $key) { name ... on ClientAccount { clientId } } }',
      { key },
      user,
    );
    return errors ? errors[0]?.extensions.code : data.businessPartyOfKey;
  };
  const { key, kept } = await make();
  expect(key).toMatch(/^echobiz_[0-9a-f]{12}_[\w-]{43}$/);
  expect(JSON.stringify(await last.sql('select * from business_keys'))).not.toContain(key.slice(21));
  expect(await shows(key)).toEqual({ name: 'Client keyed', clientId: 'keyed' });
  // Where one is called the same.
  await call(
    'createClientAccount',
    'input: { clientId: "keyed", name: "Another" }',
    '',
    last,
    ADMIN_ELSEWHERE,
  );
  expect(await shows(key, ADMIN_ELSEWHERE)).toBeNull();
  expect(await shows(key, 'ada')).toBe('FORBIDDEN');
  for (const wrong of [`${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`, 'x', '', key.toUpperCase()])
    expect(await shows(wrong)).toBeNull();
  // It opens no door of this server.
  const rotate = (keyId: string) =>
    call('rotateBusinessKey', `keyId: "${keyId}"`, '... on BusinessKeySuccess { key kept { keyId } }');
  const next = await rotate(kept.keyId);
  expect([await shows(key), await shows(next.key)]).toEqual([null, expect.anything()]);
  expect(await rotate(kept.keyId)).toMatchObject({ code: 'NOT_FOUND' });
  const suspend = (suspended: boolean) =>
    call('suspendClientAccount', `clientId: "keyed", suspended: ${suspended}`, '');
  await suspend(true);
  expect(await shows(next.key)).toBeNull();
  await suspend(false);
  expect(await shows(next.key)).not.toBeNull();
  const revoke = (keyId: string, user?: string) =>
    call(
      'revokeBusinessKey',
      `keyId: "${keyId}"`,
      '... on RevokeBusinessKeySuccess { kept { revokedAt } }',
      last,
      user,
    );
  expect(await revoke(next.kept.keyId, ADMIN_ELSEWHERE)).toMatchObject({ code: 'NOT_FOUND' });
  expect((await revoke(next.kept.keyId)).kept.revokedAt).not.toBeNull();
  expect(await shows(next.key)).toBeNull();
  expect(await revoke('x')).toEqual(bad('keyId'));
  expect(await make('', 'PARTNER')).toMatchObject({ code: 'NOT_FOUND' });
  expect(await make('expiresAt: "2020-01-01T00:00:00Z"')).toEqual(bad('expiresAt'));
  for (let made = 0; made < 20; made++) await make();
  expect(await make()).toEqual(bad('partyId'));
});

test('lists take as many statements for many as for one', async () => {
  const count = async (first: number) => {
    last.statements.length = 0;
    const { data } = await last.graphql(
      `{ clientAccounts(first: ${first}) { nodes { ${CLIENT} } } partners(first: ${first}) { nodes { ${PARTNER} } } }`,
    );
    // Rounds in the background send others.
    const sent = last.statements.filter((name) => /part(y|ies|ner)/.test(name));
    return [data.clientAccounts.nodes.length, sent.length];
  };
  await came('last-of-all', 'SOUTH', 1);
  await client('last-of-all');
  expect([await count(1), await count(10)]).toEqual([
    [1, 6],
    [10, 6],
  ]);
  const { data } = await last.graphql('{ clientAccounts(partnerId: "self") { nodes { clientId } } }');
  expect(data.clientAccounts.nodes).toEqual([{ clientId: 'before-the-end' }]);
});

test('an erasure takes who they are, and leaves what hangs on them; so does forgetting one', async () => {
  await client('of-paul', 'userId: "paul", email: "paul@example.org", code: "SOUTH"');
  await partner('is-paul', 'userId: "paul"');
  const lines = (await exportedLines(last, 'paul')).filter((line) => line.includes('business_person'));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { partyKind: 'CLIENT', partyId: 'of-paul', email: 'paul@example.org' },
    { partyKind: 'PARTNER', partyId: 'is-paul' },
  ]);
  // Elsewhere it comes back as what is kept of them, and makes nobody a partner.
  const other = await startTestApp();
  try {
    await other.graphql(
      'mutation ($lines: [String!]!) { restoreUser(lines: $lines, userId: "paul") { ... on Error { message } } }',
      { lines },
    );
    expect((await exportedLines(other, 'paul')).filter((line) => line.includes('business_person'))).toEqual(
      lines,
    );
    expect((await other.graphql('{ partners { nodes { name } } }')).data.partners.nodes).toEqual([]);
  } finally {
    await other.close();
  }
  const { data } = await last.graphql(
    'mutation { eraseUser(userId: "paul", confirm: "paul") { ... on EraseUserSuccess { receipt } } }',
  );
  expect(data.eraseUser.receipt).toMatchObject({
    erased: { businessDetails: 2 },
    left: { businessDetails: 0 },
  });
  const after = await last.graphql(`{ clientAccount(clientId: "of-paul") { ${CLIENT} } }`);
  expect(after.data.clientAccount).toMatchObject({
    ...{ name: null, email: null, userId: null, partner: { partnerId: 'south' } },
  });
  const forgotten = await call(
    'forgetPartner',
    'partnerId: "north"',
    `... on PartnerSuccess { partner { ${PARTNER} } }`,
  );
  expect(forgotten.partner).toMatchObject({ name: null, rate: 1250, codes: [{ code: 'NORTH-1' }] });
  expect(await call('forgetClientAccount', 'clientId: "nobody"', '')).toMatchObject({ code: 'NOT_FOUND' });
  const told = await last.sql<{ action: string }>(
    `select distinct action from echo_audit_log where action ~ '^(party|partykey|referral)\\.' order by 1`,
  );
  expect(told.map(({ action }) => action)).toEqual([
    ...['party.create', 'party.update', 'partykey.create', 'partykey.revoke'],
    ...['referral.create', 'referral.revoke'],
  ]);
});
