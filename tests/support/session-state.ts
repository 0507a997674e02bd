/** What makes a connection another one for whoever has it next, by how it begins or what it calls. */
const STATES: readonly (readonly [what: string, form: RegExp])[] = [
  ['a setting of the session', /(?:^|;)\s*(?:set\s+(?!local\b|transaction\b|constraints\b)|reset\b)/],
  ['a setting of the session', /\bset_config\s*\([^()]*,\s*false\s*\)/],
  ['a channel that is listened to', /(?:^|;)\s*(?:un)?listen\b/],
  ['a lock of the session', /\bpg_(?:try_)?advisory_(?:un)?lock(?:_shared|_all)?\s*\(/],
  [
    'a temporary table',
    /\b(?:create\s+(?:global\s+|local\s+)?temp(?:orary)?\b|into\s+temp(?:orary)?\b)|\bpg_temp\./,
  ],
  ['a cursor beyond the transaction', /\bwith\s+hold\b/],
  ['a statement prepared by name in SQL', /(?:^|;)\s*(?:prepare\s+(?!transaction\b)|deallocate\b|discard\b)/],
];

/**
 * What a statement leaves on the connection of a pool, or looks for there: behind a pooler that hands connections out by
 * transaction, the next statement may get another one, and somebody else gets this one.
 *
 * @returns null where it is the same afterwards
 */
export function sessionState(name: string, text: string): string | null {
  const bare = text
    .replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
    .replace(/'(?:[^']|'')*'/g, "''")
    .toLowerCase();
  const found = STATES.find(([, form]) => form.test(bare));
  return found ? `${name} leaves ${found[0]} on a pooled connection` : null;
}
