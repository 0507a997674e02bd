import { createHash } from 'node:crypto';
import type { Owner } from '../../access/principals.ts';
import type { ActivityNotes } from '../../ground/activity.ts';
import { type LineCounts, type Place, type Section, START } from '../../ground/section.ts';

export const EXPORT_FORMAT = 'echo-brain-export/1';
/** Lines of one page, at most. */
export const MAX_LINES = 500;
/** A page ends behind the line that reaches so many. */
const PAGE_CHARACTERS = 1_000_000;

/** Where a page begins. */
export interface ExportPosition {
  /** The section, by the first of its kinds. */
  readonly section: string;
  readonly place: Place;
}

export interface ExportPage {
  /** JSON, one object a line, section after section. */
  readonly lines: readonly string[];
  /** Null: that was all. */
  readonly next: ExportPosition | null;
}

/** What a whole export holds; two memories with the same content have the same one. */
export interface ExportManifest extends Owner {
  readonly format: string;
  /** Of each kind that there is. */
  readonly counts: LineCounts;
  /** SHA-256 over all lines, each with a line feed; hexadecimal. */
  readonly sha256: string;
}

/**
 * The next lines of a user's export, about a megabyte at most.
 *
 * @param after names one of the sections
 * @param limit lines, 1 to MAX_LINES
 */
export async function exportPage<Parts>(
  parts: Parts,
  sections: readonly Section<Parts>[],
  owner: Owner,
  after: ExportPosition | null,
  limit: number,
): Promise<ExportPage> {
  const lines: string[] = [];
  let characters = 0;
  const first = after ? sections.findIndex(({ kinds: [name] }) => name === after.section) : 0;
  for (const [index, section] of sections.entries()) {
    if (index < first) continue;
    const place = after && index === first ? after.place : START;
    for await (const { line, after: behind } of section.lines(parts, owner, place, limit - lines.length)) {
      lines.push(line);
      characters += line.length;
      if (lines.length < limit && characters < PAGE_CHARACTERS) continue;
      return { lines, next: behind ? positionIn(section, behind) : positionIn(sections[index + 1], START) };
    }
  }
  return { lines, next: null };
}

function positionIn(section: Section<never> | undefined, place: Place): ExportPosition | null {
  return section ? { section: section.kinds[0], place } : null;
}

/** The same for somebody who takes the export away, which is told when it was the last page. */
export async function takeExportPage<Parts extends { readonly activity: ActivityNotes }>(
  parts: Parts,
  sections: readonly Section<Parts>[],
  owner: Owner,
  after: ExportPosition | null,
  limit: number,
): Promise<ExportPage> {
  const page = await exportPage(parts, sections, owner, after, limit);
  const message = 'an export was read to its end';
  if (page.next === null)
    parts.activity.note({ kind: 'user_exported', subject: null, message, level: 'INFO', owner });
  return page;
}

/** Reads the whole export to say what it holds. */
export async function exportManifest<Parts>(
  parts: Parts,
  sections: readonly Section<Parts>[],
  owner: Owner,
): Promise<ExportManifest> {
  const hash = createHash('sha256');
  const counts: Record<string, number> = {};
  let after: ExportPosition | null = null;
  do {
    const page: ExportPage = await exportPage(parts, sections, owner, after, MAX_LINES);
    for (const line of page.lines) {
      hash.update(`${line}\n`);
      const kind = kindOf(line);
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
    after = page.next;
  } while (after);
  return { format: EXPORT_FORMAT, ...owner, counts, sha256: hash.digest('hex') };
}

/** The first field of each line, so that none has to be read whole. */
function kindOf(line: string): string {
  const [, kind] = /^\{"kind":"([^"]+)"/.exec(line) ?? [];
  if (kind === undefined) throw new Error('a line of an export does not begin with its kind');
  return kind;
}
