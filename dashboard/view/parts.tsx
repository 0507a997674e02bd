import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ServerProblem } from '../server/problem.ts';
import { hasMoved } from './router.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'sea' | 'quiet';

/** One page: its heading, which is read out when somebody comes to it, what it is for, what can be done. */
export function Page({ title, intro, actions, children }: PageParts) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Echo Brain`;
    // Where what was pressed is gone by now, as a menu is; whoever is at something already is left there.
    const { activeElement: at } = document;
    const isHere = at !== document.body && at?.closest('main') !== null && at !== heading.current;
    if (hasMoved() && !isHere) heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <>
      <div class="head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {intro && <p>{intro}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </div>
      {children}
    </>
  );
}
interface PageParts {
  readonly title: string;
  readonly intro?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Panel({ title, note, children, className = '' }: PanelParts) {
  return (
    <section class={`panel ${className}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {note && <p>{note}</p>}
      </header>
      {children}
    </section>
  );
}
interface PanelParts {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly className?: string;
}

/** What went wrong, and the way out. */
/** Why an answer did not come. Whoever asked it asks again by itself where that may help. */
export function Problem({ problem, again }: { problem: ServerProblem | null; again?: () => void }) {
  if (!problem) return null;
  return (
    <div class="notice" data-tone={problem.isPassing ? 'warn' : 'bad'} role="alert">
      <p>
        {problem.message}
        {problem.isPassing && ' This page tries again by itself.'}
      </p>
      {again && !problem.isPassing && (
        <button type="button" class="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Nothing is there, and what would bring something. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function Tag({ tone = 'quiet', children }: { tone?: Tone; children: ComponentChildren }) {
  return (
    <span class="tag" data-tone={tone}>
      {children}
    </span>
  );
}

/** Stands where rows will be, as high as they are. */
export function Hollow({ rows = 3, height = 34 }: { rows?: number; height?: number }) {
  return (
    <div class="stack" aria-busy="true">
      <span class="unseen">Loading</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} class="hollow" style={{ height: `${height}px` }} />
      ))}
    </div>
  );
}

/** How much of a whole. */
export function Bar({ label, share }: { label: string; share: number }) {
  const shown = Math.max(0, Math.min(100, share * 100));
  return (
    <div
      class="bar"
      role="progressbar"
      aria-label={label}
      aria-valuenow={Math.round(shown)}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span style={{ width: `${shown}%` }} />
    </div>
  );
}
