import type { ComponentChildren } from 'preact';
import type { Pages } from '../server/pages.ts';

/** Asks for the page after those that are shown, where there is one. */
export function More({
  of: { hasMore, isLoading, more },
  children,
}: {
  of: Pick<Pages<unknown>, 'hasMore' | 'isLoading' | 'more'>;
  children: ComponentChildren;
}) {
  if (!hasMore) return null;
  return (
    <button type="button" class="button" aria-disabled={isLoading} onClick={more}>
      {children}
    </button>
  );
}
