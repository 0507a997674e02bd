/** What a server's refusal tells about the model: how to ask so that it is not refused again. */
export interface Lesson {
  /** The prompt is too long for the model's window. */
  isTooLong: boolean;
  /** Tokens that prompt and answer have together; null: it did not say. */
  window: number | null;
  /** Tokens of the prompt that was refused; null: it did not say. */
  promptTokens: number | null;
  /** Tokens that an answer may have at most; null: it did not say. */
  maxTokens: number | null;
  /** What it does not know in a request. */
  unknown: (typeof NAMED)[number] | null;
}

/** What servers differ in. */
const NAMED = [
  'max_tokens',
  'max_completion_tokens',
  'stream_options',
  'response_format',
  'temperature',
] as const;
/** Other names for how an answer is bound to a format: the library's, and of the schema within it. */
const FORMAT =
  /response_format|json_schema|json_object|guided_(?:json|grammar)|\bgrammar\b|structured output/i;
/** How servers say that they do not know something. */
const UNKNOWN = /unsupported|not support|unknown|unrecogni[sz]ed|unexpected|not permitted|only the default/i;
const TOO_LONG_CODES = ['exceed_context_size_error', 'context_length_exceeded', 'string_above_max_length'];
const TOO_LONG =
  /context[ _-]?(?:length|size|window|overflow)|context the overflows|max(?:imum)?[ _](?:model|prompt|input|context)[ _](?:length|len)|(?:prompt|input|inputs|request|messages?|text)\b.{0,80}?\b(?:too (?:long|large|big|many tokens)|longer than|exceeds?|larger than)|too many (?:input |prompt )?tokens|token count.{0,60}exceed|`inputs`.{0,40}tokens|token limit|reduce (?:the length of|your) (?:the )?(?:messages?|prompt|input)/i;
/** Numbers as llama.cpp, vLLM, SGLang, TGI, LM Studio, Mistral, Gemini, Anthropic and OpenAI write them. */
const WINDOW = [
  /context (?:length|size|window)[^.;\d]{0,60}?(\d{2,})/i,
  /(?:model|prompt|input) length[^.;\d]{0,40}?(\d{2,})/i,
  /model with (\d{2,}) maximum/i,
  /(?:<=|>|less than|cannot exceed|maximum number of tokens allowed|limit)[^.;\d]{0,20}(\d{2,})/i,
];
const PROMPT = [
  /(\d{2,})(?: tokens?)? (?:in|of|from) (?:the |your )?(?:messages|prompt|text input|input)/i,
  /(\d{2,}) (?:input|prompt|`inputs`) tokens/i,
  /(?:resulted in|contains|has|received|given:|first|request contains|requested(?: about)?)\s*:?\s*(\d{2,})/i,
  /(?:input|prompt|request|inputs)\b[^.;\d]{0,30}\((?:length )?(\d{2,})/i,
  /(?:too long|token count)[^\d]{0,5}(\d{2,})/i,
];
const MAX_TOKENS = [
  /at most (\d+) (?:completion|output) tokens/i,
  /max_(?:completion_)?tokens.{0,80}?\[\s*\d+\s*,\s*(\d+)\s*\]/i,
  /max_(?:completion_)?tokens.{0,60}?(?:less than or equal to|must be at most|<=|> )\D{0,3}(\d+)/i,
];
/** Messages of servers are short; a page of HTML is no message. */
const LOOKED_AT = 4_000;

/**
 * Reads the refusal of a server, in whatever words. What it says is only recognised, never shown.
 *
 * @param said the error as the server wrote it: an object, or text
 */
export function lessonOf(said: unknown): Lesson {
  const error = errorOf(said);
  const text = wordsOf(said).slice(0, LOOKED_AT);
  const maxTokens = numberIn(MAX_TOKENS, text);
  const isAboutAnswer = maxTokens !== null && !/context/i.test(text);
  const code = [error.code, error.type].filter((word) => typeof word === 'string');
  const isTooLong =
    !isAboutAnswer && (code.some((word) => TOO_LONG_CODES.includes(word)) || TOO_LONG.test(text));
  return {
    isTooLong,
    window: isTooLong ? (positive(error.n_ctx) ?? numberIn(WINDOW, text)) : null,
    promptTokens: isTooLong ? (positive(error.n_prompt_tokens) ?? numberIn(PROMPT, text)) : null,
    maxTokens: isAboutAnswer ? maxTokens : null,
    unknown: isTooLong || maxTokens !== null ? null : unknownIn(text),
  };
}

function unknownIn(text: string): Lesson['unknown'] {
  // OpenAI names both: the one that it does not take, then the one to use instead.
  const found = NAMED.map((name) => ({ name, at: placeOf(name, text) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  return found[0]?.name ?? null;
}

function placeOf(name: (typeof NAMED)[number], text: string): number {
  if (name === 'response_format') return text.search(FORMAT);
  // A value that is out of its bounds is none of ours.
  return name === 'temperature' && !UNKNOWN.test(text) ? -1 : text.indexOf(name);
}

function errorOf(said: unknown): Record<string, unknown> {
  if (typeof said !== 'object' || said === null) return {};
  const { error } = said as { error?: unknown };
  return typeof error === 'object' && error !== null
    ? (error as Record<string, unknown>)
    : (said as Record<string, unknown>);
}

/** All texts in it: servers put their message into `error`, `message`, `detail`, or lists of these. */
function wordsOf(said: unknown, depth = 0): string {
  if (typeof said === 'string') return said.slice(0, LOOKED_AT);
  if (typeof said !== 'object' || said === null || depth > 5) return '';
  return Object.values(said)
    .slice(0, 20)
    .map((value) => wordsOf(value, depth + 1))
    .filter((words) => words !== '')
    .join(' ; ');
}

function numberIn(patterns: readonly RegExp[], text: string): number | null {
  const plain = text.replace(/(?<=\d),(?=\d{3}\b)/g, '');
  for (const pattern of patterns) {
    const found = positive(Number(pattern.exec(plain)?.[1]));
    if (found !== null) return found;
  }
  return null;
}

function positive(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}
