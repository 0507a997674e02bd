/** How models mark that they have ended. Servers take these away; one with the wrong template or settings does not. */
const END_MARKS: readonly string[] = [
  // ChatML: Qwen, Yi and many others.
  '<|im_end|>',
  // Llama.
  '<|eot_id|>',
  '<|eom_id|>',
  '<|eot|>',
  '<|end_of_text|>',
  '</s>',
  // Gemma.
  '<end_of_turn>',
  '<turn|>',
  '<eos>',
  // GPT, Phi, Harmony.
  '<|endoftext|>',
  '<|end|>',
  '<|return|>',
  // Cohere, DeepSeek, EXAONE, Seed and others.
  '<|end_of_turn_token|>',
  '<|end_response|>',
  '<｜end▁of▁sentence｜>',
  '<|end_of_sentence|>',
  '<|endofturn|>',
  '[|endofturn|]',
  '<seed:eos>',
  '<|eos|>',
];
const LONGEST_MARK = Math.max(...END_MARKS.map(({ length }) => length));
const BEGINS = /[<[]/;
/** With what each of them ends. */
const LAST = /[>\]]\s*$/;
const MARK = new RegExp(END_MARKS.map((mark) => mark.replace(/[|[\]]/g, '\\$&')).join('|'), 'i');
/** Marks and white space behind the text that are kept until something follows. A model that says nothing else says it on and on. */
const MAX_KEPT = 1_000;
/** What such a mark ends, as part of a text: something that is crossed out in HTML, or a message that is shown with its marks. */
const BEGINNINGS =
  /<s[\s>]|<bos>|<start_of_turn>|<\|(?:im_start|start|begin_of_text|start_header_id|start_of_turn_token)\|>|\[inst\]/i;
const FENCE = /^[ \t>]*(?:```|~~~)/gm;

/** Whether a text speaks of such marks, so that its answer may end with one. */
export function namesEndMarks(text: string): boolean {
  return MARK.test(text);
}

/** An answer that was stored with such marks by earlier versions, without them. @param isAboutMarks its question speaks of them */
export function withoutEndMarks(answer: string, isAboutMarks: () => boolean): string {
  if (!LAST.test(answer) || isAboutMarks()) return answer;
  const filter = new EndMarkFilter(false);
  const text = filter.push(answer);
  return text + filter.finish(text);
}

/**
 * Keeps the marks of its end out of an answer, however they are cut into pieces: those with nothing but white space
 * between and behind them. Anywhere else, and where the answer speaks of marks or shows code, they are text.
 */
export class EndMarkFilter {
  readonly #isAboutMarks: boolean;
  /** Whole marks, and white space behind them. */
  #marks = '';
  /** What may be the beginning of a mark. */
  #begun = '';

  /** @param isAboutMarks the question speaks of such marks */
  constructor(isAboutMarks: boolean) {
    this.#isAboutMarks = isAboutMarks;
  }

  /** @returns what is text of the answer, whatever follows */
  push(piece: string): string {
    if (this.#isAboutMarks) return piece;
    let text = '';
    let rest = this.#begun + piece;
    this.#begun = '';
    for (;;) {
      if (this.#marks === '') {
        const at = rest.search(BEGINS);
        text += at < 0 ? rest : rest.slice(0, at);
        rest = at < 0 ? '' : rest.slice(at);
      } else {
        const trimmed = rest.trimStart();
        this.#keep(rest.slice(0, rest.length - trimmed.length));
        rest = trimmed;
      }
      if (rest === '') return text;
      const start = rest.slice(0, LONGEST_MARK).toLowerCase();
      const mark = END_MARKS.find((each) => start.startsWith(each));
      if (mark !== undefined) {
        this.#keep(rest.slice(0, mark.length));
        rest = rest.slice(mark.length);
        continue;
      }
      if (END_MARKS.some((each) => each.startsWith(start))) {
        this.#begun = rest;
        return text;
      }
      text += this.#marks + rest.slice(0, 1);
      this.#marks = '';
      rest = rest.slice(1);
    }
  }

  /**
   * Nothing follows.
   *
   * @param said the whole answer so far
   * @returns what is still to be added
   */
  finish(said: string): string {
    const rest = this.#marks + this.#begun;
    const isText = this.#marks === '' || MARK.test(said) || BEGINNINGS.test(said) || isInCode(said);
    this.#marks = '';
    this.#begun = '';
    return isText ? rest : '';
  }

  #keep(marks: string): void {
    this.#marks = (this.#marks + marks).slice(0, MAX_KEPT);
  }
}

/** Whether a text ends within a block of code. */
function isInCode(text: string): boolean {
  return (text.match(FENCE)?.length ?? 0) % 2 === 1;
}
