import type { CharacterMention } from '../characters/matcher.ts';
import type { CharacterRow } from '../characters/tables.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import { quote } from './citation.ts';

/** Names that a question offers. */
const MAX_OFFERED = 5;

/** Whom a query means. */
export interface Meant {
  readonly characters: readonly CharacterRow[];
  /** What to ask back where it may be several; null: nothing. */
  readonly question: string | null;
}

/**
 * Whom a query means where several characters have the name that it says ("Kai"): the one of them who was spoken of last in the
 * conversation, else the one who answers in it, else it has to be asked.
 *
 * @param named the characters whom it names, the main one first
 * @param mentions of them
 * @param present those who answer in the conversation
 */
export function whoOfNamesakes(
  named: readonly CharacterRow[],
  mentions: readonly CharacterMention[],
  { history, present }: { history: readonly InteractionRow[]; present: readonly CharacterRow[] },
): Meant {
  const [main] = mentions;
  const same = mentions.filter(({ start, end }) => start === main?.start && end === main.end);
  const possible = named.filter(({ id }) => same.some(({ characterId }) => characterId === id));
  if (!main || possible.length < 2) return { characters: named, question: null };
  const spokenOf = history
    .toReversed()
    .map((turn) => possible.filter(({ id }) => (turn.characterIds ?? [turn.characterId]).includes(id)))
    .find((found) => found.length > 0);
  const answering = possible.filter(({ id }) => present.some((other) => other.id === id));
  const [one] = [spokenOf ?? [], answering].find((likely) => likely.length === 1) ?? [];
  if (!one) return { characters: named, question: whichOfThem(main.matched, possible) };
  return { characters: named.filter((each) => each === one || !possible.includes(each)), question: null };
}

/** Asks which of several characters of one name is meant. @param name as it stands in the query */
function whichOfThem(name: string, characters: readonly CharacterRow[]): string {
  const offered = characters
    .slice(0, MAX_OFFERED)
    .map(({ characterName, sourceFranchise }) => `${characterName} (${sourceFranchise})`);
  const more = characters.length - offered.length;
  const all = more > 0 ? [...offered, `one of ${more} more`] : offered;
  return `Which “${quote(name)}” do you mean: ${all.slice(0, -1).join(', ')} or ${all.at(-1)}?`;
}
