import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { NotFound } from '../../errors.ts';
import { ErasureMark } from '../privacy/marks.ts';
import { BackupDamaged } from './errors.ts';
import { BACKUP_ID, backupIdOf, Label, SUFFIX } from './format.ts';
import type { BackupPlace } from './place.ts';

const LABEL = '.json';
const MARK = '.erased.json';
/** Labels that are read at once. */
const AT_ONCE = 8;
const LEFT_MS = 86_400_000;

/** Which backups there are: a backup is there when its label is, which comes after its file. */
export class BackupCatalog {
  readonly place: BackupPlace;

  constructor(place: BackupPlace) {
    this.place = place;
  }

  /** All backups, newest first. @throws BackupPlaceUnusable */
  async all(): Promise<Label[]> {
    const files = new Set((await this.place.list()).map(({ name }) => name));
    const ids = [...files]
      .filter((name) => name.endsWith(LABEL))
      .map((name) => name.slice(0, -LABEL.length))
      .filter((id) => BACKUP_ID.test(id) && files.has(id + SUFFIX))
      .sort()
      .reverse();
    const labels: (Label | null)[] = [];
    for (let at = 0; at < ids.length; at += AT_ONCE)
      labels.push(...(await Promise.all(ids.slice(at, at + AT_ONCE).map((id) => this.#label(id)))));
    return labels.filter((label) => label !== null);
  }

  /** @throws NotFound, BackupPlaceUnusable */
  async find(backupId: string, field = 'backupId'): Promise<Label> {
    const label = BACKUP_ID.test(backupId) ? await this.#label(backupId) : null;
    if (!label)
      throw new NotFound(field, `there is no backup "${backupId.slice(0, 50)}" in ${this.place.name}`);
    return label;
  }

  /** The file of a backup. @throws NotFound, BackupPlaceUnusable */
  async open(backupId: string): Promise<Readable> {
    const file = await this.place.read(backupId + SUFFIX);
    if (!file) throw new NotFound('backupId', `the file of the backup ${backupId} is gone`);
    return file;
  }

  /** Notes what is known of a backup; from then on it is there. */
  label(label: Label): Promise<void> {
    return this.place.put(
      label.backupId + LABEL,
      Readable.from([Buffer.from(`${JSON.stringify(label, null, 2)}\n`)]),
    );
  }

  /** Keeps the mark of an erasure: as long as backups, for which it stands against what they hold. */
  mark(mark: ErasureMark): Promise<void> {
    return this.place.put(mark.receiptId + MARK, Readable.from([Buffer.from(`${JSON.stringify(mark)}\n`)]));
  }

  /** All marks of erasures. @throws BackupDamaged if one cannot be read: nobody knows whose it is */
  async marks(): Promise<ErasureMark[]> {
    const marks: ErasureMark[] = [];
    for (const { name } of await this.place.list()) {
      if (!name.endsWith(MARK)) continue;
      const file = await this.place.read(name);
      const { data } = ErasureMark.safeParse(file && parsed(await text(file)));
      if (!data)
        throw new BackupDamaged(
          `the mark of an erasure, "${name}" in ${this.place.name}, cannot be read: mend it from a copy, for who was erased would come back without it`,
        );
      marks.push(data);
    }
    return marks;
  }

  /** The label first: what is left of a removal that is cut off is no backup. */
  async remove(backupId: string): Promise<void> {
    await this.place.remove(backupId + LABEL);
    await this.place.remove(backupId + SUFFIX);
  }

  /** Removes what writes and removals left that were cut off at least a day ago; others may be at younger ones. */
  async tidy(now: Date): Promise<void> {
    await this.place.tidy();
    const files = new Set((await this.place.list()).map(({ name }) => name));
    const yesterday = backupIdOf(new Date(now.getTime() - LEFT_MS), '00000000');
    for (const name of files) {
      const id = name.slice(0, -SUFFIX.length);
      if (name.endsWith(SUFFIX) && BACKUP_ID.test(id) && id < yesterday && !files.has(id + LABEL))
        await this.place.remove(name);
    }
  }

  async #label(backupId: string): Promise<Label | null> {
    const file = await this.place.read(backupId + LABEL);
    if (!file) return null;
    const { data } = Label.safeParse(parsed(await text(file)));
    return data?.backupId === backupId ? data : null;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
