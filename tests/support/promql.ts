/** A metric that an expression reads, by the name of its samples, and the labels that it is chosen or grouped by. */
export interface Selection {
  readonly name: string;
  readonly labels: ReadonlySet<string>;
}

const KEYWORDS = new Set(['and', 'or', 'unless', 'on', 'ignoring', 'group_left', 'bool', 'offset']);

/** What an expression of PromQL reads. Labels of a grouping are taken to be of all that the expression reads. */
export function selectionsOf(expression: string): Selection[] {
  const grouped = new Set<string>();
  const bare = expression
    .replaceAll(/\b(?:by|without)\s*\(([^)]*)\)/g, (_all, names: string) => {
      for (const name of names.split(',')) grouped.add(name.trim());
      return ' ';
    })
    .replaceAll(/\[[^\]]*\]/g, ' ');
  return [...bare.matchAll(/(?<![\w.])([a-zA-Z_:][\w:]*)\s*(\{(?:[^}"]|"[^"]*")*\}|\()?/g)].flatMap(
    ([, name = '', after]) => {
      if (after === '(' || KEYWORDS.has(name)) return [];
      const own = [...(after ?? '').matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
      return [{ name, labels: new Set([...grouped, ...own]) }];
    },
  );
}

/** Expressions of a file of rules for Prometheus, and the names under which some are recorded. */
export function rulesIn(text: string): { expressions: string[]; recorded: string[]; runbooks: string[] } {
  const all = (key: string) =>
    [...text.matchAll(new RegExp(`^( *)(?:- )?${key}: (?:\\|\\n((?:\\1 +.*\\n)+)|(.*)\\n)`, 'gm'))].map(
      ([, , block, line]) => (block ?? line ?? '').trim(),
    );
  return { expressions: all('expr'), recorded: all('record'), runbooks: all('runbook') };
}
