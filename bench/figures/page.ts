/** One part of the page, as it stands there. */
export interface Section {
  readonly title: string;
  readonly text: string;
}

const HEAD = `# Figures

What was measured of this project, written by \`npm run figures\`: each part with its command, commit, machine and date. Parts are measured
again one by one, so dates may differ. What the figures mean, and what was tried, stands in [What things cost](measurements.md).`;

/** The parts of a page that was written before, in their order. */
export function sectionsOf(page: string): Section[] {
  return page
    .split(/\n(?=## )/)
    .slice(1)
    .map((text) => ({ title: /^## (.*)/.exec(text)?.[1] ?? '', text: text.trim() }));
}

/** Puts what was measured now in the place of what was there. @param order all titles that there may be */
export function pageWith(before: string, measured: readonly Section[], order: readonly string[]): string {
  const texts = new Map([...sectionsOf(before), ...measured].map(({ title, text }) => [title, text]));
  return `${[HEAD, ...order.flatMap((title) => texts.get(title) ?? [])].join('\n\n')}\n`;
}
