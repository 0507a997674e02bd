import type { ModelRequest } from '../../models/language-model.ts';
import type { UsedLore } from '../characters/lore-use.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import type { MemoryHit } from '../memory/hits.ts';
import { isModelsWord, recalled } from '../utterances/recalled.ts';
import { tokensIn } from './context.ts';
import { buildPrompt, type PromptParts } from './prompt.ts';

/** A prompt that can be made shorter, for a model with a small window. */
export interface FittingPrompt {
  readonly request: ModelRequest;
  /** The memories that a request, this one or a shorter one, holds. */
  memoriesIn(request: ModelRequest): readonly MemoryHit[];
  /** What of the lore it holds. */
  loreIn(request: ModelRequest): readonly UsedLore[];
}

/** What a message costs beside its text: its role, and the marks around it. */
const TOKENS_PER_MESSAGE = 4;

/**
 * The request to a model with everything that was gathered, and shorter ones for models that can't take so much:
 * without the weakest memories and the oldest turns first, whichever take more; then without the weakest facts, the last lore, the client's
 * context and the characters. The query itself is never cut.
 */
export function fittingPrompt(parts: PromptParts): FittingPrompt {
  const held = new WeakMap<ModelRequest, PromptParts>();
  const build = (kept: PromptParts): ModelRequest & { tokens: number } => {
    const { system, messages } = buildPrompt(kept);
    const request = {
      system,
      messages,
      tokens: messages.reduce(
        (sum, { content }) => sum + tokensIn(content) + TOKENS_PER_MESSAGE,
        tokensIn(system) + TOKENS_PER_MESSAGE,
      ),
    };
    held.set(request, kept);
    return request;
  };
  const within = (tokens: number): ModelRequest | null => {
    for (let kept: PromptParts | null = parts; kept; kept = withLess(kept)) {
      const request = build(kept);
      if (request.tokens <= tokens) return request;
    }
    return null;
  };
  const request = { ...build(parts), within };
  held.set(request, parts);
  const partsOf = (sent: ModelRequest) => held.get(sent) ?? parts;
  return {
    request,
    memoriesIn: (sent) => partsOf(sent).memories,
    loreIn: (sent) => partsOf(sent).lore,
  };
}

function withLess(parts: PromptParts): PromptParts | null {
  const { memories, history } = parts;
  const said = history.reduce((sum, turn) => sum + tokensOf(turn), 0);
  const remembered = memories.reduce((sum, { interaction }) => sum + tokensOf(interaction), 0);
  if (memories.length > 0 && remembered >= said) {
    const weakest = weakestOf(memories);
    return { ...parts, memories: memories.toSpliced(weakest, 1) };
  }
  if (history.length > 0) return { ...parts, history: history.slice(1) };
  if (parts.facts.length > 0) return { ...parts, facts: parts.facts.slice(0, -1) };
  if (parts.lore.length > 0) return { ...parts, lore: parts.lore.slice(0, -1) };
  if (parts.context !== null) return { ...parts, context: null };
  return parts.characters.length > 0 ? { ...parts, characters: [] } : null;
}

function tokensOf(turn: InteractionRow): number {
  const { query, response } = recalled(turn);
  return tokensIn(query) + tokensIn(response);
}

/** What a model once answered goes before what people said. */
function weakestOf(memories: readonly MemoryHit[]): number {
  const rank = ({ interaction, score }: MemoryHit) => score - (isModelsWord(interaction) ? 1 : 0);
  return memories.reduce(
    (weakest, memory, index) => (rank(memory) < rank(memories[weakest] as MemoryHit) ? index : weakest),
    0,
  );
}
