import { signal } from '@preact/signals';

const BASE = '/dashboard';

/** Where the page is: what follows /dashboard/, in parts, and what was asked of it. */
export const place = signal(read());

let moves = 0;
/** Whether another place was looked at before, so that this one is come to. */
export const hasMoved = (): boolean => moves > 0;

export interface Place {
  readonly parts: readonly string[];
  readonly search: URLSearchParams;
}

/** The address of a place. */
export function hrefOf(parts: readonly string[], search: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(Object.entries(search).filter(([, value]) => value !== '')).toString();
  return `${BASE}/${parts.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`;
}

/** Goes there. @param how `replace`: the place before is not gone back to, for what is typed */
export function go(href: string, how: 'push' | 'replace' = 'push'): void {
  if (href === location.pathname + location.search) return;
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', href);
  if (how === 'push') moves += 1;
  place.value = read();
  if (how === 'push') scrollTo(0, 0);
}

/** Follows links within the dashboard without leaving the page. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    moves += 1;
    place.value = read();
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey)
      return;
    const link = (event.target as Element).closest?.('a');
    if (!link || link.target || link.origin !== location.origin || !link.pathname.startsWith(`${BASE}/`))
      return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}

function read(): Place {
  const parts = location.pathname
    .slice(BASE.length + 1)
    .split('/')
    .filter(Boolean)
    .map(decoded);
  return { parts, search: new URLSearchParams(location.search) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
