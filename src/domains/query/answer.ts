import type { ModelLevel } from '../../config/values.ts';
import { beginningOf } from '../../texts.ts';
import type { UsedLore } from '../characters/lore-use.ts';
import type { CharacterRow } from '../characters/tables.ts';
import type { FinishReason, InteractionStatus } from '../interactions/tables.ts';
import type { MemoryHit } from '../memory/hits.ts';
import { BUILT_IN_ANSWERER, CHARACTER_DATABASE, SECURITY_POLICY } from '../utterances/recalled.ts';
import type { AcceptedQuery } from './accepted.ts';
import { answerFromMemory, describeCharacters, refuseCommand } from './answerer.ts';
import { costOf } from './cost.ts';
import { drawn } from './drawn.ts';
import { fittingPrompt } from './fitting.ts';
import type { GatheredContext } from './gather.ts';
import type { Classification } from './intents.ts';
import type { PatientServices, QueryObserver } from './query.ts';
import type { TurnLore } from './turn.ts';
import { intentByRules } from './unsure.ts';

/** Who asks for a character without a model hears of them. */
const NEVER_PLAYED =
  '(This is what I know about the character. No language model is configured, and I do not speak for anybody.)';
/** Characters of the name of an entry, and of why it was told. */
const MAX_LORE_WORDS = 300;

export interface QueryAnswer {
  readonly text: string;
  readonly modelUsed: string;
  readonly level: string;
  readonly escalationPath: readonly string[];
  readonly classification: Classification;
  /** FAILED: no configured model answered; the text says why, or has the words in which the last one refused to. */
  readonly status: InteractionStatus;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  /** What of the memories went into it. */
  readonly memories: readonly MemoryHit[];
  /** The character who answers; absent: the assistant. */
  readonly responder?: string;
  /** What of characters' lore a model was told for it; absent: nothing. */
  readonly lore?: readonly TurnLore[];
  /** Milliseconds that it waited for a model; absent where it did not. */
  readonly waitedMs?: number;
  /** How the model's answer ended; absent where no model wrote it. */
  readonly finishReason?: FinishReason;
  /** What it cost; absent where nobody knows. */
  readonly cost?: string;
}

/**
 * Answers from what was gathered: commands are refused, questions about characters are answered from the database, everything else from
 * a language model, or from memory alone where none is configured or none answers. Never empty.
 */
export async function answerQuery(
  services: PatientServices,
  query: AcceptedQuery,
  gathered: GatheredContext,
  asked: { observer: QueryObserver; signal: AbortSignal },
): Promise<QueryAnswer> {
  const { classification, characters, memories } = gathered;
  const { observer, signal } = asked;
  const level = await levelOf(services, query, classification);
  const local = {
    level,
    classification,
    memories,
    status: 'ANSWERED' as const,
    tokensIn: null,
    tokensOut: null,
  };
  if (classification.intent === 'system_command') {
    return {
      ...local,
      text: refuseCommand(),
      modelUsed: SECURITY_POLICY,
      level: 'security',
      escalationPath: [SECURITY_POLICY],
    };
  }
  if (gathered.cast && !services.config.languageModels) {
    const about = describeCharacters([gathered.cast.answering.character], memories, gathered.timeZone);
    const text = `${about}\n\n${NEVER_PLAYED}`;
    return { ...local, text, modelUsed: CHARACTER_DATABASE, escalationPath: ['character_database_lookup'] };
  }
  if (
    !gathered.cast &&
    classification.intent === 'character_query' &&
    gathered.asksAboutCharacter &&
    characters.length > 0
  ) {
    const text = classification.requiresClarification
      ? classification.clarifyingQuestions.join(' ')
      : describeCharacters(characters, memories, gathered.timeZone);
    return { ...local, text, modelUsed: CHARACTER_DATABASE, escalationPath: ['character_database_lookup'] };
  }
  const drawing = await drawn(services, query, gathered);
  if (drawing !== null)
    return { ...local, text: drawing, modelUsed: BUILT_IN_ANSWERER, escalationPath: ['image_generation'] };
  if (!services.config.languageModels) {
    return {
      ...local,
      text: answerFromMemory(query.query, gathered),
      modelUsed: BUILT_IN_ANSWERER,
      escalationPath: [BUILT_IN_ANSWERER],
    };
  }
  return askModels(services, query, gathered, { level, observer, signal });
}

/** What the caller asked for, else what their tenant has set, else what the question needs. */
async function levelOf(
  { models, tenants }: Pick<PatientServices, 'models' | 'tenants'>,
  { intelligenceLevel, owner, query }: AcceptedQuery,
  classification: Classification,
): Promise<ModelLevel> {
  if (intelligenceLevel !== 'auto') return intelligenceLevel;
  return (
    (await tenants.of(owner.tenantId))?.intelligenceLevel ??
    models.levelFor(query, intentByRules(classification))
  );
}

async function askModels(
  services: PatientServices,
  query: AcceptedQuery,
  gathered: GatheredContext,
  { level, observer, signal }: { level: ModelLevel; observer: QueryObserver; signal: AbortSignal },
): Promise<QueryAnswer> {
  const { classification, memories } = gathered;
  const prompt = fittingPrompt({
    ...gathered,
    query: query.query,
    turnId: query.turnId,
    mode: query.effectiveMode,
    context: query.context ?? null,
    asksForPast: classification.intent === 'memory_recall',
  });
  let sent = prompt.request;
  const routed = await services.models.answer(level, prompt.request, {
    caller: JSON.stringify([query.owner.tenantId, query.owner.userId]),
    signal,
    onDelta: (text) => observer.delta?.(text),
    onRestart: () => observer.restart?.(),
    onRequest: (request) => {
      sent = request;
    },
  });
  const { answer, modelUsed, escalationPath } = routed;
  const waited = routed.waitedMs > 0 && { waitedMs: routed.waitedMs };
  if (answer && modelUsed) {
    const { text, tokensIn, tokensOut, finishReason, isRefusal } = answer;
    const models = services.config.languageModels;
    const { cast, characters } = gathered;
    const present = [...characters, ...(cast ? [cast.answering.character, ...cast.others] : [])];
    const cost = models && costOf(models, { level: routed.level, model: modelUsed }, answer);
    return {
      text,
      modelUsed,
      level: routed.level,
      escalationPath,
      classification,
      status: isRefusal ? 'FAILED' : 'ANSWERED',
      tokensIn,
      tokensOut,
      finishReason,
      ...(cost !== null && { cost }),
      memories: prompt.memoriesIn(sent),
      lore: loreOfTurn(prompt.loreIn(sent), present),
      // Who refuses is the model, whoever it was to speak for.
      ...(gathered.cast && !isRefusal && { responder: gathered.cast.answering.character.characterName }),
      ...waited,
    };
  }
  if (signal.aborted) return { ...cancelled(level, escalationPath, classification), memories: [], ...waited };
  const trouble = routed.failures.map((failure) => `${failure.model}: ${failure.message}`);
  return {
    text: answerFromMemory(query.query, gathered, trouble),
    modelUsed: BUILT_IN_ANSWERER,
    level,
    escalationPath: [...escalationPath, BUILT_IN_ANSWERER],
    classification,
    status: 'FAILED',
    tokensIn: null,
    tokensOut: null,
    memories,
    ...waited,
  };
}

/** What a turn keeps of the lore that it was told. */
function loreOfTurn(lore: readonly UsedLore[], characters: readonly CharacterRow[]): TurnLore[] {
  const nameOf = (id: number) => characters.find((character) => character.id === id)?.characterName ?? '';
  return lore.map(({ characterId, entry, reason }) => ({
    ...{ character: nameOf(characterId), entry: beginningOf(entry.name, MAX_LORE_WORDS) },
    reason: beginningOf(reason, MAX_LORE_WORDS),
  }));
}

/** Nobody wants the answer any more, and no model has written anything: the query stays as it is, to be asked again. */
function cancelled(
  level: ModelLevel,
  escalationPath: readonly string[],
  classification: Classification,
): Omit<QueryAnswer, 'memories'> {
  return {
    text: '',
    modelUsed: 'none',
    level,
    escalationPath,
    classification,
    status: 'INTERRUPTED',
    tokensIn: null,
    tokensOut: null,
    finishReason: 'cancelled',
  };
}
