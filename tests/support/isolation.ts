import { getTableName } from 'drizzle-orm';
import type { Duty } from '../../src/db/duty.ts';
import type { Place } from './every-field.ts';
import type { TestApp } from './harness.ts';

/** What the victim talks of, which others may guess. */
export const WORDS = 'quinquereme of nineveh';
/** What only the victim knows: it must reach nobody else, wherever they put the victim's ids. */
export const CANARY = 'sealed-7f3a';
export const VICTIM = 'vera';
export const ATTACKER = 'eve';
/** Names that stand for somebody's data: the attacker puts the victim's there. */
export const IDENTIFIERS = [
  'id',
  'turnId',
  'turnIds',
  'conversationId',
  'episodeId',
  'userId',
  'idempotencyKey',
  'sessionId',
  'after',
  'before',
  'keyId',
  'keyIds',
  'requestId',
  'reportId',
  'partnerId',
  'clientId',
  'partyId',
  'payoutId',
  'taskId',
  'confirm',
  'lines',
  'credential',
  'characterName',
  'character',
  'characters',
  'goalId',
  'fileHash',
  'generationId',
  'projectId',
  'briefId',
  'customerId',
  'invoiceId',
  'refundId',
  'differenceId',
  'segmentId',
  'segmentIds',
  'parentId',
  'factId',
  'changeId',
  'webhookId',
  'deliveryId',
  'backupId',
];
/** Names that stand for nothing of a user's, and a value for each. What the victim said is put in as text, too. */
export const VALUES: Record<string, unknown> = {
  query: WORDS,
  question: WORDS,
  text: WORDS,
  search: WORDS,
  title: WORDS,
  note: WORDS,
  deadline: '2999-01-01T00:00:00Z',
  topLevel: false,
  pinned: true,
  orderBy: 'CREATED',
  speaker: WORDS,
  responder: WORDS,
  response: 'Noted',
  comment: 'Good',
  type: 'heartbeat',
  description: WORDS,
  key: 'no-such-flag',
  tenantId: 'nowhere',
  tenants: ['nowhere'],
  enabled: true,
  percentage: 0,
  payload: {},
  priority: 'LOW',
  scheduledFor: new Date(Date.now() + 86_400_000).toISOString(),
  maxRetries: 0,
  timeoutSeconds: 60,
  system: true,
  seq: 1,
  paused: true,
  path: '/nowhere/to/be/found',
  schedule: 'heartbeat',
  metric: 'echo_turns_stored_total',
  stepSeconds: 3_600,
  first: 5,
  last: 5,
  limit: 20,
  intervalMs: 60_000,
  olderThanDays: 3_650,
  olderThanMonths: 1_200,
  rating: 1,
  minScore: 0,
  processingTimeMs: 1,
  since: '2000-01-01T00:00:00Z',
  until: '2999-01-01T00:00:00Z',
  timestamp: '2020-01-01T00:00:00Z',
  expiresAt: '2999-01-01T00:00:00Z',
  includeArchived: true,
  includeSuperseded: true,
  dryRun: false,
  activeOnly: false,
  shared: false,
  replace: true,
  mediaType: 'image/jpeg',
  kind: 'IMAGE',
  state: 'PRESENT',
  takenAfter: '2000-01-01T00:00:00Z',
  takenBefore: '2999-01-01T00:00:00Z',
  camera: WORDS,
  tag: WORDS,
  category: CANARY,
  south: -90,
  north: 90,
  west: -180,
  east: 180,
  latitude: 1,
  longitude: 1,
  radiusKm: 20_000,
  minQuality: 0,
  learned: false,
  maxDistance: 12,
  add: ['a tag'],
  remove: ['another tag'],
  greeting: 0,
  useStyle: false,
  prompt: WORDS,
  role: WORDS,
  output: 'a text by eve',
  decision: WORDS,
  reason: WORDS,
  durationSeconds: 1,
  framesPerSecond: 24,
  position: 1,
  deleted: false,
  negativePrompt: WORDS,
  workflow: 'blank',
  seed: 1,
  width: 64,
  height: 64,
  identity: 1,
  style: 1,
  quality: 1,
  creator: CANARY,
  sourceFranchise: CANARY,
  characterType: CANARY,
  intent: 'conversation',
  status: 'RECORDED',
  tiers: ['KEYWORDS', 'RECENT'],
  timeZone: 'Pacific/Apia',
  mode: 'PLAIN_ENGLISH',
  intelligenceLevel: 'QUICK',
  requestType: 'COLLABORATION',
  context: {},
  metadata: {},
  modelUsed: 'x',
  tokenId: 'x',
  value: 'x',
  code: '000000',
  roles: ['ADMIN'],
  subject: WORDS,
  predicate: 'likes',
  object: WORDS,
  statement: WORDS,
  negated: false,
  validFrom: '2000-01-01T00:00:00Z',
  validUntil: '2999-01-01T00:00:00Z',
  origin: 'PERSON',
  asOf: '2999-01-01T00:00:00Z',
  recordedAsOf: '2999-01-01T00:00:00Z',
  cascade: true,
  url: 'https://93.184.215.14/hook',
  events: ['INTERACTION_ADDED'],
  ofTenant: false,
  rotateSecret: false,
  channel: 'webhook',
  permissions: ['ADMIN'],
  format: 'JSON_V3',
  content: Buffer.from(JSON.stringify({ name: 'Figment of Vera', first_mes: WORDS })).toString('base64'),
  alertId: '00000000-0000-4000-8000-000000000000',
  journalId: '00000000-0000-4000-8000-000000000000',
  minutes: 5,
  alertChannel: 'log',
  region: 'EU',
  rate: 1,
  month: '2020-01',
  suspended: true,
  at: '2026-01-01T00:00:00Z',
  askedAt: '2026-01-01T00:00:00Z',
  open: true,
  outcome: 'DONE',
  email: 'eve@example.org',
  currency: 'EUR',
  amount: 5,
  collection: 'CHARGE',
  daysUntilDue: 5,
  name: WORDS,
  days: 30,
  turnsPerDay: 0,
  tasksPerDay: 0,
  modelCostPerDay: 0,
  storageBytes: 0,
  briefsPerDay: 0,
  of: 'MODEL_COST',
  level: 0.9,
};
/** What a profile says: nothing that names somebody else's. */
const PROFILE = /^Mutation\.(?:upsertCharacters?|(?:create|update)(?:Project|PaymentCustomer))\(/;
/** What somebody calls a thing of their own. */
const OWN_NAMES = /^Mutation\.create(?:ApiKey|Task|Partner|ClientAccount)\(input\.name\)$/;
/** What a place is called; names of credentials are told from other names. */
export function nameIn({ field, path }: Place): string {
  const name = path.at(-1) ?? '';
  if (name !== 'name') return name;
  return field.endsWith('Credential')
    ? 'credential'
    : /character/i.test(field)
      ? 'characterName'
      : /schedule/i.test(field)
        ? 'schedule'
        : /metric/i.test(field)
          ? 'metric'
          : /alert/i.test(field)
            ? 'alertChannel'
            : name;
}

/** Why nobody has said yet how a place is kept apart; null if somebody has. */
export function missingPolicy(place: Place): string | null {
  const name = nameIn(place);
  if (OWN_NAMES.test(place.name)) return null;
  if (PROFILE.test(place.name) || IDENTIFIERS.includes(name) || name in VALUES) return null;
  return `${place.name}: say in tests/support/isolation.ts whose "${name}" is`;
}

/** Tables that change meanwhile by right, as the log tells of attacks. */
const RESTLESS = ['echo_audit_log', 'echo_audit_names'];

/** Duties of the tables whose rows of a user or a tenant must stay as they are; not of the index, which is made in the background. */
function keptApart(duties: readonly Duty[]): Duty[] {
  return duties
    .filter(({ table }) => !RESTLESS.includes(getTableName(table)))
    .filter(({ owner, erasure }) =>
      typeof owner === 'object'
        ? 'user' in owner && (erasure.rows === 'keep' || erasure.left !== 'index')
        : owner === 'tenant',
    );
}

const isPersonal = ({ owner }: Duty) => typeof owner === 'object';

/** Names of the tables of users' rows that are kept apart. */
export function victimsTables(duties: readonly Duty[]): string[] {
  return keptApart(duties)
    .filter(isPersonal)
    .map(({ table }) => getTableName(table));
}

/** All that is stored of a user and of their tenant, by table. */
export async function rowsOf(
  sql: TestApp['sql'],
  duties: readonly Duty[],
  user: string,
): Promise<Record<string, string | null>> {
  const columns = keptApart(duties).map((duty) => {
    const name = getTableName(duty.table);
    const condition = isPersonal(duty) ? "user_id = $1 and tenant_id = 'default'" : "tenant_id = 'default'";
    // What the server is doing is told when it has been gathered, seconds after what it tells of.
    const told = name === 'echo_events' ? ` and kind <> 'activity'` : '';
    return `(select json_agg(t order by t::text) from "${name}" t where ${condition}${told})::text as "${name}"`;
  });
  const [rows] = await sql<Record<string, string | null>>(
    `select ${columns.join(', ')}, $1::text as victim`,
    [user],
  );
  return rows ?? {};
}

/** Tables of users' rows in which the victim has none, so that no attack on them is tried. */
export function withoutVictim(
  duties: readonly Duty[],
  rows: Readonly<Record<string, string | null>>,
): string[] {
  return victimsTables(duties).filter((table) => !rows[table]);
}
