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
/** How a model begins the next message, where nobody stopped it at the end of its own. */
const NEXT_MESSAGES: readonly string[] = [
  '<|im_start|>',
  '<|start_header_id|>',
  '<|start_of_turn_token|>',
  '<|begin_of_text|>',
  '<|start|>',
  '<start_of_turn>',
  '<|turn>',
  '<|user|>',
  '<｜user｜>',
  '[inst]',
];
const LONGEST_MARK = Math.max(...[...END_MARKS, ...NEXT_MESSAGES].map(({ length }) => length));
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
/** With what a text is finished, so that a mark of the end behind it is none of it: a sentence's end, a bracket, a smile. */
const FINISHED =
  /(?:[.!?…‽。！？．｡؟۔।॥)\]}>|"'`\p{Pf}\p{Pe}]|[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{RI}]\ufe0f?)$/u;
/** Behind these something has to come, on the next line at the latest. */
const NEEDS_MORE = /[:：=→]$/;
/** What bold and the like end with. */
const EMPHASIS = /[*_~]+$/;
/** Letters of scripts that put no white space between words. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}ー]$/u;
/** What asks for such a mark, in plain words. */
const WORDS =
  /\btokens?\b|\beo[st]\b|\bchatml\b|\b(?:end|stop)[- ]?(?:mark|tag|sequence|word|string)|(?:end|stop|steuer|sonder)e?zeichen|\b(?:end|ends|ended|ending) (?:of )?(?:an? |the |its |their |every |each )?(?:sequence|turn|text|message|answer)|токен|トークン|タグ|标记|標記|标签|標籤|토큰|태그/i;
/** The same where two of these come together. A "Tag" is a day in German, and Mark is a name. */
const HINTS = [
  /\b(?:tags?|marks?|markers?|elements?|balises?|etiquetas?)\b/,
  /\b(?:end|stop|finish|terminat|clos)(?:e?[sd]?|ings?)\b/i,
  /\b(?:llama|gemma|qwen|mistral|phi|deepseek|cohere|harmony|gpt|llms?|models?|templates?|turns?|sequences?)\b/i,
];
const OF_HTML = /\bx?html\b|\bxml\b|\bmark-?up\b|\bstrike-?through\b/i;

/** An answer that was stored with such marks by earlier versions, without them. */
export function withoutEndMarks(answer: string, question: string): string {
  if (!LAST.test(answer)) return answer;
  const filter = new EndMarkFilter(question);
  const text = filter.push(answer);
  return text + filter.finish(text);
}

/**
 * Keeps the marks of its end out of an answer, however they are cut into pieces: those with nothing but white space
 * between and behind them, or with the beginning of another message, which is left out, too. Anywhere else, and where a sentence ends with one, the answer speaks of marks or shows code,
 * they are text.
 */
export class EndMarkFilter {
  readonly #question: string;
  readonly #isAboutMarks: boolean;
  /** Whole marks, and white space behind them. */
  #marks = '';
  /** What may be the beginning of a mark. */
  #begun = '';
  /** The next message, which is none of the answer: with its beginning, all of it. */
  #next = '';

  /** @param question what is answered; where it shows such marks, all of them are text */
  constructor(question: string) {
    this.#question = question;
    this.#isAboutMarks = MARK.test(question) || BEGINNINGS.test(question);
  }

  /** @returns what is text of the answer, whatever follows */
  push(piece: string): string {
    if (this.#isAboutMarks) return piece;
    if (this.#next !== '') {
      this.#next += piece;
      return '';
    }
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
      if (this.#marks !== '' && NEXT_MESSAGES.some((each) => start.startsWith(each))) {
        this.#next = rest;
        return text;
      }
      const possible = this.#marks === '' ? END_MARKS : [...END_MARKS, ...NEXT_MESSAGES];
      if (possible.some((each) => each.startsWith(start))) {
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
    const marks = this.#marks;
    const rest = marks + this.#begun + this.#next;
    const isFollowed = this.#next !== '';
    this.#marks = '';
    this.#begun = '';
    this.#next = '';
    if (marks === '' || MARK.test(said) || BEGINNINGS.test(said) || isInCode(said)) return rest;
    if (isFollowed) return asksForMarks(this.#question) ? rest : '';
    return this.#belongsTo(said, marks) ? once(rest) : '';
  }

  /** Whether a sentence ends with the mark, or the question asks for nothing else. In doubt it is shown. */
  #belongsTo(said: string, marks: string): boolean {
    const last = said.trimEnd();
    if (last === '') return asksForMarks(this.#question);
    const gap = said.slice(last.length);
    const words = last.replace(EMPHASIS, '') || last;
    // It is HTML's, too: behind a sentence, it may be what was asked for.
    if (marks.startsWith('</') && !words.endsWith('>') && asksForTags(this.#question)) return true;
    if (NEEDS_MORE.test(words)) return gap !== '' || asksForMarks(this.#question);
    // Models write their mark right behind a word, people only where there is no white space between words.
    if (gap === '') return UNSPACED.test(words) && asksForMarks(this.#question);
    return !gap.includes('\n') && !FINISHED.test(words);
  }

  #keep(marks: string): void {
    this.#marks = (this.#marks + marks).slice(0, MAX_KEPT);
  }
}

function asksForMarks(question: string): boolean {
  return WORDS.test(question) || asksForTags(question) || hintsIn(question) > 1;
}

function asksForTags(question: string): boolean {
  return OF_HTML.test(question) && hintsIn(question) > 0;
}

function hintsIn(question: string): number {
  return HINTS.filter((hint) => hint.test(question)).length;
}

/** Marks that begin a text: the first of them where a model says it on and on, and else as they are. */
function once(marks: string): string {
  const first = MARK.exec(marks)?.[0] ?? '';
  return marks.slice(first.length).trimStart().startsWith(first) ? first : marks;
}

/** Whether a text ends within a block of code. */
function isInCode(text: string): boolean {
  return (text.match(FENCE)?.length ?? 0) % 2 === 1;
}
