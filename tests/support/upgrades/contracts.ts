/** What the version before relies on, by the words that take it away. */
const TAKEN_AWAY: readonly (readonly [RegExp, string])[] = [
  [/\bdrop\s+(?:table|column|function|view|type|schema)\b/i, 'takes something away'],
  [/\brename\b/i, 'renames something'],
  [/\balter\s+column\s+\S+\s+(?:set\s+data\s+)?type\b/i, 'changes the type of a column'],
  [/\balter\s+column\s+\S+\s+set\s+not\s+null\b/i, 'demands a value that an earlier server does not give'],
  [/\balter\s+column\s+\S+\s+drop\s+default\b/i, 'takes a default away'],
  [
    /\badd\s+column\s+(?:(?!;|,\s*add\b|\bdefault\b|\bgenerated\b)[\s\S])*\bnot\s+null\b(?!(?:(?!;|,\s*add\b)[\s\S])*\b(?:default|generated)\b)/i,
    'adds a column that an earlier server leaves empty',
  ],
];
/** Said in the migration itself: since which one no server uses what it takes away. */
const CONTRACTS = /^-- contracts: nothing uses .+ since \d{4}/m;

/** What a server of the version before could not go on with, while another one applies a migration; empty: nothing. */
export function contractions(sql: string): string[] {
  if (CONTRACTS.test(sql)) return [];
  const statements = sql.replaceAll(/--(?!>).*$/gm, '').split('--> statement-breakpoint');
  return statements.flatMap((statement) =>
    TAKEN_AWAY.filter(([pattern]) => pattern.test(statement)).map(
      ([, what]) => `${what}: ${statement.trim().slice(0, 80)}`,
    ),
  );
}
