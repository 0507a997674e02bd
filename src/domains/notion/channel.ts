import type { DeliveryChannel, Outcome } from '../deliveries/channel.ts';
import type { DeliveryRow } from '../deliveries/tables.ts';
import { NotionProblem } from './api.ts';
import { type ConfiguredKind, configuredKind } from './configured.ts';
import { pagesOfIds, propertyOf } from './lookups.ts';
import { mappingHash, writable } from './mapping.ts';
import { type MirrorServices, resolveSource } from './notion.ts';
import { beginMaking, endMaking, MAKING_MS, makingMs, noteGone, noteWritten, pageOf } from './pages.ts';
import { removePage } from './removals.ts';
import { PAGE_REFUSED, refusalOf } from './requests.ts';
import { currentRow, type MirroredRow } from './rows.ts';
import { CHANNEL, REMOVALS, sourceOf } from './sources.ts';
import type { PageRow, SourceRow } from './tables.ts';
import { propertyValue, propertyValues } from './values.ts';

/** For all requests of one delivery, so that it is over before somebody else may have its lease. */
const SEND_MS = 25_000;
/** So long it is believed that Notion has no page of an external id. */
const MISSED_MS = 600_000;

/** What one delivery is about. */
interface Write {
  readonly configured: ConfiguredKind;
  readonly source: SourceRow;
  readonly row: MirroredRow;
  readonly page: PageRow;
}

/** Brings pages to Notion, and takes them away: one delivery a page, which says what is stored by then. */
export class NotionChannel implements DeliveryChannel {
  readonly name = CHANNEL;
  readonly #services: MirrorServices;

  constructor(services: MirrorServices) {
    this.#services = services;
  }

  async send(delivery: DeliveryRow, stopped: AbortSignal): Promise<Outcome> {
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(SEND_MS)]);
    try {
      return await this.#deliver(delivery, signal);
    } catch (error) {
      if (stopped.aborted) throw error;
      if (signal.aborted) return failed('TARGET', 'Notion did not answer in time');
      if (error instanceof NotionProblem) return failureOf(error);
      throw error;
    }
  }

  async #deliver(delivery: DeliveryRow, signal: AbortSignal): Promise<Outcome> {
    const { db, mirror } = this.#services;
    if (delivery.target === REMOVALS) return removePage(this.#services, delivery, signal);
    const configured = configuredKind(mirror, delivery.target);
    if (!configured) return { kind: 'NOTHING_LEFT', why: 'it is not mirrored any more' };
    const { kind, setting } = configured;
    const source = await sourceOf(db, kind.name, setting);
    if (source.state === 'BROKEN')
      return { kind: 'HELD', status: null, error: source.problem ?? 'it is broken' };
    if (source.dataSourceId === null) return failed('TARGET', 'its database was not looked at yet');
    if (delivery.kind === PAGE_REFUSED) return this.#refuse(source, String(delivery.payload.pageId), signal);
    const externalId = String(delivery.payload.externalId);
    const properties = source.properties;
    const mapping = mappingHash(source.dataSourceId, properties);
    const row = await currentRow(db, { kind, properties, mapping }, externalId);
    const page = row && (await pageOf(db, kind.name, delivery.tenantId, externalId));
    if (!row || !page) return { kind: 'NOTHING_LEFT', why: 'what it told of is there no more' };
    if (page.goneAt && !setting.recreate)
      return { kind: 'NOTHING_LEFT', why: 'its page was deleted in Notion, and "recreate" is not set' };
    const write = { configured, source, row, page };
    if (page.pageId === null) return this.#make(write, signal);
    if (page.written?.equals(row.hash)) return { kind: 'DELIVERED', status: null };
    return this.#change(write, page.pageId, signal);
  }

  /** Says on a page why it cannot be a task. */
  async #refuse(source: SourceRow, pageId: string, signal: AbortSignal): Promise<Outcome> {
    const { db, notion } = this.#services;
    const problem = await refusalOf(db, pageId);
    const answer = propertyOf(source.properties, 'answer');
    if (problem === null || !answer)
      return { kind: 'NOTHING_LEFT', why: 'there is nothing to answer any more' };
    const properties = { [answer.id]: propertyValue(answer.type, problem) };
    try {
      await notion.ask(signal, (client) =>
        client.pages.update({ page_id: pageId, properties: properties as never }),
      );
    } catch (error) {
      if (!isOfPage(error) || !(await isGone(notion, pageId, signal))) throw error;
      return { kind: 'NOTHING_LEFT', why: 'the page was deleted in Notion' };
    }
    return { kind: 'DELIVERED', status: 200 };
  }

  async #change(write: Write, pageId: string, signal: AbortSignal): Promise<Outcome> {
    const { db, notion } = this.#services;
    const { source, row, page } = write;
    const properties = propertyValues(writable(source.properties), row.values);
    try {
      await notion.ask(signal, (client) =>
        client.pages.update({ page_id: pageId, properties: properties as never }),
      );
    } catch (error) {
      if (!isOfPage(error)) throw error;
      return (await this.#ofMapping(write, error, signal)) ?? this.#ofPage(write, pageId, error, signal);
    }
    await noteWritten(db, page, pageId, row.hash);
    return { kind: 'DELIVERED', status: 200 };
  }

  /**
   * Makes a page, once: nobody else does meanwhile, and where an earlier attempt may have made it, or nobody asked lately, Notion is
   * asked first.
   */
  async #make(write: Write, signal: AbortSignal): Promise<Outcome> {
    const { db, notion } = this.#services;
    const { source, row, page } = write;
    const waitMs = makingMs(page);
    if (waitMs > 0) return failed('DELIVERY', 'an earlier attempt may still bring it', waitMs);
    if (!(await beginMaking(db, page))) return failed('DELIVERY', 'somebody else brings it', MAKING_MS);
    const isMissing = !page.uncertain && (page.missedAt?.getTime() ?? 0) > Date.now() - MISSED_MS;
    let isAsked = false;
    try {
      if (!isMissing) {
        const known = await pagesOfIds(notion, source, [row.externalId], signal);
        const [pageId] = known.get(row.externalId) ?? [];
        if (pageId) return await this.#change(write, pageId, signal);
      }
      isAsked = true;
      const properties = propertyValues(writable(source.properties), row.values);
      const made = await notion.ask(signal, (client) =>
        client.pages.create({
          parent: { type: 'data_source_id', data_source_id: source.dataSourceId ?? '' },
          properties: properties as never,
        }),
      );
      await noteWritten(db, page, made.id, row.hash);
      return { kind: 'DELIVERED', status: 200 };
    } catch (error) {
      if (!(error instanceof NotionProblem)) throw error;
      const isUncertain = isAsked ? error.kind === 'AWAY' : page.uncertain;
      if (!isAsked || !isUncertain) await endMaking(db, page, isUncertain);
      if (!isOfPage(error)) throw error;
      return (await this.#ofMapping(write, error, signal)) ?? failed('DELIVERY', error.message);
    }
  }

  /** Whether it is the database that is other than it was. @returns null: it is not */
  async #ofMapping(write: Write, error: NotionProblem, signal: AbortSignal): Promise<Outcome | null> {
    const { configured, source } = write;
    const now = await resolveSource(this.#services, configured, signal);
    if (now.state === 'BROKEN')
      return { kind: 'HELD', status: error.status, error: now.problem ?? error.message };
    const hashOf = ({ dataSourceId, properties }: SourceRow) => mappingHash(dataSourceId ?? '', properties);
    if (hashOf(now).equals(hashOf(source))) return null;
    return failed('DELIVERY', `the database was changed: ${now.problem ?? error.message}`);
  }

  /** Whether its page is there no more. */
  async #ofPage(write: Write, pageId: string, error: NotionProblem, signal: AbortSignal): Promise<Outcome> {
    const { db, notion } = this.#services;
    if (!(await isGone(notion, pageId, signal))) return failed('DELIVERY', error.message);
    await noteGone(db, write.page);
    const { recreate } = write.configured.setting;
    return recreate
      ? failed('DELIVERY', 'its page was deleted in Notion, and is made again')
      : { kind: 'NOTHING_LEFT', why: 'its page was deleted in Notion, and "recreate" is not set' };
  }
}

/** Whether somebody deleted a page. @throws NotionProblem */
export async function isGone(
  notion: MirrorServices['notion'],
  pageId: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const page = await notion.ask(signal, (client) => client.pages.retrieve({ page_id: pageId }));
    return 'in_trash' in page && (page.in_trash || page.archived);
  } catch (error) {
    if (error instanceof NotionProblem && error.kind === 'MISSING') return true;
    throw error;
  }
}

/** Whether it says something of this page, or of where it goes. */
function isOfPage(error: unknown): error is NotionProblem {
  return error instanceof NotionProblem && (error.kind === 'INVALID' || error.kind === 'MISSING');
}

const CONFLICT = 409;

function failureOf({ kind, status, message, retryAfterMs }: NotionProblem): Outcome {
  const isOwn = kind === 'INVALID' || kind === 'MISSING' || status === CONFLICT;
  return { kind: 'FAILED', reach: isOwn ? 'DELIVERY' : 'TARGET', status, error: message, retryAfterMs };
}

function failed(reach: 'DELIVERY' | 'TARGET', error: string, retryAfterMs: number | null = null): Outcome {
  return { kind: 'FAILED', reach, status: null, error, retryAfterMs };
}
