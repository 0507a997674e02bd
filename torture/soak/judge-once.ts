import type { Finding } from '../findings.ts';

/** Something that was asked for, under a name of its own. */
export interface Asked {
  /** What sort of thing it is, for people. */
  readonly kind: string;
  readonly name: string;
  /** What must be stored under it. */
  readonly value: string;
  /** Whether a server said that it has it; until then it may be there or not. */
  acknowledged: boolean;
}

/** Something that is stored. */
export interface Kept {
  readonly kind: string;
  readonly name: string;
  readonly value: string;
}

export interface OnceFigures {
  asked: number;
  acknowledged: number;
  stored: number;
}

/** Whether what was acknowledged is stored once and as it was asked for, and nothing is stored that nobody asked for. */
export function judgeOnce(
  asked: readonly Asked[],
  kept: readonly Kept[],
): { findings: Finding[]; figures: Record<string, OnceFigures> } {
  const figures: Record<string, OnceFigures> = {};
  const of = (kind: string) => {
    figures[kind] ??= { asked: 0, acknowledged: 0, stored: 0 };
    return figures[kind];
  };
  const stored = Map.groupBy(kept, keyOf);
  const findings: Finding[] = [];
  const say = (check: Finding['check'], { kind, name }: Kept, detail: string) =>
    findings.push({ check, conversationId: null, detail: `${kind} ${name}: ${detail}` });
  for (const one of asked) {
    const rows = stored.get(keyOf(one)) ?? [];
    of(one.kind).asked++;
    if (one.acknowledged) of(one.kind).acknowledged++;
    if (one.acknowledged && rows.length === 0) say('lost', one, 'it was acknowledged, and is not there');
    if (rows.length > 1) say('duplicated', one, `it is there ${rows.length} times`);
    for (const { value } of rows)
      if (value !== one.value)
        say('altered', one, `asked for ${excerpt(one.value)}, stored ${excerpt(value)}`);
  }
  const known = new Set(asked.map(keyOf));
  for (const one of kept) {
    of(one.kind).stored++;
    if (!known.has(keyOf(one))) say('unknown-stored', one, 'nobody asked for it');
  }
  return { findings, figures };
}

const keyOf = ({ kind, name }: Pick<Kept, 'kind' | 'name'>) => `${kind} ${name}`;
const excerpt = (text: string) => JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
