import type { GraphQLResolveInfo } from 'graphql';
import type { Page, TimePosition } from '../db/statements.ts';
import { InvalidInput } from '../errors.ts';
import { isInRange } from '../ground/instants.ts';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from './builder.ts';
import { selectedFields } from './selection.ts';

/** What a column of type integer holds. */
const LARGEST_INTEGER = 2_147_483_647;

interface PageArguments {
  first?: number | null | undefined;
  last?: number | null | undefined;
  after?: string | null | undefined;
  before?: string | null | undefined;
}

/** How a list writes its positions into cursors. */
export interface CursorFormat<Row, Position> {
  encode(row: Row): string;
  /** Null if the text is not one of this list's cursors. */
  decode(cursor: string): Position | null;
}

/**
 * Reads one page of a list as a Relay connection.
 *
 * @param info of the field: nothing beyond the page is read where nobody asks whether there is more; absent: it is read
 * @throws InvalidInput for a page size outside 1..100, `first` with `last`, or a cursor of another list
 */
export async function connect<Row, Position>(
  args: PageArguments,
  cursors: CursorFormat<Row, Position>,
  read: (page: Page<Position>) => Promise<Row[]>,
  info?: GraphQLResolveInfo,
) {
  const size = pageSize(args);
  const page = askedPage(args, cursors, info);
  const rows = await read(page);
  const hasMore = rows.length > size;
  const shown = hasMore ? rows.slice(0, size) : rows;
  const edges = shown.map((row) => new Edge(row as NonNullable<Row>, cursors));
  if (page.inverted) edges.reverse();
  const beyond = page.inverted
    ? { hasPreviousPage: hasMore, hasNextPage: Boolean(args.before) }
    : { hasPreviousPage: Boolean(args.after), hasNextPage: hasMore };
  return { edges, pageInfo: new PageInfo(edges, beyond, args.after ?? args.before ?? '') };
}

/** What has to be read of a list for its arguments. @throws InvalidInput as `connect` */
export function askedPage<Row, Position>(
  args: PageArguments,
  cursors: CursorFormat<Row, Position>,
  info?: GraphQLResolveInfo,
): Page<Position> {
  const size = pageSize(args);
  const after = position('after', args.after, cursors);
  const before = position('before', args.before, cursors);
  // One more than is shown says that there are more.
  const limit = !info || asksForMore(info) ? size + 1 : size;
  return { after, before, limit, inverted: args.last != null };
}

function asksForMore(info: GraphQLResolveInfo): boolean {
  const asked = selectedFields(info, 'PageInfo');
  return asked.has('hasNextPage') || asked.has('hasPreviousPage');
}

/** Where a page lies in its list. Most readers ask for no cursors: they are written when they are asked for. */
class PageInfo {
  readonly hasPreviousPage: boolean;
  readonly hasNextPage: boolean;
  readonly #edges: readonly { readonly cursor: string }[];
  readonly #empty: string;

  /** @param empty the cursor of a page that has none */
  constructor(
    edges: readonly { readonly cursor: string }[],
    { hasPreviousPage, hasNextPage }: { hasPreviousPage: boolean; hasNextPage: boolean },
    empty: string,
  ) {
    this.hasPreviousPage = hasPreviousPage;
    this.hasNextPage = hasNextPage;
    this.#edges = edges;
    this.#empty = empty;
  }

  get startCursor(): string {
    return this.#edges[0]?.cursor ?? this.#empty;
  }

  get endCursor(): string {
    return this.#edges.at(-1)?.cursor ?? this.#empty;
  }
}

/** A row of a page, whose cursor is written when it is asked for. */
class Edge<Row> {
  readonly node: NonNullable<Row>;
  readonly #cursors: Pick<CursorFormat<Row, never>, 'encode'>;

  constructor(node: NonNullable<Row>, cursors: Pick<CursorFormat<Row, never>, 'encode'>) {
    this.node = node;
    this.#cursors = cursors;
  }

  get cursor(): string {
    return encodeCursor(this.#cursors.encode(this.node));
  }
}

/** Cursors over one whole number, such as a sequence or an id. */
export function numberCursor<Row>(of: (row: Row) => number): CursorFormat<Row, number> {
  return {
    encode: (row) => String(of(row)),
    decode: (cursor) =>
      /^\d{1,10}$/.test(cursor) && Number(cursor) <= LARGEST_INTEGER ? Number(cursor) : null,
  };
}

/** Cursors over an instant, made unique by an id. */
export function timeCursor<Row>(of: (row: Row) => TimePosition): CursorFormat<Row, TimePosition> {
  return {
    encode: (row) => `${of(row).at.getTime()}.${of(row).id}`,
    decode: (cursor) => {
      const parts = /^(-?\d{1,15})\.(\d{1,10})$/.exec(cursor);
      return parts ? timePosition(Number(parts[1]), Number(parts[2])) : null;
    },
  };
}

/** A place that the database can compare with; null for others, which no cursor of ours names. */
export function timePosition(milliseconds: number, id: number): TimePosition | null {
  const at = new Date(milliseconds);
  return isInRange(at) && id <= LARGEST_INTEGER ? { at, id } : null;
}

/** Stands between the name and the id of a cursor. */
const SEPARATOR = '\n';

/** Cursors over a name, made unique by an id. */
export function nameCursor<Row>(
  of: (row: Row) => { name: string; id: number },
): CursorFormat<Row, { name: string; id: number }> {
  return {
    encode: (row) => `${of(row).name}${SEPARATOR}${of(row).id}`,
    decode: (cursor) => {
      const parts = /^([^\0]{1,1000})\n(\d{1,10})$/u.exec(cursor);
      if (parts) return { name: parts[1] ?? '', id: Math.min(Number(parts[2]), LARGEST_INTEGER) };
      // Of a version whose names were unique.
      return /^[^\0]{1,1000}$/u.test(cursor) ? { name: cursor, id: 2_147_483_647 } : null;
    },
  };
}

function pageSize({ first, last }: PageArguments): number {
  if (first != null && last != null) throw new InvalidInput('first', 'give either first or last, not both');
  const [name, size] = last != null ? ['last', last] : ['first', first ?? DEFAULT_PAGE_SIZE];
  if (Number(size) < 1 || Number(size) > MAX_PAGE_SIZE) {
    throw new InvalidInput(String(name), `must be from 1 to ${MAX_PAGE_SIZE}, is ${size}`);
  }
  return Number(size);
}

function position<Row, Position>(
  name: string,
  cursor: string | null | undefined,
  format: CursorFormat<Row, Position>,
): Position | null {
  if (cursor == null || cursor === '') return null;
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.toString();
  // What is no base64, or no text in it, is passed over when it is read.
  const isWhole = bytes.toString('base64url') === cursor && Buffer.from(text).equals(bytes);
  const decoded = isWhole ? format.decode(text) : null;
  if (decoded === null) throw new InvalidInput(name, 'is not a cursor of this list');
  return decoded;
}

function encodeCursor(text: string): string {
  return Buffer.from(text).toString('base64url');
}
