import { setMaxListeners } from 'node:events';
import { lstat } from 'node:fs/promises';
import type { Owner } from '../../access/principals.ts';
import { isPassing, judgeDatabaseError, wordsOf } from '../../db/meaning.ts';
import { createRest } from '../../ground/pressure.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { type FileStat, type MediaReader, type Reading, THUMBNAIL_SIZES } from '../../media/facts.ts';
import { describedBy, isOtherBeside } from '../../media/sidecar-names.ts';
import { goneCopies, type IdentifiedFile, isAsKnown, storeKnown, storeRead } from './content.ts';
import { filesAt, followFiles, markSeen, type SeenFile, sizesKnown, storeFile, wasSeenBy } from './files.ts';
import { IgnoredFiles, type Noted } from './ignored.ts';
import type { IndexingParts } from './indexing.ts';
import { lockMedia } from './owners.ts';
import { folderOf, keyOfPath } from './paths.ts';
import { isSettled, outcomeOf, type Piece, unread } from './piece.ts';
import { insightsByHash } from './reads.ts';
import type { IndexedPlace } from './roots.ts';
import type { MediaFileRow, MediaInsightRow } from './tables.ts';
import { Tally } from './tally.ts';
import { hasThumbnail, thumbnailFolder, thumbnailPath } from './thumbnails.ts';
import { countEntries, type Found, walk } from './walk.ts';

/** Under pressure a rest comes after so much work: a folder of small files is no longer under way than one of large ones. */
const PIECE_MS = 250;

const REPORT_MS = 250;

/** One attempt at indexing a place: walks through it, and reads a few files at a time. */
export class IndexingRun {
  readonly #parts: IndexingParts;
  readonly #reader: MediaReader;
  readonly #owner: Owner;
  readonly #place: IndexedPlace;
  readonly #task: RunningTask;
  readonly #tally = new Tally();
  readonly #ignored: IgnoredFiles;
  readonly #roots: readonly string[];
  readonly #thumbnails: string;
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(
    parts: IndexingParts,
    reader: MediaReader,
    owner: Owner,
    place: IndexedPlace,
    task: RunningTask,
  ) {
    [this.#parts, this.#reader, this.#owner, this.#place, this.#task] = [parts, reader, owner, place, task];
    this.#ignored = new IgnoredFiles(task, owner);
    this.#roots = parts.places.roots;
    this.#thumbnails = thumbnailFolder(parts.places.dataDirectory, owner);
    this.#signal = AbortSignal.any([task.signal, this.#ending.signal]);
    // Each file that is being read listens.
    setMaxListeners(0, this.#signal);
  }

  /** @returns what each file that it saw was @throws the reason of the task's signal */
  async run(): Promise<Tally> {
    const rest = createRest(this.#parts.pressure, PIECE_MS);
    this.#signal.addEventListener('abort', rest.end, { once: true });
    const inHand = new Set<Promise<void>>();
    void this.#countAll();
    try {
      const onFolder = (path: Buffer, problem: string | null) => this.#tally.countFolder(path, problem);
      for await (const found of walk(this.#place, { signal: this.#signal, onFolder })) {
        for (const piece of await this.#sort(found)) {
          await rest.take();
          // One more than are read at once: while it is written down, the next one is read.
          while (inHand.size >= this.#parts.pressure.workers(this.#reader.concurrency + 1))
            await Promise.race(inHand);
          this.#signal.throwIfAborted();
          const work = this.#index(piece).finally(() => inHand.delete(work));
          inHand.add(work);
        }
      }
      await Promise.all(inHand);
      await this.#ignore(() => this.#ignored.flush());
      this.#task.signal.throwIfAborted();
      return this.#tally;
    } finally {
      this.#ending.abort();
      await Promise.allSettled(inHand);
      this.#reportedAt = Number.NEGATIVE_INFINITY;
      this.#report();
    }
  }

  /** How many there are is only for people, who wait for nothing meanwhile. */
  async #countAll(): Promise<void> {
    if (!this.#place.isFolder) this.#tally.total = 1;
    else this.#tally.total = await countEntries(this.#place, this.#signal).catch(() => null);
  }

  /** What is told of small files comes faster than anybody is told of it, and its words take their time. */
  #report(): void {
    const now = performance.now();
    if (now - this.#reportedAt < REPORT_MS) return;
    this.#reportedAt = now;
    const { seen, total } = this.#tally;
    this.#task.progress(seen, total === null ? null : Math.max(total, seen), this.#tally.note());
  }

  /** Counts what needs no look into the file. @returns what does */
  async #sort(found: readonly Found[]): Promise<Piece[]> {
    const { db } = this.#parts;
    const files = found.filter((each): each is Found & { stat: FileStat } => each.stat !== null);
    const paths = files.map(({ path }) => path);
    const known = await filesAt(db.pool, this.#owner, paths);
    const open: Omit<Piece, 'isNewSize'>[] = [];
    const seen: MediaFileRow[] = [];
    for (const each of found) if (each.stat === null) this.#countOther(each);
    for (const each of files) {
      const file = known.get(keyOfPath(each.path)) ?? null;
      const isOther = file?.sidecar != null && (await isOtherBeside(each.path, file.sidecar));
      if (file && !isOther && isSettled(file, each.stat)) seen.push(file);
      else open.push({ ...each, known: file, isOtherBeside: isOther });
    }
    const sizes = open.map(({ stat }) => stat.size);
    const knownSizes = open.length > 0 ? await sizesKnown(db.pool, this.#owner, sizes) : new Set();
    if (seen.length > 0) {
      const ids = seen.map(({ id }) => id);
      await this.#task.write((client) => markSeen(client, this.#owner, ids, this.#task), {
        isRepeated: true,
      });
      for (const file of seen) this.#countKnown(file);
    }
    this.#report();
    return open.map((each) => ({ ...each, isNewSize: !knownSizes.has(each.stat.size) }));
  }

  #countOther({ path, kind, problem }: Found): void {
    if (kind === 'lost') this.#tally.count('unreadable', 0, { path, reason: problem ?? 'it is lost' });
    else this.#tally.count(kind === 'link' ? 'ignored: link' : 'ignored: no regular file', 0, null);
  }

  #countKnown(file: MediaFileRow): void {
    const { path, size, problem } = file;
    const outcome = outcomeOf(file, wasSeenBy(file, this.#task));
    const isProblem = ['broken', 'unreadable', 'failed'].includes(outcome);
    this.#tally.count(outcome, size ?? 0, isProblem ? { path, reason: problem ?? outcome } : null);
  }

  /** Whatever becomes of one file, the others go on. @throws the signal's reason, and what the database's absence throws */
  async #index(piece: Piece): Promise<void> {
    try {
      await this.#lookInto(piece);
    } catch (error) {
      if (this.#signal.aborted || isPassing(judgeDatabaseError(error))) throw error;
      this.#parts.log.warn({ reason: wordsOf(error) }, 'a media file could not be indexed');
      await this.#fail(piece, notStored(wordsOf(error)));
    }
    this.#report();
  }

  async #lookInto(piece: Piece): Promise<void> {
    const { path, stat, known, isNewSize } = piece;
    for (const described of await this.#describedBy(path)) await this.#readAgain(described);
    // It was away, and is as it was.
    if (known?.fileHash && known.state === 'VANISHED' && isAsKnown(known, stat))
      if (await this.#take(piece, { path, fileHash: known.fileHash, stat, folderDevice: piece.folderDevice }))
        return;
    if (!piece.isOtherBeside && (known?.fileHash || !isNewSize)) {
      const identified = await this.#reader.identify(path, { roots: this.#roots }, this.#signal);
      if (identified.outcome !== 'identified') return this.#settle(piece, identified);
      const { fileHash, stat: size, other } = identified;
      if (other && (await insightsByHash(this.#parts.db, this.#owner, [fileHash]))[0] === null)
        return this.#settle(piece, { ...identified, ...other, outcome: 'other' });
      this.#tally.countRead(size.size);
      if (await this.#take(piece, { ...piece, ...identified })) return;
    }
    const options = { roots: this.#roots, thumbnails: this.#thumbnails };
    await this.#settle(piece, await this.#reader.read(path, options, this.#signal));
  }

  /** Known pictures of which a new or changed file says something, that were read without it; before it counts as known itself. */
  async #describedBy(sidecar: Buffer): Promise<MediaFileRow[]> {
    const paths = describedBy(sidecar);
    if (paths.length === 0) return [];
    const files = [...(await filesAt(this.#parts.db.pool, this.#owner, paths)).values()];
    return files.filter(({ state, sidecar: mark }) => state === 'PRESENT' && mark === null);
  }

  /** Without counting it: it was, or will be, what it is for this run. */
  async #readAgain({ path }: MediaFileRow): Promise<void> {
    const options = { roots: this.#roots, thumbnails: this.#thumbnails };
    const reading = await this.#reader.read(path, options, this.#signal);
    if (reading.outcome !== 'media') return;
    this.#tally.countRead(reading.stat.size);
    const { dev } = await lstat(folderOf(path), { bigint: true });
    const file = { path, folderDevice: String(dev), ...reading };
    await this.#task.write((client) => storeRead(client, this.#owner, file, { gone: [], by: this.#task }));
  }

  /** @returns false: what is known of its content is not enough */
  async #take({ path }: Piece, file: IdentifiedFile): Promise<boolean> {
    const { db, places } = this.#parts;
    const hasThumbnails = await hasThumbnail(
      thumbnailPath(places.dataDirectory, this.#owner, file.fileHash, THUMBNAIL_SIZES[0]),
    );
    const isUsable = ({ analysisTier }: MediaInsightRow) => analysisTier === 'FILE' || hasThumbnails;
    const gone = await goneCopies(db.pool, this.#owner, file);
    const run = { gone, by: this.#task, isUsable };
    const outcome = await this.#task.write((client) => storeKnown(client, this.#owner, file, run));
    if (outcome === null) return false;
    const problem =
      outcome === 'broken' ? { path, reason: 'it is broken, as another file with its content' } : null;
    this.#tally.count(outcome, file.stat.size, problem);
    return true;
  }

  async #settle(
    piece: Piece,
    reading: Reading | Extract<Reading, { outcome: 'unreadable' | 'failed' }>,
  ): Promise<void> {
    const { path, folderDevice } = piece;
    if (reading.outcome === 'failed') return this.#fail(piece, reading.problem);
    if (reading.outcome === 'unreadable') return this.#leave(piece, reading);
    const { fileHash, stat } = reading;
    this.#tally.countRead(stat.size);
    if (reading.outcome === 'other') {
      const reason = reading.mediaType ?? 'unknown content';
      const seen = { path, folderDevice, stat, fileHash, seenAs: null, failures: 0, problem: reason };
      const file: SeenFile = { ...seen, sidecar: null, state: 'IGNORED' };
      if (!piece.known?.fileHash) return this.#ignore(() => this.#ignored.add(file));
      await this.#storeFile(piece, file);
      this.#countIgnored(file);
      return;
    }
    const { facts } = reading;
    const gone = await goneCopies(this.#parts.db.pool, this.#owner, { path, fileHash });
    const file = { path, folderDevice, fileHash, stat, facts };
    const run = { gone, by: this.#task };
    const outcome = await this.#task.write((client) => storeRead(client, this.#owner, file, run));
    const problem = outcome === 'broken' ? { path, reason: facts.problem ?? 'it is broken' } : null;
    this.#tally.count(outcome, stat.size, problem);
    if (facts.features && facts.thumbnails.length < THUMBNAIL_SIZES.length)
      this.#tally.countWithoutThumbnails(path);
  }

  async #ignore(write: () => Promise<readonly Noted[]>): Promise<void> {
    for (const { file, problem } of await write()) {
      const { path, stat } = file;
      if (problem === null) this.#countIgnored(file);
      else this.#tally.count('failed', stat?.size ?? 0, { path, reason: notStored(problem) });
    }
  }

  #countIgnored({ problem, stat }: SeenFile): void {
    this.#tally.count(`ignored: ${problem ?? 'unknown content'}`, stat?.size ?? 0, null);
  }

  /** It could not be read this time. What was known of it stays: nobody knows whether it has changed. */
  async #leave(piece: Piece, { problem, isGone }: { problem: string; isGone: boolean }): Promise<void> {
    const { path, stat, known } = piece;
    const file = { ...unread(piece), problem, failures: known?.failures ?? 0 };
    if (!isGone) await this.#storeFile(piece, file, { isRepeated: true });
    this.#tally.count('unreadable', stat.size, { path, reason: problem });
  }

  async #fail(piece: Piece, problem: string): Promise<void> {
    const { path, stat, known } = piece;
    const isSame = known !== null && isAsKnown(known, stat);
    const failures = (isSame ? known.failures : 0) + 1;
    await this.#storeFile(piece, { ...unread(piece), problem, failures });
    this.#tally.count('failed', stat.size, { path, reason: problem });
  }

  /** @param how `isRepeated`: the next attempt does not take it for settled */
  async #storeFile({ known }: Piece, file: SeenFile, how = { isRepeated: false }): Promise<void> {
    await this.#task.write(async (client) => {
      await lockMedia(client, this.#owner);
      await storeFile(client, this.#owner, file, this.#task);
      if (known?.fileHash) await followFiles(client, this.#owner, [known.fileHash]);
    }, how);
  }
}

const notStored = (problem: string) => `it could not be stored: ${problem}`;
