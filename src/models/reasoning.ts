/** How models and their servers mark what they think before they answer: how it begins, and how it ends. */
const BLOCKS: readonly (readonly [begin: string, end: string])[] = [
  ...['think', 'thinking', 'thought', 'thoughts', 'reasoning', 'reflection', 'analysis', 'scratchpad'].map(
    (tag) => [`<${tag}>`, `</${tag}>`] as const,
  ),
  ['[think]', '[/think]'],
  ['<seed:think>', '</seed:think>'],
  ['◁think▷', '◁/think▷'],
  ['<|begin_of_thought|>', '<|end_of_thought|>'],
  ['<|start_thinking|>', '<|end_thinking|>'],
  ['<|thinking|>', '<|/thinking|>'],
  ['<|inner_prefix|>', '<|inner_suffix|>'],
  ['<unused94>thought', '<unused95>'],
  ['<|channel>thought', '<channel|>'],
  // Messages of the Harmony format; `final` is the channel of the answer.
  ...['analysis', 'commentary'].flatMap((channel) => [
    [`<|channel|>${channel}`, '<|end|>'] as const,
    [`<|start|>assistant<|channel|>${channel}`, '<|end|>'] as const,
  ]),
];
/** What may stand at the beginning of an answer beside thoughts, and says nothing itself. */
const MARKS = [
  '<|start|>assistant<|channel|>final<|message|>',
  '<|channel|>final<|message|>',
  // The template of the prompt began the thought, and the model ends it at once.
  '</think>',
  '</thinking>',
  '[/think]',
  '<|start_response|>',
  '<|begin_of_solution|>',
];
const OPENINGS = [...BLOCKS.map(([begin]) => begin), ...MARKS];
/** Most texts do not begin so. */
const MAY_OPEN = /^\s*[<[◁]/;
const LONGEST_OPENING = Math.max(...OPENINGS.map((opening) => opening.length));
/** The end of a thought alone on its line. */
const LATE_END = /\n[ \t]*(?:<\/(?:think|thinking|reasoning)>|\[\/think\])[ \t]*\n/i;
/** A line as long as this is no such line. */
const MAX_LINE = 40;
const NAMES_A_MARK = /<\/?(?:think|thinking|thought|reasoning|analysis|channel)|<\|channel|\[\/?think\]/i;
/** Where an answer speaks of such marks, or shows code, their ends are text, too. */
const MENTIONS = /<(?:think|thinking|reasoning)\b|\[think\]|```/i;
/** How a sentence goes on that begins with such a mark: "<think> marks …". A thought begins anew: a line, a capital letter. */
const GOES_ON = /^(?:[^\S\n]+[\p{Ll}\p{Lo}\d`(]|[,.:;!?…/])/u;
/** What it may still become. */
const MAY_GO_ON = /^[^\S\n]*$/;
/** The same behind the other mark, in the same line: "<think> begins a thought, and </think> ends it". */
const GOES_ON_BEHIND = /^[^\S\n]*[\p{Ll}`,.:;!?…]/u;

/** What stands before a tag where somebody asks for something in it: "reply inside <analysis>", "wrap all in the tags <reasoning>". */
const ASKS_FOR =
  '\\b(?:in|into|inside|within|between|use|using|with|wrap(?:ped)?|enclosed?|put|innerhalb|zwischen|mit|dans|avec|entre|en|con|tra|dentro)\\b[^<>\\n]{0,40}';

/** Of these, models are asked for in order to hide what stands there. */
const THINKS = /think|thought/;

/** The beginnings of blocks that a request asks for, by name. */
export function blocksAskedFor(text: string): ReadonlySet<string> {
  const small = text.toLowerCase();
  const named = BLOCKS.map(([begin]) => begin).filter((begin) => small.includes(begin));
  return new Set(named.filter((begin) => new RegExp(ASKS_FOR + escaped(begin)).test(small)));
}

function escaped(mark: string): string {
  return mark.replace(/[|[\]/]/g, '\\$&');
}

/** Whether a text speaks of such marks, so that its answer may be about them, too. */
export function namesReasoningMarks(text: string): boolean {
  return NAMES_A_MARK.test(text);
}

/**
 * Keeps the thoughts of a model out of its answer, however they are cut into pieces. They stand at its beginning;
 * further on, a mark is text. Where the template of the prompt began the thought, the answer has only its end: then
 * what came before it was no answer.
 */
export class ReasoningFilter {
  readonly #isAboutMarks: boolean;
  #state: State = 'beginning';
  /** What is not decided yet; of a thought, only what its end may begin with, unless it may be an answer. */
  #held = '';
  #block: readonly [begin: string, end: string] = ['', ''];
  /** How its beginning was written. */
  #begin = '';
  /** It may be a sentence about the mark, and no thought; null: not known yet. */
  #maySay: boolean | null = false;
  /** From where the end of the thought is still to be looked for. */
  #from = 0;
  /** The latest part of the answer, which may hold the end of a thought. */
  #line = '';
  #mayBeThought: boolean;
  /** Behind a thought, white space before the answer is none of it. */
  #trims = false;
  readonly #asked: ReadonlySet<string>;
  /** A block that was asked for, with its marks; the answer, where nothing else is. */
  #instead = '';

  /**
   * @param isAboutMarks the question speaks of such marks
   * @param asked beginnings of blocks that were asked for: they are text, and one for thoughts is where nothing else comes
   */
  constructor(isAboutMarks: boolean, asked: ReadonlySet<string> = new Set()) {
    this.#isAboutMarks = isAboutMarks;
    this.#asked = asked;
    this.#mayBeThought = !isAboutMarks;
  }

  /** @returns what is text of the answer; `restart`: what was given before is a thought */
  push(piece: string): { text: string; restart: boolean } {
    if (this.#state === 'answer') return this.#pushAnswer(piece);
    this.#held += piece;
    for (;;) {
      if (this.#state === 'thought') this.#state = this.#afterThought();
      if (this.#state === 'thought') return NOTHING;
      if (this.#state === 'answer') return this.#pushAnswer(this.#taken());
      const opening = this.#openingOf(this.#held.trimStart());
      if (opening === 'undecided') return NOTHING;
      if (opening === null || this.#isAnswer(opening)) {
        if (opening !== null) this.#mayBeThought = false;
        this.#state = 'answer';
        return this.#pushAnswer(this.#taken());
      }
      const trimmed = this.#held.trimStart();
      this.#begin = trimmed.slice(0, opening.length);
      this.#held = trimmed.slice(opening.length);
      this.#trims = true;
      const block = BLOCKS.find(([begin]) => begin === opening);
      if (!block) continue;
      this.#state = 'thought';
      this.#block = block;
      this.#from = 0;
      this.#maySay = this.#isAboutMarks ? null : false;
    }
  }

  /**
   * Nothing follows.
   *
   * @returns text that was undecided; a thought without an end is none, unless it was asked about and is a sentence about it;
   *   where there is no other answer, what was asked for in such a block
   */
  finish(): string {
    const held = this.#taken();
    if (this.#state === 'answer') return held;
    if (this.#state === 'beginning') return held.trim() === '' ? this.#instead : held;
    const isWhole = held.toLowerCase().includes(this.#block[1]);
    return this.#maySay && !isWhole ? this.#begin + held : this.#instead;
  }

  /** Looks for the end of the thought. @returns `answer`: it is a sentence about the mark, all of it */
  #afterThought(): State {
    const end = this.#block[1];
    if (this.#maySay === null && !MAY_GO_ON.test(this.#held)) this.#maySay = GOES_ON.test(this.#held);
    const from = Math.max(0, this.#from - end.length);
    const at = this.#held.slice(from).search(new RegExp(escaped(end), 'i'));
    if (at >= 0) {
      const thought = this.#held.slice(0, from + at);
      const behind = this.#held.slice(from + at + end.length);
      const maySay = this.#maySay && !thought.includes('\n');
      if (maySay && MAY_GO_ON.test(behind)) return 'thought';
      const isSaid = maySay && GOES_ON_BEHIND.test(behind);
      if (this.#keepsThought) this.#instead = this.#begin + this.#held.slice(0, from + at + end.length);
      this.#held = isSaid ? this.#begin + this.#held : behind.trimStart();
      return isSaid ? 'answer' : 'beginning';
    }
    if (this.#maySay === false && !this.#keepsThought) this.#held = this.#held.slice(-end.length);
    this.#from = this.#held.length;
    return 'thought';
  }

  /** Whether a block that begins so is asked for as a part of the answer, whatever follows. */
  #isAnswer(opening: string): boolean {
    return this.#asked.has(opening) && !THINKS.test(opening);
  }

  get #keepsThought(): boolean {
    return this.#asked.has(this.#block[0]);
  }

  #taken(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /** With what the text begins; `undecided` while it may be the beginning of such a mark. */
  #openingOf(text: string): string | 'undecided' | null {
    const start = text.slice(0, LONGEST_OPENING).toLowerCase();
    const found = OPENINGS.filter((opening) => start.startsWith(opening));
    if (found.length > 0) return found.reduce((a, b) => (b.length > a.length ? b : a));
    return OPENINGS.some((opening) => opening.startsWith(start)) ? 'undecided' : null;
  }

  #pushAnswer(given: string): { text: string; restart: boolean } {
    const piece = this.#trims ? given.trimStart() : given;
    if (piece !== '') this.#trims = false;
    if (!this.#mayBeThought) return { text: piece, restart: false };
    const seen = this.#line + piece;
    const late = LATE_END.exec(seen);
    if (late && !MENTIONS.test(seen.slice(0, late.index))) {
      this.#mayBeThought = false;
      const text = seen.slice(late.index + late[0].length).trimStart();
      this.#trims = text === '';
      return { text, restart: true };
    }
    if (MENTIONS.test(seen)) this.#mayBeThought = false;
    this.#line = seen.slice(-MAX_LINE);
    return { text: piece, restart: false };
  }
}

type State = 'beginning' | 'thought' | 'answer';

const NOTHING = { text: '', restart: false };

/** The text of an answer that was stored, without thoughts at its beginning that its question did not ask for. */
export function withoutReasoning(text: string, question: string): string {
  const filter = new ReasoningFilter(true, MAY_OPEN.test(text) ? blocksAskedFor(question) : undefined);
  const first = filter.push(text);
  return (first.text + filter.finish()).trimStart() || text;
}
