import type { ComponentChildren } from 'preact';

/** A heading; of figures, which stand on the right. */
export type Heading = string | { readonly figures: string };

/** Rows below their headings; on a phone each row is a card, whose cells name their heading (`data-label`). */
export function Table({ headings, hasActions = false, children }: TableParts) {
  return (
    <table class="cards">
      <thead>
        <tr>
          {headings.map((heading) =>
            typeof heading === 'string' ? (
              <th key={heading} scope="col">
                {heading}
              </th>
            ) : (
              <th key={heading.figures} scope="col" class="number">
                {heading.figures}
              </th>
            ),
          )}
          {hasActions && (
            <th scope="col">
              <span class="unseen">What can be done</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
interface TableParts {
  readonly headings: readonly Heading[];
  /** Whether the last column has buttons. */
  readonly hasActions?: boolean;
  readonly children: ComponentChildren;
}
