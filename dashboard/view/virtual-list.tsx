import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Pages } from '../server/pages.ts';

/** Rows beyond what is seen, so that whoever goes on with the keyboard finds the next one. */
const MARGIN_ROWS = 6;
/** So many rows before the end the next page is asked for: who scrolls on does not wait for it. */
const AHEAD_ROWS = 60;

/** A list of any length: only the rows that are seen are there, and the next page is asked for before its end. */
export function VirtualList<Item>({ label, pages, rowHeight, keyOf, row }: ListParts<Item>) {
  const box = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(720);
  const items = pages.items ?? [];
  useEffect(() => {
    if (box.current) setHeight(box.current.clientHeight);
  }, []);
  const first = Math.max(0, Math.floor(top / rowHeight) - MARGIN_ROWS);
  const last = Math.min(items.length, Math.ceil((top + height) / rowHeight) + MARGIN_ROWS);
  const isNearEnd = last >= items.length - AHEAD_ROWS;
  const { hasMore, isLoading, more } = pages;
  useEffect(() => {
    if (isNearEnd && hasMore && !isLoading) more();
  });
  const rows = Math.max(items.length, 1);
  return (
    <ul
      class="virtual"
      ref={box}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
      tabIndex={0}
      style={{ height: `min(70dvh, ${rows * rowHeight + 2}px)` }}
      onScroll={(event) => {
        setTop(event.currentTarget.scrollTop);
        setHeight(event.currentTarget.clientHeight);
      }}
    >
      <li aria-hidden="true" style={{ height: `${items.length * rowHeight}px` }} />
      {items.slice(first, last).map((item, index) => (
        <li
          key={keyOf(item)}
          aria-setsize={pages.hasMore ? -1 : items.length}
          aria-posinset={first + index + 1}
          style={{ top: `${(first + index) * rowHeight}px`, height: `${rowHeight}px` }}
        >
          {row(item)}
        </li>
      ))}
    </ul>
  );
}
interface ListParts<Item> {
  readonly label: string;
  readonly pages: Pages<Item>;
  /** In pixels; every row has it. */
  readonly rowHeight: number;
  readonly keyOf: (item: Item) => string;
  readonly row: (item: Item) => ComponentChildren;
}
