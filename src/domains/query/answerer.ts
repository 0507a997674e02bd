import type { CharacterRow } from '../characters/tables.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import type { KnownFact } from '../memory/fact-hits.ts';
import type { MemoryHit } from '../memory/hits.ts';
import { NO_MODEL, NOT_READ, REMEMBERS_NOTHING } from '../utterances/recalled.ts';
import { asks } from '../utterances/utterance.ts';
import { type CitationStyle, cite, describeCharacter, quote } from './citation.ts';
import type { Classification } from './intents.ts';
import { numberOf, sentenceOf } from './known.ts';

const MAX_CITED = 5;
const MAX_FACTS = 5;
const NOTHING_THEN =
  'I remember nothing that was said at that time. This is what I remember about it from other times:';

/** The answer to anything that asks for a command to be run. */
export function refuseCommand(): string {
  return (
    'I do not run commands. Nothing in a message is ever executed here, and nothing was. ' +
    'If the machine needs work, ask its operator; I can keep a note of what you need.'
  );
}

/** An answer from the character database, and from what was said of the character before. */
export function describeCharacters(
  characters: readonly CharacterRow[],
  memories: readonly MemoryHit[],
  timeZone: string,
): string {
  const parts = characters.map((character) => describeCharacter(character, 'user'));
  const isWanted = (memory: MemoryHit) => memory.tier === 'CHARACTER' || memory.tier === 'PHRASE';
  const cited = bestOf(memories, isWanted, timeZone);
  if (cited.length > 0) parts.push(`From our conversations:\n${cited.join('\n')}`);
  return parts.join('\n\n');
}

/**
 * An answer composed from memory alone. Says what it is, and never pretends to have understood more than it found: a
 * question of which nothing is known gets no memories, and what tells something is acknowledged.
 *
 * @param query what was said
 * @param modelTrouble why no language model answered although some are configured
 */
export function answerFromMemory(
  query: string,
  { classification, memories, facts, timeZone, missedTime = false, degraded = false }: RememberedContext,
  modelTrouble: readonly string[] = [],
): string {
  const parts: string[] = [];
  if (modelTrouble.length > 0)
    parts.push(`${NO_MODEL} just now (${modelTrouble.join('; ')}). This is what memory alone gives.`);
  const understood = whatWasUnderstood(query, classification);
  if (understood) parts.push(understood);
  const isSaidIn = new Set(facts.map(({ source }) => source?.turnId));
  const cited = bestOf(
    memories,
    () => true,
    timeZone,
    ({ interaction }) => isSaidIn.has(interaction.turnId),
  );
  // What only means something like the question may be no answer to it: a model can tell, memory alone cannot.
  const answers = facts.filter(({ isLike }) => !isLike);
  const known = answers
    .slice(0, MAX_FACTS)
    .map((fact) => sentenceOf(fact, timeZone, numberOf(fact, memories)));
  if (known.length > 0) parts.push(known.join('\n'));
  const introduction = missedTime ? NOTHING_THEN : 'This is what I remember about it:';
  if (cited.length > 0) parts.push(`${introduction}\n${cited.join('\n')}`);
  if (degraded) parts.push(`${NOT_READ}, so something may be missing here. Ask again in a moment.`);
  else if (cited.length === 0 && !understood && known.length === 0)
    parts.push(`${REMEMBERS_NOTHING} What you said is stored and will be found when you ask again.`);
  if (modelTrouble.length === 0)
    parts.push('(Answered from memory by the built-in answerer; no language model is configured.)');
  return parts.join('\n\n');
}

interface RememberedContext {
  readonly classification: Classification;
  readonly memories: readonly MemoryHit[];
  readonly facts: readonly KnownFact[];
  readonly timeZone: string;
  readonly missedTime?: boolean;
  /** Something may be missing: not all could be read. */
  readonly degraded?: boolean;
}

function whatWasUnderstood(query: string, classification: Classification): string | null {
  const { intent } = classification;
  if (classification.requiresClarification)
    return `I am not sure what you mean. ${classification.clarifyingQuestions.join(' ')}`.trim();
  if (intent === 'anime_generation' || intent === 'image_generation')
    return `I understood this as a request for an image ("${quote(classification.prompt ?? '')}"). No image service is connected, so nothing was generated; the request is kept.`;
  if (intent === 'task_request')
    return 'I kept this as you said it. No task runner is connected, so nothing will happen by itself.';
  if (intent === 'memory_recall' || asks(query)) return null;
  return `Noted. I stored what you said, as you said it: "${quote(query)}"`;
}

/** The best few of the memories as lines, in the order and with the numbers that they have; what is needed before others. */
function bestOf(
  memories: readonly MemoryHit[],
  isWanted: (memory: MemoryHit) => boolean,
  timeZone: string,
  isNeeded: (memory: MemoryHit) => boolean = () => false,
): string[] {
  const style: CitationStyle = { timeZone, reader: 'user' };
  const rank = (memory: MemoryHit) => memory.score + (isNeeded(memory) ? 1 : 0);
  const best = new Set(
    memories
      .filter(isWanted)
      // Of equals, the later ones.
      .sort((a, b) => rank(b) - rank(a) || later(a.interaction, b.interaction))
      .slice(0, MAX_CITED),
  );
  return memories.flatMap((memory, index) => (best.has(memory) ? cite(memory, index + 1, style) : []));
}

function later(a: InteractionRow, b: InteractionRow): number {
  return b.timestamp.getTime() - a.timestamp.getTime() || b.id - a.id;
}
