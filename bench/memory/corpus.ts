import { STOP_WORDS } from '../../src/domains/word-index/languages.ts';

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Size of the vocabulary, and how fast words get rarer (Zipf's law with the exponent of English). */
const WORDS = 60_000;
const EXPONENT = 1.07;
/** Mean words of what is said and of what is answered; lengths are log-normal. */
const SAID = 12;
const ANSWERED = 40;
const SPREAD = 0.7;
const TURNS_OF_CONVERSATION = 40;
const SYLLABLES =
  'ba be bi bo da de di do fa fe ga go ka ke ki ko la le li lo ma me mi mo na ne no pa pe po ra re ri ro sa se si so ta te ti to va ve vi vo za zo'.split(
    ' ',
  );

export interface CorpusTurn {
  readonly conversationId: string;
  readonly sequence: number;
  readonly query: string;
  readonly response: string;
}

/** Turns and questions of made-up words that are as frequent as those of English, stop words included. */
export function createCorpus(seed: number) {
  const random = seededRandom(seed);
  const words = [...STOP_WORDS, ...inventedWords(WORDS - STOP_WORDS.size)];
  const cumulative = new Float64Array(WORDS);
  let sum = 0;
  for (let rank = 0; rank < WORDS; rank++) cumulative[rank] = sum += 1 / (rank + 1) ** EXPONENT;
  const word = () => {
    const wanted = random() * sum;
    let low = 0;
    let high = WORDS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return words[low] as string;
  };
  const text = (mean: number) => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const length = Math.max(2, Math.round(mean * Math.exp(SPREAD * normal - SPREAD ** 2 / 2)));
    return Array.from({ length }, word).join(' ');
  };
  return {
    /** So many words on average, as many more or less as in what people write. */
    text,
    turn: (number: number, user: string): CorpusTurn => ({
      conversationId: `${user}-${Math.floor(number / TURNS_OF_CONVERSATION)}`,
      sequence: (number % TURNS_OF_CONVERSATION) + 1,
      query: text(SAID),
      response: text(ANSWERED),
    }),
    /** Words of a turn among words of a question. */
    question: (turn: CorpusTurn) => {
      const said = `${turn.query} ${turn.response}`.split(' ').filter((each) => !STOP_WORDS.has(each));
      const picked = Array.from({ length: 4 }, () => said[Math.floor(random() * said.length)] ?? 'nothing');
      return `what did i say about the ${picked.join(' and ')}`;
    },
  };
}

/** Short words first, as in a language. */
function inventedWords(count: number): string[] {
  const words: string[] = [];
  for (let number = 0; words.length < count; number++) {
    let word = '';
    for (let rest = number + SYLLABLES.length; rest > 0; rest = Math.floor(rest / SYLLABLES.length))
      word += SYLLABLES[rest % SYLLABLES.length];
    if (!STOP_WORDS.has(word)) words.push(word);
  }
  return words;
}
