import type { NotionKind } from '../../config/notion.ts';

/** What form the values of a field have. */
export type FieldForm = 'text' | 'choice' | 'number' | 'instant' | 'day';

/** Something of a row that can be shown in a property. */
export interface MirroredField {
  readonly name: string;
  readonly form: FieldForm;
  /** What it is, for people. */
  readonly words: string;
  /** What a property is called that nobody named; null: it is shown only where the settings name a property, since users may have written it. */
  readonly usual: string | null;
  /** SQL of its value as text, of the relations of its kind. */
  readonly sql: string;
  /** What a property is called that nobody named where pages become tasks, which cannot be without it; absent: it is as elsewhere. */
  readonly ofRequests?: string;
  /** It is read from there, and nothing is written. */
  readonly isRead?: boolean;
}

/** A kind of rows that can be mirrored: another one is a value like these, and a line in `kinds.ts` and in the settings. */
export interface MirroredKind {
  readonly name: NotionKind;
  /** What a page of it is, for people. */
  readonly words: string;
  /** The least time between looks for what is new. */
  readonly everyMs: number;
  readonly fields: readonly MirroredField[];
  /** SQL of relations. */
  readonly from: string;
  /** SQL of the id by which Notion knows a row, of a number by which older rows come first, and whose they are. */
  readonly externalId: string;
  readonly place: string;
  readonly tenantId: string;
  readonly userId: string;
  /** SQL of the condition that a row is mirrored at all. */
  readonly recent: string;
  /** SQL of whether it does not change any more. */
  readonly over: string;
  /** SQL of the condition that a row has an external id, which SQL gives, too; by an index where there are many rows. */
  readonly byId: (id: string) => string;
  /** Of which relation rows are held until they are noted, so that none is noted that an erasure takes meanwhile; null: they are no user's. */
  readonly held: string | null;
}

/** The field that every database needs: by it a page is found again. */
export const EXTERNAL_ID = 'externalId';
/** The field that is the page's title. */
export const TITLE = 'title';

/** SQL: an instant as Notion takes it. */
export const instantText = (column: string) =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** What made a task of a page, by its `createdBy`. */
export const FROM_NOTION = '(notion)';
