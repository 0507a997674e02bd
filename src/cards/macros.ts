/** What stands for the names and other macros of a card. */
export interface MacroValues {
  readonly char: string;
  readonly user: string;
  /** What `{{original}}` stands for: what would be said without the card. */
  readonly original?: string;
  /** From 0 to below 1, for the macro at this place: the same turn has the same chance. */
  readonly chance: (place: number) => number;
}

const MACRO = /<(bot|user)>|\{\{([^{}]*)\}\}/gi;
const NAMED = /^(random|pick|roll|reverse|hidden_key|comment)\s*:\s*(.*)$/is;

/**
 * A text of a card with its macros replaced: `{{char}}`, `{{user}}`, `{{original}}`, `{{random:a,b}}`, `{{pick:a,b}}`,
 * `{{roll:d6}}`, `{{reverse:text}}`; `{{// note}}`, `{{comment:…}}` and `{{hidden_key:…}}` are nothing. Others stay as they
 * are, and what a macro gives is not looked at again.
 */
export function expandMacros(text: string, values: MacroValues): string {
  return text.replace(
    MACRO,
    (whole: string, tag: string | undefined, macro: string | undefined, place: number) => {
      const name = (tag === undefined ? macro : tag === 'user' ? tag : 'char')?.trim() ?? '';
      const lower = name.toLowerCase();
      if (lower === 'char' || lower === 'bot') return values.char;
      if (lower === 'user') return values.user;
      if (lower === 'original') return values.original ?? '';
      if (lower.startsWith('//')) return '';
      const [, kind, rest = ''] = NAMED.exec(name) ?? [];
      switch (kind?.toLowerCase()) {
        case 'random':
        case 'pick':
          return choice(rest, values.chance(place));
        case 'roll':
          return rolled(rest, values.chance(place)) ?? whole;
        case 'reverse':
          return Array.from(rest).reverse().join('');
        case 'hidden_key':
        case 'comment':
          return '';
        default:
          return whole;
      }
    },
  );
}

/** One of the parts between commas; `\,` is a comma in a part. */
function choice(list: string, chance: number): string {
  const parts = list.split(/(?<!\\),/).map((part) => part.replaceAll('\\,', ',').trim());
  return parts[Math.floor(chance * parts.length)] ?? '';
}

/** From 1 to the sides of a die, `d6` or `6`; null: it is none. */
function rolled(die: string, chance: number): string | null {
  const sides = Number(/^d?(\d{1,9})$/i.exec(die.trim())?.[1] ?? 0);
  return sides > 0 ? String(1 + Math.floor(chance * sides)) : null;
}
