import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAccess } from './access/access.ts';
import { LOCAL_PRINCIPAL } from './access/principals.ts';
import type { Config } from './config.ts';
import type { Availability } from './db/availability.ts';
import type { Database } from './db/client.ts';
import { AlertBoard } from './domains/alerts/alerts.ts';
import { AlertWebhook } from './domains/alerts/webhook.ts';
import { upsertCharacters } from './domains/characters/characters.ts';
import { CharacterDirectory } from './domains/characters/directory.ts';
import { characterStats } from './domains/characters/reads.ts';
import { SEED_CHARACTERS } from './domains/characters/seed.ts';
import { providerKeysUnreadable, secretsStale, secretsUnreadable } from './domains/credentials/promises.ts';
import { StoredProviderKeys } from './domains/credentials/provider-keys.ts';
import { reencrypt } from './domains/credentials/rotation.ts';
import { UrlForbidden } from './domains/errors.ts';
import { Canary } from './domains/health/canary.ts';
import { createHealth } from './domains/health/health.ts';
import { Metrics } from './domains/health/metrics.ts';
import { createWatch } from './domains/health/watch.ts';
import { MAX_RESPONSE_LENGTH } from './domains/input.ts';
import { TurnStore } from './domains/interactions/store.ts';
import { probe } from './domains/memory/embed-each.ts';
import { createEmbeddingPriority } from './domains/memory/embedding-priority.ts';
import { createMeaningSearch } from './domains/memory/meaning.ts';
import { vectorsLost, vectorsRebuilt } from './domains/memory/promises.ts';
import { createReconciler } from './domains/memory/reconciler.ts';
import { createVectorCopies } from './domains/memory/vector-copies.ts';
import { turnsAmong } from './domains/memory/vector-queue.ts';
import { createVectorSearch } from './domains/memory/vector-search.ts';
import { createVectorWorker } from './domains/memory/vector-worker.ts';
import { Persistence } from './domains/persistence/persistence.ts';
import {
  databaseDown,
  databaseNotDurable,
  journalDamaged,
  journalVolatile,
} from './domains/persistence/promises.ts';
import { ReceiptSigner } from './domains/privacy/signing.ts';
import { Tombstones } from './domains/privacy/tombstones.ts';
import { RunningQueries } from './domains/query/running.ts';
import { TextAnalyses } from './domains/word-index/turns.ts';
import { createIndexWorker } from './domains/word-index/worker.ts';
import { EventFeed } from './events/feed.ts';
import { EventOutbox } from './events/outbox.ts';
import type { Services } from './graphql/context.ts';
import type { Journal } from './journal/journal.ts';
import { promises } from './lists/promises.ts';
import type { Logger } from './log.ts';
import { configuredModels, embedderOf, type ModelParts, modelsReachability } from './models/configured.ts';
import type { Embedder } from './models/embedder.ts';
import { createReachability } from './models/reachability.ts';
import { createModelRouter } from './models/router.ts';
import { Outbound } from './outbound/outbound.ts';
import { Sealer } from './secrets/sealing.ts';
import { Secrets } from './secrets/secrets.ts';
import type { Vault } from './secrets/vault.ts';
import { StartupError } from './startup.ts';
import { createQdrantStore } from './vectors/qdrant.ts';
import { createSqliteVecStore } from './vectors/sqlite-vec.ts';
import type { VectorModel } from './vectors/vector-store.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
/** Milliseconds that the journal gets to empty itself when the server stops. */
const DRAIN_MS = 5_000;
/** What other servers may send us, and how long they may take. */
const WEBHOOK_LIMITS = { timeoutMs: 10_000, maxBytes: 65_536 };
const PUBLIC_KEYS_LIMITS = { timeoutMs: 5_000, maxBytes: 262_144 };
/** Turns whose server was killed while it embedded them wait so long for another. */
const VECTOR_LEASE_MS = 15_000;

interface Ground {
  readonly config: Config;
  readonly log: Logger;
  readonly db: Database;
  readonly databaseId: string;
  readonly availability: Availability;
  readonly vault: Vault | null;
  readonly journal: Journal;
  readonly embedder: Embedder;
  readonly outbound: Outbound;
  readonly secrets: Secrets;
  readonly sealer: Sealer | null;
  readonly providerKeys: StoredProviderKeys;
  readonly modelParts: ModelParts;
}

/** Secrets from wherever they are kept, and the client that shows them to others. */
export async function openSecrets(
  ground: Pick<Ground, 'config' | 'log' | 'db' | 'availability' | 'vault'>,
  releases: (() => unknown)[],
) {
  const { config, log, db, availability, vault } = ground;
  const outbound = new Outbound({ allowed: config.outboundAllow });
  if (config.alertWebhook)
    await outbound.check(config.alertWebhook.url).catch((error: unknown) => {
      if (!(error instanceof UrlForbidden)) throw error;
      throw new StartupError(`ALERT_WEBHOOK_URL: ${error.code}: ${error.message}; see OUTBOUND_ALLOW`);
    });
  const secrets = new Secrets(config.secrets, vault);
  const sealer = config.masterKey && new Sealer(config.masterKey, config.previousMasterKey);
  const rotation = await reencrypt(db, sealer);
  if (rotation.done > 0) log.info({ secrets: rotation.done }, 'encrypted anew under the master key');
  const providerKeys = new StoredProviderKeys({ db, sealer, secrets, log }, availability);
  await providerKeys.start();
  releases.push(
    () => outbound.close(),
    () => vault?.stop(),
    () => providerKeys.stop(),
  );
  const modelParts: ModelParts = {
    config,
    fetchTo: (url, limits) => outbound.fetcherTo(url, limits),
    secret: (name) => secrets.get(name),
    maxAnswerCharacters: MAX_RESPONSE_LENGTH,
  };
  return { outbound, secrets, sealer, providerKeys, modelParts, unreadableSecrets: rotation.unreadable };
}

/** Builds every part that works behind the doors, and says how each is released. */
export function buildServices(ground: Ground, releases: (() => unknown)[]): Services {
  const { config, log, db, availability, journal, sealer, providerKeys } = ground;
  const events = new EventFeed(db, log);
  const outbox = new EventOutbox({ db, journal, feed: events, log, isUp: () => availability.isUp });
  const alerts = buildAlerts(ground, outbox, releases);
  const metrics = new Metrics();
  let wakeMemory: (turns: number) => void = () => undefined;
  const persistence = new Persistence({
    journal,
    outbox,
    onCommitted: (turns) => {
      metrics.countTurns(turns);
      events.wake();
      wakeMemory(turns.length);
    },
  });
  const store = new TurnStore({
    db,
    journal,
    log,
    ackPolicy: config.ackPolicy,
    ackDeadlineMs: config.ackDeadlineMs,
    isUp: () => availability.isUp,
    reportDown: (reason) => availability.reportDown(reason),
    suspect: () => availability.suspect(),
    observe: persistence,
  });
  tellAvailability(ground, { alerts, store, outbox });
  metrics.start();
  availability.start();
  // The last comes first.
  releases.push(
    () => persistence.flush(),
    () => store.stop(DRAIN_MS),
    () => events.stop(),
    () => metrics.stop(),
    () => availability.stop(),
  );
  const memory = buildMemory({ ...ground, persistence, alerts }, releases);
  wakeMemory = (turns) => {
    memory.vectorWorker.wake();
    memory.indexWorker.wake(turns);
  };
  const guards = buildGuards(ground, metrics, releases);
  const canary = new Canary({ ...ground, store, ...memory, ...guards }, config.canaryIntervalMs);
  const own = {
    sealer,
    providerKeys,
    availability,
    events,
    alerts,
    metrics,
    persistence,
    store,
    models: buildModels(ground),
    canary,
    ...guards,
    journal,
    inFlight: new Map(),
    running: new RunningQueries(),
  };
  const parts = { config, log, db, ...own, ...memory };
  const health = createHealth(promises, parts, version);
  canary.start();
  const watch = createWatch({ promises, parts, health, alerts, log });
  watch.start();
  releases.push(
    () => canary.stop(),
    () => watch.stop(),
  );
  return { ...parts, health };
}

/** The language models, each behind its queue and its breaker. */
function buildModels({ config, log, modelParts }: Ground) {
  const limits = config.languageModels && { concurrency: config.languageModels.concurrency };
  return createModelRouter({ models: configuredModels(modelParts), log, ...limits });
}

/** What begins and ends with the database. */
function tellAvailability(
  { availability }: Ground,
  { alerts, store, outbox }: { alerts: AlertBoard; store: TurnStore; outbox: EventOutbox },
): void {
  availability.onChange(({ up, reason }) => {
    alerts.set(databaseDown, up ? null : { reason });
    if (up) store.resume();
    if (up) void outbox.flush();
  });
}

/** The dangers, where they are posted, and one that may begin with Vault. */
function buildAlerts(
  { config, log, outbound, vault, providerKeys }: Ground,
  outbox: EventOutbox,
  releases: (() => unknown)[],
): AlertBoard {
  const webhook =
    config.alertWebhook &&
    new AlertWebhook({ ...config.alertWebhook, fetch: outbound.fetcher(WEBHOOK_LIMITS), log });
  releases.push(() => webhook?.stop());
  const alerts = new AlertBoard(outbox, log, (alert) => webhook?.send(alert));
  providerKeys.onLook((names) => alerts.set(providerKeysUnreadable, names.length > 0 ? { names } : null));
  vault?.start(log, () => {
    const { trouble } = vault;
    alerts.set(secretsStale, trouble === null ? null : { trouble });
  });
  return alerts;
}

/** Who may come in, and whose turns may not come back. */
function buildGuards(ground: Ground, metrics: Metrics, releases: (() => unknown)[]) {
  const { config, log, db, availability, outbound, secrets } = ground;
  const fetchTo = (url: string) => outbound.fetcherTo(url, PUBLIC_KEYS_LIMITS);
  const secret = (name: 'API_KEY' | 'JWT_SECRET') => secrets.get(name);
  const onRefused = (code: string) => metrics.countRefusal(code);
  const headPath = join(config.dataDirectory, 'audit.seal');
  const access = createAccess(config.access, { db, availability, log, fetchTo, secret, onRefused, headPath });
  const tombstones = new Tombstones(db, availability, log);
  const signer = new ReceiptSigner(config.dataDirectory);
  releases.push(
    () => access.stop(),
    () => tombstones.stop(),
  );
  return { access, tombstones, signer };
}

/** What an operator must know of the ground that the promises stand on. */
export function noteDangers(
  { alerts, config }: Services,
  journal: Journal,
  found: {
    fileSystem: string | null;
    durabilityProblems: readonly string[];
    unreadableSecrets: number;
  },
): void {
  const { fileSystem, durabilityProblems, unreadableSecrets } = found;
  if (unreadableSecrets > 0)
    alerts.raise(secretsUnreadable, { count: unreadableSecrets, hasMasterKey: config.masterKey !== null });
  if (fileSystem) alerts.raise(journalVolatile, { fileSystem });
  if (durabilityProblems.length > 0) alerts.raise(databaseNotDurable, { settings: durabilityProblems });
  const { damage } = journal.recovered;
  if (damage.length > 0) alerts.raise(journalDamaged, { damage });
}

/** Memory: the word index and who keeps it; where vectors are kept, who makes them, who repairs them. */
function buildMemory(
  {
    config,
    log,
    db,
    databaseId,
    persistence,
    alerts,
    embedder,
    secrets,
    modelParts,
  }: Ground & Pick<Services, 'persistence' | 'alerts'>,
  releases: (() => unknown)[],
) {
  const texts = new TextAnalyses();
  const indexWorker = createIndexWorker({ db, texts, log });
  const model = { name: embedder.name, dimensions: embedder.dimensions };
  const onRebuild = (found: { movedTo: string; reason: string }) => alerts.raise(vectorsRebuilt, found);
  const database = { id: databaseId, turnsAmong: (ids: readonly string[]) => turnsAmong(db, ids) };
  const store = config.qdrant
    ? createQdrantStore({ ...config.qdrant, apiKey: secrets.get('QDRANT_API_KEY'), database, model })
    : createSqliteVecStore({ directory: config.dataDirectory, database, model, log, onRebuild });
  const priority = createEmbeddingPriority();
  const vectorWorker = createVectorWorker({
    db,
    store,
    embedder,
    log,
    priority,
    leaseMs: VECTOR_LEASE_MS,
    onProgress: (batch) => persistence.vectorsDone(batch),
  });
  // Others on the same database would have to come in from outside, and would have vectors of their own.
  const isAlone = config.qdrant !== null || config.databaseUrl === null;
  const reconciler = createReconciler({
    db,
    store,
    log,
    copy: isAlone ? undefined : createVectorCopies({ db, store, embedder, log, priority }),
    onFinding: ({ missing }) => {
      vectorWorker.wake();
      if (missing > 0) alerts.raise(vectorsLost, undefined);
    },
    onPass: ({ missing }) => {
      if (missing === 0) alerts.clear(vectorsLost, 'no turn misses its vector any more');
    },
  });
  const earlierEmbedder = (earlier: VectorModel) => embedderOf(modelParts, earlier);
  const meaning = embedder.knowsMeaning
    ? createMeaningSearch(createVectorSearch({ store, embedder, log, priority, earlierEmbedder }), log)
    : null;
  const ending = new AbortController();
  indexWorker.start();
  vectorWorker.start();
  reconciler.start();
  releases.push(
    () => store.close(),
    () => vectorWorker.stop(),
    () => reconciler.stop(),
    () => indexWorker.stop(),
    () => ending.abort(),
  );
  const reach = {
    vectorStore: createReachability(() => store.ping()),
    embedder: embedder.knowsMeaning ? createReachability(() => probe(embedder, ending.signal)) : null,
    models: modelsReachability(modelParts),
  };
  void reach.models?.look(0);
  const characters = new CharacterDirectory(db, log);
  const index = { texts, indexWorker };
  return { characters, embedder, vectors: store, reach, vectorWorker, reconciler, ...index, meaning };
}

/** An empty database gets the seed characters, so that a first query has something to answer from. */
export async function seedCharacters(services: Services): Promise<void> {
  if (services.config.databaseUrl || (await characterStats(services.db, LOCAL_PRINCIPAL)).total > 0) return;
  await upsertCharacters(services, LOCAL_PRINCIPAL, SEED_CHARACTERS);
}
