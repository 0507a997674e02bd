import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getTableName } from 'drizzle-orm';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keptFolder } from '../src/domains/media-insights/kept-files.ts';
import { thumbnailFolder } from '../src/domains/media-insights/thumbnails.ts';
import { DUTIES } from '../src/lists/duties.ts';
import { wholeSchema } from '../src/lists/schema.ts';
import { png, pngText } from './fixtures/import/support.ts';
import { base64, importCard } from './support/cards.ts';
import { unexported } from './support/duties.ts';
import { callOf, type Place, placesOf } from './support/every-field.ts';
import { exportedLines, lostLines } from './support/exports.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import {
  ATTACKER,
  CANARY,
  IDENTIFIERS,
  missingPolicy,
  nameIn,
  rowsOf,
  VALUES,
  VICTIM,
  victimsTables,
  WORDS,
  withoutVictim,
} from './support/isolation.ts';
import { hashNamed, storeInsight } from './support/media.ts';
import { hashOf, picture } from './support/media-folders.ts';
import { overWebSocket } from './support/streams.ts';
import { runTask, untilTask } from './support/tasks.ts';

const schema = wholeSchema();

const secrets: Record<string, unknown[]> = {};
const canaries: string[] = [CANARY];

/** Arguments of other fields: reached only through an object that its caller may see. */
const NESTED = new Set([
  ...[
    ...['Conversation.interactions', 'Goal.tasks', 'Schedule.slots', 'Character.memories'],
    ...['Webhook.deliveries', 'Character.generations', 'Project.decisions', 'Project.assemblies'],
  ].flatMap((field) => ['after', 'before', 'first', 'last'].map((name) => `${field}(${name})`)),
  'Webhook.deliveries(status)',
  'Character.changes(first)',
  'MediaInsight.thumbnailUrl(size)',
  'MediaInsight.nearDuplicates(maxDistance)',
]);

const { root, nested } = placesOf(schema);

let app: TestApp;
const statements = new Map<string, string>();
beforeAll(async () => {
  app = await startTestApp({
    env: { MASTER_KEY: '5e'.repeat(32) },
    onSql: (name, text) => statements.set(name, text),
  });
  await app.graphql(`mutation { upsertCharacter(input: { characterName: "Iris Vale" }) { __typename } }`);
  await app.graphql(
    `mutation { storeCredential(input: { name: "OF_VERA", value: "${CANARY} for another service" }) { __typename } }`,
  );
  const recorded = await app.graphql(
    `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
      ... on RecordTurnsSuccess { interactions { id turnId conversation { id } } } ... on Error { message } } }`,
    {
      input: {
        conversationId: 'thread of vera',
        turns: Array.from({ length: 4 }, (_, number) => ({
          query: `${WORDS} ${CANARY} ${number}`,
          response: `${WORDS} ${CANARY} indeed`,
          speaker: 'Verity',
          idempotencyKey: `key ${number}`,
          sessionId: 'sitting',
          metadata: { note: CANARY },
          ...(number === 0 && { timestamp: '2020-02-02T12:00:00Z' }),
        })),
      },
    },
    VICTIM,
  );
  const turns = recorded.data.recordTurns.interactions;
  await app.graphql(
    `mutation { deleteInteraction(turnId: "${turns[3].turnId}") { __typename } }`,
    {},
    VICTIM,
  );
  await app.sql('update only echo_unified_interactions set created_at = timestamp where turn_id = $1', [
    turns[0].turnId,
  ]);
  const archiving = await runTask(app, { type: 'archive_interactions' }, VICTIM);
  await untilTask(app, archiving.taskId, 'COMPLETED', VICTIM);
  await app.graphql(
    'mutation { updateSettings(input: { timeZone: "Asia/Kolkata" }) { __typename } }',
    {},
    VICTIM,
  );
  // Only the operator's command makes one.
  await app.sql("insert into echo_authenticators (user_id, secret, key_id) values ($1, '\\x00', 'x')", [
    VICTIM,
  ]);
  await app.graphql(
    `mutation { processQuery(input: { query: "${WORDS} ${CANARY}?", episodeId: "episode of vera" }) { __typename } }`,
    {},
    VICTIM,
  );
  const owner = { tenantId: 'default', userId: VICTIM };
  app.app.services.activity.note({
    ...{ kind: 'job_finished', subject: CANARY, message: CANARY, level: 'INFO', owner },
  });
  const toldOf = async () => {
    const { data } = await app.graphql('{ activity { nodes { cursor subject } } }', {}, VICTIM);
    return data.activity.nodes.find(({ subject }: { subject: string }) => subject === CANARY);
  };
  const pages = await app.graphql(
    '{ interactions { edges { cursor } } conversations { edges { cursor } } }',
    {},
    VICTIM,
  );
  const [key] = await app.app.services.access.apiKeys
    .create({
      tenantId: 'default',
      userId: VICTIM,
      name: CANARY,
      roles: ['USER'],
      permissions: null,
      expiresAt: null,
      createdBy: 'x',
    })
    .then(({ row }) => [row.keyId]);
  const { taskId } = await runTask(
    app,
    { type: 'heartbeat', name: CANARY, description: `${WORDS} ${CANARY}`, idempotencyKey: 'key 1' },
    VICTIM,
  );
  await untilTask(app, taskId, 'COMPLETED', VICTIM);
  const exported = await app.graphql('{ exportUser { lines } }', {}, VICTIM);
  // Its end is told, too.
  const isTold = async () =>
    (await app.sql("select 1 from echo_events where payload->>'kind' = 'user_exported'")).length > 0;
  while (!(await toldOf()) || !(await isTold())) await new Promise((resolve) => setTimeout(resolve, 50));
  const cursors = [...pages.data.interactions.edges, ...pages.data.conversations.edges].map(
    ({ cursor }) => cursor,
  );
  const { data: made } = await app.graphql(
    `mutation { upsertCharacter(input: { characterName: "Figment of Vera", aliases: ["${WORDS}"], creator: "${CANARY}",
      sourceFranchise: "${CANARY}", personalityTraits: "${CANARY}", backgroundStory: "${WORDS} ${CANARY}" }) {
      ... on UpsertCharacterSuccess { character { id changes { changeId } } } } }`,
    {},
    VICTIM,
  );
  await importCard(app, figment(`${WORDS} ${CANARY}`), VICTIM, { replace: false });
  const { data: seen } = await app.graphql(
    'query ($id: ID!) { task(taskId: $id) { id } }',
    { id: taskId },
    VICTIM,
  );
  const globalTaskId = seen.task.id;
  const { data: wanted } = await app.graphql(
    `mutation { createGoal(input: { description: "${WORDS} ${CANARY}" }) { ... on GoalSuccess { goal { id goalId } } } }`,
    {},
    VICTIM,
  );
  const goal = wanted.createGoal.goal;
  await app.graphql(
    `mutation ($id: ID!) { createGoal(input: { description: "${CANARY}", parentId: $id }) { __typename } }`,
    { id: goal.goalId },
    VICTIM,
  );
  for (const name of ['one', 'two'])
    await storeInsight(app, VICTIM, name, {
      filePath: `/photos/${WORDS}/${CANARY} ${name}.jpg`,
      perceptualHash: '0f1e2d3c4b5a6978',
      tags: [WORDS],
      categories: [CANARY],
      cameraModel: WORDS,
      characterReferences: [{ name: 'Figment of Vera' }],
    });
  const thumbnails = thumbnailFolder(app.directory, owner);
  await mkdir(thumbnails, { recursive: true });
  await writeFile(join(thumbnails, `${hashNamed('one')}-256.webp`), CANARY);
  const { data: photos } = await app.graphql(
    '{ mediaInsights { edges { cursor node { id } } } duplicateGroups { edges { cursor } } }',
    {},
    VICTIM,
  );
  cursors.push(photos.mediaInsights.edges[0].cursor, photos.duplicateGroups.edges[0].cursor);
  const { data: entered } = await app.graphql(
    `mutation { addFact(input: { predicate: "likes", object: "${WORDS} ${CANARY}", subject: "${WORDS}" }) {
      ... on FactSuccess { fact { id factId changes { changeId } } } } }`,
    {},
    VICTIM,
  );
  const { fact } = entered.addFact;
  const { data: learning } = await app.graphql(
    'mutation { runLearning { ... on CreateTaskSuccess { task { taskId } } } }',
    {},
    VICTIM,
  );
  await untilTask(app, learning.runLearning.task.taskId, 'COMPLETED', VICTIM);
  const { data: learned } = await app.graphql(
    '{ learningRuns { edges { cursor node { runId } } } }',
    {},
    VICTIM,
  );
  cursors.push(learned.learningRuns.edges[0].cursor);
  canaries.push(learned.learningRuns.edges[0].node.runId);
  await app.graphql(
    `mutation { setFeatureFlag(input: { key: "sealed", description: "${CANARY}", users: [{ tenantId: "default", userId: "${VICTIM}" }] }) { __typename } }`,
  );
  const webhook = await webhookOf(app);
  const generationId = await generationOf(app);
  canaries.push(generationId);
  const { projectId, segmentId } = await projectOf(app);
  const briefId = await briefOf(app);
  const { requestId, reportId } = await complianceOf(app);
  const billed = await billedOf(app);
  await pageOf(app);
  const { partnerId, clientId, payoutId } = await businessOf(app);
  const [event] = await app.sql(
    "select xid::text || '.' || id as cursor from echo_events where user_id = $1 limit 1",
    [VICTIM],
  );
  Object.assign(secrets, {
    id: turns
      .flatMap((turn: { id: string; conversation: { id: string } }) => [turn.id, turn.conversation.id])
      .slice(0, 2)
      .concat(
        made.upsertCharacter.character.id,
        globalTaskId,
        goal.id,
        photos.mediaInsights.edges[0].node.id,
        fact.id,
      ),
    turnId: [turns[1].turnId, turns[0].turnId],
    conversationId: ['thread of vera'],
    episodeId: ['episode of vera'],
    userId: [VICTIM],
    idempotencyKey: ['key 1'],
    sessionId: ['sitting'],
    after: [cursors[1], cursors.at(-1), event?.cursor, (await toldOf()).cursor],
    before: [cursors[1], cursors.at(-1)],
    goalId: [goal.goalId],
    fileHash: [hashNamed('one')],
    parentId: [goal.goalId],
    factId: [fact.factId],
    changeId: [fact.changes[0].changeId, made.upsertCharacter.character.changes[0].changeId],
    webhookId: [webhook.webhookId],
    generationId: [generationId],
    projectId: [projectId],
    briefId: [briefId],
    customerId: [billed.customerId],
    invoiceId: [billed.invoiceId],
    refundId: [billed.refundId],
    differenceId: ['a difference'],
    segmentId: [segmentId],
    segmentIds: [segmentId],
    deliveryId: [webhook.deliveryId],
    keyId: [key],
    keyIds: [[key]],
    requestId: [requestId],
    partnerId: [partnerId],
    clientId: [clientId],
    partyId: [clientId],
    payoutId: [payoutId],
    reportId: [reportId],
    taskId: [taskId],
    confirm: [VICTIM],
    lines: [exported.data.exportUser.lines],
    credential: ['OF_VERA'],
    characterName: ['Figment of Vera'],
    character: ['Figment of Vera'],
    characters: [['Figment of Vera']],
  });
  canaries.push(
    'Verity',
    'Figment',
    ...turns.map(({ turnId }: { turnId: string }) => turnId),
    `echo_${key}`,
    taskId,
  );
});
afterAll(() => app.close());

/** A card of the victim's character, in a picture. */
function figment(said: string): Buffer {
  const card = { name: 'Figment of Vera', first_mes: said, extensions: { secret: said } };
  return png(pngText('chara', base64(card)));
}

/** A webhook of the victim's that hears nothing more, and something that was sent to it. */
/** A picture that was drawn and rated: nobody draws here. */
async function generationOf(of: TestApp): Promise<string> {
  const generationId = crypto.randomUUID();
  const bytes = await picture(9, 'png');
  const folder = keptFolder(of.directory, { tenantId: 'default', userId: VICTIM });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${hashOf(bytes)}.png`), bytes);
  await of.sql(
    `with g as (insert into anime_generation_history (user_id, generation_id, task_id, asked, prompt, negative_prompt,
                  workflow, seed, width, height, files, completed_at)
                values ($1, $2, 'a task of hers', $3, $3, '', 'blank', 1, 64, 64, $4, now()) returning id)
     insert into anime_qc_feedback (user_id, generation, quality, comment) select $1, id, 1, $3 from g`,
    [VICTIM, generationId, CANARY, JSON.stringify([hashOf(bytes)])],
  );
  // Of a character that everybody knows.
  await of.sql(
    `insert into anime_echo_style_learning (user_id, character_id, kind, value, ratings, total)
     select $1, id, 'ELEMENT', $2, 2, 2 from character_profiles where character_name = 'Iris Vale'`,
    [VICTIM, CANARY],
  );
  return generationId;
}

/** A project with all that one has: nobody makes videos here. */
async function projectOf(of: TestApp): Promise<{ projectId: string; segmentId: string }> {
  const said = async (call: string) => {
    const { data, errors } = await of.graphql(`mutation { answer: ${call} }`, {}, VICTIM);
    if (errors) throw new Error(JSON.stringify(errors));
    return data.answer;
  };
  const { projectId } = (
    await said(
      `createProject(input: { name: "${CANARY}" }) { ... on ProjectSuccess { project { projectId } } }`,
    )
  ).project;
  const own = `projectId: "${projectId}"`;
  await said(`bindCharacter(input: { ${own}, character: "Iris Vale", role: "${CANARY}" }) { __typename }`);
  await said(`addDecision(input: { ${own}, decision: "${CANARY}" }) { __typename }`);
  const { segmentId } = (
    await said(
      `addSegment(input: { ${own}, prompt: "${CANARY}", durationSeconds: 1, character: "Iris Vale" }) { ... on ProjectSegmentSuccess { segment { segmentId } } }`,
    )
  ).segment;
  await of.sql(
    `insert into anime_echo_orchestrations (user_id, project, assembly_id, task_id, segments, width, height, frames_per_second, error)
     select user_id, id, gen_random_uuid(), 'a task of hers', '[]', 64, 64, 24, $1 from video_projects`,
    [CANARY],
  );
  canaries.push(projectId, segmentId);
  return { projectId, segmentId };
}

/** A page in Notion, where nothing is mirrored here. */
async function pageOf(of: TestApp): Promise<void> {
  await of.sql(
    "insert into echo_notion_pages (user_id, kind, external_id, page_id, wanted) values ($1, 'tasks', $2, $2, '')",
    [VICTIM, CANARY],
  );
}

/** A brief with a text: nobody writes here. */
async function briefOf(of: TestApp): Promise<string> {
  const briefId = crypto.randomUUID();
  await of.sql(
    `with b as (insert into briefs (user_id, brief_id, task_id, title, text, state, chosen, note)
                values ($1, $2, gen_random_uuid(), $3, $3, 'PASSED', 1, $3) returning id)
     insert into brief_attempts (user_id, brief, number, writer, output) select $1, id, 1, 'MODEL', $3 from b`,
    [VICTIM, briefId, CANARY],
  );
  canaries.push(briefId);
  return briefId;
}

/** The victim as a partner and as a client. */
async function businessOf(of: TestApp): Promise<Record<'partnerId' | 'clientId' | 'payoutId', string>> {
  // Others may call theirs the same.
  const [partnerId, clientId] = ['partner-vera', 'client-vera'];
  const who = `name: "${WORDS} ${CANARY}", email: "vera@${CANARY}.example", userId: "${VICTIM}"`;
  for (const made of [
    `createPartner(input: { partnerId: "${partnerId}", rate: 100, ${who} }) { __typename }`,
    `createReferralCode(input: { partnerId: "${partnerId}", code: "${CANARY}" }) { __typename }`,
    `createClientAccount(input: { clientId: "${clientId}", ${who} }) { __typename }`,
    `createBusinessKey(kind: CLIENT, partyId: "${clientId}") { __typename }`,
    `noteReferral(input: { clientId: "to-come", code: "${CANARY}" }) { __typename }`,
  ]) {
    const { data, errors } = await of.graphql(`mutation { made: ${made} }`);
    if (errors || data.made.__typename.endsWith('Error'))
      throw new Error(JSON.stringify({ made, data, errors }));
  }
  const payoutId = crypto.randomUUID();
  await of.sql(
    `insert into payout_reports (payout_id, partner, month, currency, rate, base, held, amount)
     select $1, id, '2019-01', 'EUR', 100, 5, 0, 0 from business_parties where kind = 'PARTNER'`,
    [payoutId],
  );
  canaries.push(payoutId);
  return { partnerId, clientId, payoutId };
}

/** A request of the victim's, and a report that tells of it. */
async function complianceOf(of: TestApp): Promise<{ requestId: string; reportId: string }> {
  const { data } = await of.graphql(
    `mutation { noteDataRequest(input: { userId: "${VICTIM}", kind: ACCESS }) { ... on DataRequestSuccess { request { requestId subject } } } }`,
  );
  const { requestId, subject } = data.noteDataRequest.request;
  const reportId = crypto.randomUUID();
  await of.sql(
    `insert into compliance_reports (report_id, week, since, until, region, sections) values ($1, '2020-01-06', now(), now(), 'EU', $2)`,
    [
      reportId,
      JSON.stringify([
        { part: 'REQUESTS', lines: [{ state: 'OK', text: `ACCESS ${requestId}`, cites: [] }] },
      ]),
    ],
  );
  await of.sql(`insert into access_reviews (user_id, key_id, reviewed_by) values ($1, 'a key', $2)`, [
    VICTIM,
    CANARY,
  ]);
  canaries.push(requestId, reportId, subject);
  return { requestId, reportId };
}

/** A customer that she is, with what she was billed, and what an earlier server billed her: nobody takes money here. */
async function billedOf(of: TestApp): Promise<{ customerId: string; invoiceId: string; refundId: string }> {
  const ids = {
    customerId: crypto.randomUUID(),
    invoiceId: crypto.randomUUID(),
    refundId: crypto.randomUUID(),
  };
  await of.sql(
    `with c as (insert into payment_customers (customer_id, created_by) values ($2, 'x') returning id),
          p as (insert into payment_people (customer, user_id, name, email) select id, $1, $5, $5 || '@example.org' from c),
          i as (insert into payment_invoices (invoice_id, customer, currency, amount, items, collection, state, requested_by)
                select $3, id, 'EUR', 5, jsonb_build_array(jsonb_build_object('description', $5::text, 'amount', 5)), 'CHARGE', 'PAID', 'x'
                from c returning id),
          d as (insert into payment_disputes (invoice, stripe_id, currency, amount, taken, state, reason, opened_at, looked_at)
                select id, 'du_' || $3, 'EUR', 5, 0, 'LOST', $5, now(), now() from i)
     insert into payment_refunds (refund_id, invoice, currency, amount, state, requested_by) select $4, id, 'EUR', 5, 'SUCCEEDED', 'x' from i`,
    [VICTIM, ids.customerId, ids.invoiceId, ids.refundId, CANARY],
  );
  const customerId = crypto.randomUUID();
  const line = { tenantId: 'default', userId: VICTIM, customerId, name: CANARY, email: null };
  await of.sql('insert into payment_records (user_id, customer_id, line) values ($1, $2, $3)', [
    VICTIM,
    customerId,
    JSON.stringify({
      kind: 'payment_customer',
      ...line,
      createdAt: '2020-01-01T00:00:00.000Z',
      invoices: [],
    }),
  ]);
  canaries.push(...Object.values(ids), customerId);
  return ids;
}

async function webhookOf(of: TestApp): Promise<{ webhookId: string; deliveryId: string }> {
  const { data } = await of.graphql(
    `mutation { createWebhook(input: { url: "https://93.184.215.14/${CANARY}", events: [INTERACTION_ADDED], description: "${WORDS}" }) {
      ... on WebhookSuccess { webhook { webhookId } } } }`,
    {},
    VICTIM,
  );
  const { webhookId } = data.createWebhook.webhook;
  await of.graphql(
    `mutation { updateWebhook(webhookId: "${webhookId}", input: { paused: true }) { __typename } }`,
    {},
    VICTIM,
  );
  const [delivery] = await of.sql<{ id: string }>(
    `insert into echo_deliveries (user_id, delivery_id, channel, target, order_key, kind, payload, status, settled_at)
     select user_id, gen_random_uuid(), 'webhook', id::text, '', 'webhook.test', '{}', 'DEAD', now() from echo_webhooks
     returning delivery_id as id`,
  );
  return { webhookId, deliveryId: delivery?.id ?? '' };
}

const victimsRows = () => rowsOf(app.sql, DUTIES, VICTIM);

/** Fills the chosen place with something of the victim's, and the others with what the attacker may use. */
function attack(place: Place, secret: unknown) {
  return callOf(schema, place, (path, isChosen) => {
    const name = path.at(-1) ?? '';
    if (isChosen) return secret;
    if (
      name === 'characterName' ||
      name === 'character' ||
      (name === 'name' && place.field !== 'createApiKey')
    )
      return 'Iris Vale';
    if (/^(?:partner|client|party)Id$/.test(name)) return 'mine';
    if (IDENTIFIERS.includes(name))
      return name === 'turnId' || name === 'turnIds'
        ? crypto.randomUUID()
        : `mine ${place.name}`.slice(0, 90);
    return name in VALUES && name !== 'query' ? VALUES[name] : 'Something of mine';
  });
}

/** What of the victim's an answer holds that the attacker did not put in. */
function leaks(answer: unknown, given: unknown): string[] {
  const [told, said] = [JSON.stringify(answer), JSON.stringify(given)];
  return canaries.filter((canary) => told.includes(canary) && !said.includes(canary));
}

test('the victim has something in every table of users’ rows', async () => {
  expect(victimsTables(DUTIES).length).toBeGreaterThan(6);
  expect(withoutVictim(DUTIES, await victimsRows()), 'beforeAll makes them').toEqual([]);
});

/** Every door to what is in an archive, asked for with it. */
const ARCHIVED = [
  '{ interactions(filter: { includeArchived: true }) { nodes { query } } }',
  '{ interactions(filter: { includeArchived: true, conversationId: "thread of vera" }) { nodes { query } } }',
  `{ interactions(filter: { includeArchived: true, text: "${WORDS}" }) { nodes { query } } }`,
  `{ memorySearch(query: "${WORDS}", filter: { includeArchived: true }) { hits { interaction { query } } } }`,
  '{ conversation(conversationId: "thread of vera") { interactions { nodes { query } } } }',
  '{ exportUser { lines } }',
];
const OF_ARCHIVED = `${WORDS} ${CANARY} 0`;

test.each(ARCHIVED)('what is in the archive is its owner’s alone: %s', async (query) => {
  expect(
    await app.sql('select from echo_unified_interactions_archive where user_id = $1', [VICTIM]),
  ).toHaveLength(1);
  await expect
    .poll(async () => JSON.stringify(await app.graphql(query, {}, VICTIM)), { timeout: 60_000 })
    .toContain(OF_ARCHIVED);
  for (const attacker of [ATTACKER, '@other:admin']) {
    const answer = await app.graphql(query, {}, attacker);
    expect(answer.errors).toBeUndefined();
    expect(leaks(answer, {})).toEqual([]);
  }
});

test('nobody else brings it back from there, or puts more of it there', async () => {
  const before = await app.sql('select turn_id, archived_at from echo_unified_interactions order by turn_id');
  for (const attacker of [ATTACKER, '@other:admin']) {
    const { data } = await app.graphql(
      'mutation { restoreArchived(conversationId: "thread of vera") { ... on Error { code } } }',
      {},
      attacker,
    );
    expect(data.restoreArchived.code).toBe('NOT_FOUND');
    for (const type of ['archive_interactions', 'restore_archived']) {
      const payload =
        type === 'restore_archived' ? { conversationId: 'thread of vera' } : { olderThanMonths: 1 };
      const { taskId } = await runTask(app, { type, payload }, attacker);
      expect((await untilTask(app, taskId, 'COMPLETED', attacker)).result.turns).toBe(0);
    }
  }
  expect(
    await app.sql('select turn_id, archived_at from echo_unified_interactions order by turn_id'),
  ).toEqual(before);
});

test('all that is exported of the victim, of every kind, comes back on another server', async () => {
  const lines = await exportedLines(app, VICTIM);
  expect(unexported(DUTIES, new Set(lines.map((line) => JSON.parse(line).kind)))).toEqual([]);
  const other = await startTestApp();
  try {
    expect(await lostLines(other, VICTIM, lines)).toEqual([]);
  } finally {
    await other.close();
  }
});

describe('every place where a caller can put a value', () => {
  test('has a policy', () => {
    expect(root.length).toBeGreaterThan(60);
    expect(root.flatMap((place) => missingPolicy(place) ?? [])).toEqual([]);
    expect(
      nested.filter((name) => !NESTED.has(name)),
      'list them in NESTED if only who may see the object reaches them',
    ).toEqual([]);
  });

  test('fails that test if it has none', () => {
    const planted: GraphQLSchema = buildSchema(
      'type Query { diary(diaryId: ID!): String, page(filter: Filter): Book } input Filter { shelfId: ID } type Book { leaf(leafId: ID): String }',
    );
    const found = placesOf(planted);
    expect(found.root.map(missingPolicy)).toEqual([
      expect.stringContaining('Query.diary(diaryId)'),
      expect.stringContaining('Query.page(filter.shelfId)'),
    ]);
    expect(found.nested).toEqual(['Book.leaf(leafId)']);
  });
});

const probes = root
  .filter(({ operation }) => operation !== 'subscription')
  .flatMap((place) => {
    const name = nameIn(place);
    return IDENTIFIERS.includes(name) || VALUES[name] === WORDS ? [[place.name, place] as const] : [];
  });

describe.each([
  ['another user', ATTACKER],
  ['an admin of another tenant', '@other:admin'],
])('%s', (_who, attacker) => {
  // First, because an attacker may make a thread of the same name in a tenant of their own.
  test('is told the same of what is somebody else’s and of what does not exist', async () => {
    const made: Record<string, string> = {
      turnId: crypto.randomUUID(),
      conversationId: 'no such thread',
      goalId: 'no such goal',
      parentId: 'no such goal',
      fileHash: hashNamed('no such picture'),
      keyId: '000000000000',
      keyIds: ['000000000000'] as never,
      requestId: crypto.randomUUID(),
      partnerId: 'no-such-partner',
      clientId: 'no-such-client',
      partyId: 'no-such-client',
      payoutId: crypto.randomUUID(),
      reportId: crypto.randomUUID(),
      taskId: crypto.randomUUID(),
      credential: 'no-such-credential',
      characterName: 'No such figment',
      character: 'No such figment',
      characters: 'No such figment',
      webhookId: crypto.randomUUID(),
      generationId: crypto.randomUUID(),
      projectId: crypto.randomUUID(),
      segmentId: crypto.randomUUID(),
      segmentIds: crypto.randomUUID(),
      deliveryId: crypto.randomUUID(),
    };
    for (const [, place] of probes) {
      const name = nameIn(place);
      const nothing = made[name];
      // Writing into a thread that does not exist makes it.
      if (
        nothing === undefined ||
        [
          'recordTurns',
          'processQuery',
          'storeCredential',
          'upsertCharacter',
          'upsertCharacters',
          'importCharacter',
          'createClientAccount',
          'createPartner',
        ].includes(place.field)
      )
        continue;
      const ask = async (secret: unknown) => {
        const { query, variables } = attack(place, secret);
        const answer = JSON.stringify(await app.graphql(query, variables, attacker));
        return answer
          .replaceAll(String(secret), 'IT')
          .replaceAll(/"correlationId":"[^"]*"/g, '')
          .replaceAll(/"\w*tookMs":[\d.]+/g, '');
      };
      expect([place.name, await ask(secrets[name]?.[0])]).toEqual([place.name, await ask(nothing)]);
    }
  });

  test.each(probes)('learns and changes nothing by %s', async (_name, place) => {
    const name = nameIn(place);
    for (const secret of secrets[name] ?? [VALUES[name]]) {
      const before = await victimsRows();
      const { query, variables } = attack(place, secret);
      const answer = await app.graphql(query, variables, attacker);
      expect(answer.errors?.map(({ extensions }) => extensions.code) ?? []).not.toContain(
        'GRAPHQL_VALIDATION_FAILED',
      );
      expect(answer.errors?.map(({ extensions }) => extensions.code) ?? []).not.toContain(
        'QUERY_TOO_COMPLEX',
      );
      // Text that the attacker stores is the attacker's own, and may be found again.
      expect(leaks(answer, variables)).toEqual([]);
      expect(await victimsRows()).toEqual(before);
    }
  });
});

test('thumbnails of a user are shown to nobody else, and nobody learns whether there are any', async () => {
  const ask = async (user: string, path: string) => {
    const response = await fetch(`${app.url}${path}`, { headers: { 'x-test-user': user } });
    return {
      status: response.status,
      text: (await response.text()).replaceAll(/"correlationId":"[^"]*"/g, ''),
    };
  };
  const [hers, none] = ['one', 'no such picture'].map((name) => `/media/${hashNamed(name)}/256.webp`);
  expect(await ask(VICTIM, hers ?? '')).toEqual({ status: 200, text: CANARY });
  for (const attacker of [ATTACKER, '@other:admin'])
    for (const search of ['', `?userId=${VICTIM}`]) {
      const answer = await ask(attacker, `${hers}${search}`);
      expect([403, 404]).toContain(answer.status);
      expect(answer).toEqual(await ask(attacker, `${none}${search}`));
    }
});

test('an owner sees all of it by the same calls, so the calls are not empty', async () => {
  const seen = new Set<string>();
  for (const [, place] of probes) {
    const name = nameIn(place);
    if (place.operation !== 'query') continue;
    for (const secret of secrets[name] ?? [VALUES[name]]) {
      const { query, variables } = attack(place, secret);
      if (JSON.stringify(await app.graphql(query, variables, VICTIM)).includes(CANARY)) seen.add(place.name);
    }
  }
  expect([...seen]).toEqual(
    expect.arrayContaining([
      'Query.conversation(conversationId)',
      'Query.interaction(turnId)',
      'Query.interactions(after)',
      'Query.interactions(filter.conversationId)',
      'Query.interactions(filter.text)',
      'Query.memorySearch(query)',
      'Query.character(name)',
      'Query.characters(filter.search)',
      'Query.node(id)',
      'Query.task(taskId)',
      'Query.goal(goalId)',
      'Query.mediaInsight(fileHash)',
      'Query.mediaInsights(filter.text)',
      'Query.mediaInsights(filter.tag)',
      'Query.mediaInsights(filter.camera)',
      'Query.mediaInsights(filter.character)',
      'Query.goals(filter.parentId)',
      'Query.fact(factId)',
      'Query.facts(filter.text)',
      'Query.facts(filter.subject)',
    ]),
  );
});

describe('subscriptions', () => {
  const subscriptions = root.filter(
    ({ operation, path }) => operation === 'subscription' && IDENTIFIERS.includes(path.at(-1) ?? ''),
  );

  test.each(subscriptions.map((place) => [place.name, place] as const))(
    'tell another user nothing by %s',
    async (_name, place) => {
      const client = app.connect(ATTACKER);
      const told: unknown[] = [];
      const name = nameIn(place);
      const given: unknown[] = [];
      const listening = (secrets[name] ?? []).map(async (secret) => {
        const { query, variables } = attack(place, secret);
        given.push(variables);
        for await (const result of overWebSocket(client, query, variables)) told.push(result);
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      await app.record('thread of vera', [`${WORDS} ${CANARY} again`], VICTIM);
      await app.record('thread of eve', ['Something of mine'], ATTACKER);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await client.dispose();
      await Promise.allSettled(listening);
      expect(leaks(told, given)).toEqual([]);
    },
  );
});

describe('every statement that was sent meanwhile', () => {
  const OWNED = new RegExp(
    `\\b(${DUTIES.filter(({ owner }) => owner !== 'system')
      .map(({ table }) => getTableName(table))
      .join('|')})\\b`,
  );
  /** Statements without an owner in them, and why that is right. */
  const EXCEPTIONS: Record<string, string> = {
    stored_turns: 'the journal looks whether turns that it made itself are stored',
    finish_vectors: 'the vector worker, for turns that it took',
    any_vector_waiting: 'the vector worker, which asks whether any turn of the server waits',
    oldest_without_vector: 'a figure of the whole server',
    index_queue_standing: 'a figure of the whole server',
    claim_task: 'a worker takes the task that is next, whosever it is',
    lost_tasks: 'tasks of workers that are gone, whosever they are',
    task_outlook: 'when the next task is due, of all',
    clear_flag_users: 'an admin says for whom a flag is on, of all tenants',
    audit_first_unsealed: 'the audit log’s seals, over all that happened on the server',
    audit_flag: 'how many users an admin named in a flag',
    index_texts: 'the word index, for turns whose ids came with their owner',
    characters_to_key: 'keys of names, of all at the start',
    archive_lock: 'the archive, for conversations whose ids came with their owner',
    erasures_latest: 'who was erased, by hash, of all: each turn that comes is compared with it',
    last_transaction_number: 'whether the database came from another cluster, at the start',
    events_latest: 'the feed reads for all; each subscriber is asked what it may see',
    events_after: 'the feed reads for all; each subscriber is asked what it may see',
  };
  /** Those that are not sent in every run: a vector may be found without its turn, or an alert told a second time. */
  const SOMETIMES: Record<string, string> = {
    alerts_told_before: 'alerts are of the whole server',
    changes_of_alerts: 'alerts are of the whole server',
    requeue_vectors: 'the comparison of vectors and turns, for turns that it found itself',
    share_with_vector: 'a figure of the whole server, read once a minute',
    oldest_without_vector: 'a figure of the whole server, read once a minute',
  };

  test('names its owner where it touches what somebody owns', () => {
    const forgetful = [...statements]
      // Retention is of the whole server.
      .filter(([name]) => !name.startsWith('delete_outdated_'))
      .filter(([, text]) => OWNED.test(text) && !/tenant_id|owner_id/.test(text))
      .map(([name]) => name)
      .filter((name) => !(name in EXCEPTIONS || name in SOMETIMES));
    expect(statements.size).toBeGreaterThan(30);
    expect(forgetful).toEqual([]);
    expect(Object.keys(EXCEPTIONS).filter((name) => !statements.has(name))).toEqual([]);
  });
});
