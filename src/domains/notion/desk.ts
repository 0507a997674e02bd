import type { NotionKind, NotionMirrorSetting } from '../../config/notion.ts';
import type { Database } from '../../db/client.ts';
import { NotConfigured } from '../../errors.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import type { Asker } from '../../ground/promise.ts';
import { latestFailures } from '../deliveries/reads.ts';
import { configuredKinds } from './configured.ts';
import { type PageFigures, pageFigures } from './pages.ts';
import type { Preview } from './preview.ts';
import { allSources, CHANNEL, REMOVALS } from './sources.ts';
import type { MappedProperty, SourceState } from './tables.ts';

/** How the mirror of a kind stands. */
export interface KindStanding {
  readonly kind: NotionKind;
  readonly state: SourceState;
  readonly problem: string | null;
  readonly database: string | null;
  readonly dataSourceId: string | null;
  readonly properties: readonly MappedProperty[];
  readonly pages: number;
  readonly gone: number;
  readonly waiting: number;
  readonly dead: number;
  /** For how long Notion has not had all of it; null: it is as far as this server. */
  readonly behindSeconds: number | null;
  readonly lastWrittenAt: Date | null;
  /** Of the latest attempt that failed, within the time for which deliveries are kept. */
  readonly lastError: string | null;
  readonly lastFailedAt: Date | null;
}

/** How the mirror stands. */
export interface MirrorStanding {
  /** Nothing is written. */
  readonly isDryRun: boolean;
  readonly kinds: readonly KindStanding[];
  /** Pages that are to leave Notion. */
  readonly removalsWaiting: number;
  readonly removalsDead: number;
}

interface DeskOptions {
  readonly mirror: NotionMirrorSetting;
  readonly isDryRun: boolean;
  readonly preview: (kind: NotionKind, first: number) => Promise<Preview>;
}

/** The watch, which asks every second, takes what was read so many milliseconds ago. */
const READ_MS = 10_000;
const NOTHING: Omit<PageFigures, 'kind'> = {
  ...{ pages: 0, gone: 0, waiting: 0, dead: 0, lastWrittenAt: null, waitingSince: null },
};

/** Knows how the mirror stands, whichever server writes it. */
export class NotionDesk {
  readonly #db: Database;
  readonly #notion: DeskOptions | null;
  #known: { readonly standing: MirrorStanding; readonly readAt: number } | null = null;

  /** @param notion null: nothing is mirrored */
  constructor(db: Database, notion: DeskOptions | null) {
    this.#db = db;
    this.#notion = notion;
  }

  /**
   * What would be written of a kind now; nothing is.
   *
   * @throws NotConfigured, InvalidInput for a kind that is not mirrored; ServiceUnavailable where Notion does not answer
   */
  async preview(kind: NotionKind, first: number): Promise<Preview> {
    if (this.#notion === null) throw new NotConfigured('NOTION_MIRROR', 'nothing is mirrored to Notion');
    return this.#notion.preview(kind, first);
  }

  /** Null: nothing is mirrored. */
  async standing(asker: Asker): Promise<MirrorStanding | null> {
    if (this.#notion === null) return null;
    const known = this.#known;
    if (asker === 'watch' && known && performance.now() - known.readAt < READ_MS) return known.standing;
    const standing = await this.#read(this.#notion);
    this.#known = { standing, readAt: performance.now() };
    return standing;
  }

  async #read({ mirror, isDryRun }: DeskOptions): Promise<MirrorStanding> {
    const kinds = configuredKinds(mirror).map(({ kind }) => kind.name);
    const [sources, figures, failures] = await Promise.all([
      allSources(this.#db),
      pageFigures(this.#db),
      latestFailures(this.#db, SERVER_TENANT, CHANNEL, kinds),
    ]);
    const removals = figures.find(({ kind }) => kind === REMOVALS) ?? NOTHING;
    return {
      isDryRun,
      kinds: kinds.map((kind, place) => {
        const source = sources.find((each) => each.kind === kind);
        const { pages, gone, waiting, dead, lastWrittenAt, waitingSince } =
          figures.find((each) => each.kind === kind) ?? NOTHING;
        const since = [waitingSince, source?.behindSince ?? null].flatMap((at) => at?.getTime() ?? []);
        return {
          ...{ kind, state: source?.state ?? 'WAITING', problem: source?.problem ?? null },
          ...{ database: source?.title ?? null, dataSourceId: source?.dataSourceId ?? null },
          ...{ properties: source?.properties ?? [], pages, gone, waiting, dead, lastWrittenAt },
          behindSeconds: since.length > 0 ? Math.max(0, (Date.now() - Math.min(...since)) / 1_000) : null,
          ...{ lastError: failures[place]?.error ?? null, lastFailedAt: failures[place]?.at ?? null },
        };
      }),
      ...{ removalsWaiting: removals.waiting, removalsDead: removals.dead },
    };
  }
}
