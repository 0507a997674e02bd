const names = new Set<string>();
const judged = new Map<string, boolean>();
/** What `nameOfShape` puts behind a name. */
const SHAPE = /_[0-9a-f]{16}$/;
/** Names of forms that are remembered: more than there are. */
const MOST = 10_000;

/**
 * Marks a statement as one that may be read from a replica: it only reads, shows users what is theirs or operators how it
 * is, and nobody is let in or kept out by what it gives.
 *
 * @param name of the statement, before its shape
 */
export function replicable(name: string): string {
  names.add(name);
  judged.clear();
  return name;
}

/** Whether a statement of this name is marked, in whatever shape. */
export function isReplicable(name: string): boolean {
  let known = judged.get(name);
  if (known === undefined) {
    known = names.has(name) || names.has(name.replace(SHAPE, ''));
    if (judged.size >= MOST) judged.clear();
    judged.set(name, known);
  }
  return known;
}
