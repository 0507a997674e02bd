import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOpenAiServer } from '../../tests/support/openai-server.ts';
import { startQdrantDouble } from '../../tests/support/qdrant-double.ts';
import { startReceiver } from '../../tests/support/receiver.ts';
import type { Finding } from '../findings.ts';
import type { TortureOptions } from '../options.ts';
import type { Random } from '../random.ts';
import { prepareServers, type ServersStand } from '../servers-stand.ts';
import { type Doorway, startDoorway } from './doorway.ts';

/** What the servers of a soak stand on, beside their database; `close` leaves nothing running. */
export interface SoakStand {
  readonly servers: ServersStand;
  /** Language and embedding models. */
  readonly model: Doorway;
  readonly vectorStore: Doorway;
  /** Whom webhooks and alerts are posted to. */
  readonly receiver: Awaited<ReturnType<typeof startReceiver>>;
  /** Pictures; and what is made on the way. */
  readonly media: string;
  readonly scratch: string;
  readonly backups: string;
  readonly masterKey: string;
  /** What the doubles remember of each request, which no run of an hour needs. */
  forget(): void;
  close(keep: boolean): Promise<void>;
}

const MASTER_KEY = '5e'.repeat(32);
/** Often enough that health sees the end of a fault within the time that it is given for that. */
const CANARY_MS = 20_000;

/** @throws whatever kept a part from its start; then nothing is left */
export async function prepareSoak(
  options: TortureOptions,
  random: Random,
  report: (finding: Finding) => void,
  print: (line: string) => void,
): Promise<SoakStand> {
  const scratch = await realpath(await mkdtemp(join(tmpdir(), 'echo-soak-')));
  const releases: (() => unknown)[] = [() => rm(scratch, { recursive: true, force: true })];
  const close = async (keep: boolean) => {
    if (keep) releases.shift();
    for (const release of releases.splice(0).reverse()) await release();
  };
  try {
    const [media, backups] = [join(scratch, 'media'), join(scratch, 'backups')];
    await mkdir(media);
    await mkdir(backups);
    const openAi = await startOpenAiServer();
    releases.push(() => openAi.close());
    const qdrant = await startQdrantDouble();
    releases.push(() => qdrant.close());
    const receiver = await startReceiver();
    releases.push(() => receiver.close());
    const model = await startDoorway(Number(new URL(openAi.url).port));
    releases.push(() => model.close());
    const vectorStore = await startDoorway(Number(new URL(qdrant.url).port));
    releases.push(() => vectorStore.close());
    const base = `http://127.0.0.1:${model.port}/v1`;
    const servers = await prepareServers(options, random, report, print, {
      ...{ LLM_BASE_URL: base, LLM_MODELS: 'quick=small,expert=large' },
      ...{ EMBEDDINGS_BASE_URL: base, EMBEDDINGS_MODEL: 'vectors', EMBEDDINGS_DIMENSIONS: '16' },
      QDRANT_URL: `http://127.0.0.1:${vectorStore.port}`,
      ...{ MASTER_KEY, OUTBOUND_ALLOW: '127.0.0.1', ALERT_WEBHOOK_URL: receiver.url },
      ...{ MEDIA_ROOTS: media, MEDIA_WORKERS: '1', BACKUP_DIR: backups, BACKUP_KEEP: 'last=500' },
      ...{ CANARY_INTERVAL_MS: String(CANARY_MS) },
    });
    releases.push(() => servers.close(false));
    return {
      ...{ servers, model, vectorStore, receiver, media, scratch, backups, masterKey: MASTER_KEY },
      forget: () => {
        openAi.requests.length = 0;
        qdrant.requests.length = 0;
      },
      close: async (keep) => {
        if (keep) {
          releases.pop();
          releases.push(() => servers.close(true));
        }
        await close(keep);
      },
    };
  } catch (error) {
    await close(false);
    throw error;
  }
}
