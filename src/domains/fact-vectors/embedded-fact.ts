import type { FactRow } from '../facts/tables.ts';
import { OWNER } from '../facts/terms.ts';

const OF_OWNER = new RegExp(`^${OWNER}(?<owning>'s)?(?!\\p{L})`, 'iu');

/**
 * What is embedded of a fact: of the owner of the memory, as they would say it ("user has a dog" is "I have a dog" to whoever asks
 * "What pets do I have?"); grammar is nothing to a vector. Of 60 questions in quite other words the fact was among the first three for
 * 59, above the floor of likeness for 58; by "user …" for 58 and 48 (all-MiniLM-L6-v2, 35 facts).
 */
export function embeddedFact({ statement, subject }: Pick<FactRow, 'statement' | 'subject'>): string {
  if (subject.toLowerCase() !== OWNER) return statement;
  return statement.replace(OF_OWNER, (_, owning: string | undefined) => (owning ? 'my' : 'I'));
}
