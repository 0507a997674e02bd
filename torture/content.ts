import type { Random } from './random.ts';

/** A turn as `recordTurns` takes it, without its key. */
export interface TurnContent {
  readonly query: string;
  readonly response?: string;
  readonly speaker?: string;
  readonly responder?: string;
  readonly timestamp?: string;
  readonly sessionId?: string;
  readonly modelUsed?: string;
  readonly intent?: string;
  readonly metadata?: Record<string, unknown>;
}

/** Pieces that a careless path damages: quoting, escapes, encodings, normalization, white space. */
const PIECES = [
  'the red door',
  'what did we say about it?',
  "it's",
  'O\u2019Neil',
  '"quoted"',
  'back\\slash',
  '\\x41',
  '\\u0041',
  '$1',
  '%s %d',
  '{}',
  '; drop table x; --',
  '<b>&amp;</b>',
  'tab\there',
  'line\nbreak',
  'cr\r\nlf',
  '\u2028',
  '\u00a0',
  'e\u0301',
  '\u00e9',
  'ﬁ',
  'Ａ',
  'ß',
  'İ',
  '日本語',
  'العربية',
  'עברית',
  '👩‍👩‍👧‍👦',
  '𝕏',
  '\u200d',
  '\ufeff',
  '\u0001',
  '\u007f',
  '\ufffd',
  '  ',
] as const;

/** Marks of a turn: unique in a run, so that a stored row can be traced to what was sent. */
export function markOf(text: string): string | null {
  return /^#(\S+) /.exec(text)?.[1] ?? null;
}

/** Something said, starting with its mark. */
export function makeQuery(random: Random, mark: string, longest = 8_000): string {
  return `#${mark} ${makeText(random, longest)}`;
}

/** A turn that another assistant produced; every field is there only sometimes. */
export function makeTurn(random: Random, mark: string): TurnContent {
  const maybe = <T>(probability: number, make: () => T): T | undefined =>
    random.chance(probability) ? make() : undefined;
  const parts = {
    response: maybe(0.8, () => makeText(random, 20_000)),
    speaker: maybe(0.3, () => random.pick(['Ada', 'Zoë', '李雷', "D'Arcy"])),
    responder: maybe(0.2, () => random.pick(['Echo', 'Écho', '"bot"'])),
    timestamp: maybe(0.7, () => new Date(Date.UTC(2001, 0, 1) + random.integer(0, 7e11)).toISOString()),
    sessionId: maybe(0.3, () => `s-${random.integer(1, 5)}`),
    modelUsed: maybe(0.3, () => random.pick(['other-model', 'gpt', 'm/1.5'])),
    intent: maybe(0.2, () => random.pick(['chat', 'question'])),
    metadata: maybe(0.5, () => makeMetadata(random)),
  };
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  return { query: makeQuery(random, mark), ...Object.fromEntries(given) };
}

function makeText(random: Random, longest: number): string {
  const limit = random.chance(0.02) ? longest : random.integer(10, 300);
  let text: string = random.pick(PIECES);
  while (text.length < limit) text += random.pick([' ', ' ', ' ', '']) + random.pick(PIECES);
  return text.slice(0, limit).toWellFormed();
}

function makeMetadata(random: Random): Record<string, unknown> {
  return {
    zulu: random.integer(-1_000_000, 1_000_000),
    'a key': random.pick(PIECES),
    Ünï: [1.5, 1e21, -0.1, 9_007_199_254_740_991, true, null, '', { deep: [[random.next()]] }],
    ...(random.chance(0.3) && { empty: {}, list: [] }),
  };
}
