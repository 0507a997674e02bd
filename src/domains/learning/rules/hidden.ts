/** In place of what is not said by the speaker; a boundary to whoever reads on. */
export const HIDDEN = '\u0000';

/** Words, before a colon, that begin no line of a transcript. */
const LABELS =
  /^(?:update|news|note|ps|p\.s|fyi|edit|log|context|background|question|about me|fun fact|intro|me|contact|emergency contact|reminder|correction|answer|also|btw|todo|tl;dr|tldr|summary|status|name|age|job|location|address|email|phone)$/i;
/** What asks for work on a text that follows. */
const HANDED =
  /\b(?:(?:translat\w*|summari[sz]\w*|proof-?read\w*|re-?phrase|paraphrase|rewrite|übersetz\w*|korrigier\w*|traduc\w*|tradui\w*|corrig\w*)\b|(?:correct|edit|fix|improve|polish|shorten|check|review|analy[sz]e|explain|reply to|respond to|answer|continue|finish|complete|format|shorten)\b[^\n.!?\0:]{0,30}\b(?:this|these|following|below|text|sentence|paragraph|mail|e-?mail|message|letter|draft|grammar|spelling|english|essay|article|code|passage|note|post|bio|cv|translation)\b)[^\n.!?\0:]{0,60}:/giu;
/** Of a text that is not the speaker's own: what it is called, right before a colon. */
const FOREIGN =
  /\b(?:(?:the|this|their|his|her|an?|following|sample|example|dummy) (?:[\p{L}-]{1,20} ){0,3}(?:text|mail|e-?mail|message|letter|review|article|passage|paragraph|post|tweet|comment|lyrics?|song|chorus|verse|poem|log|output|prompt|transcript|sentence|story|scene|dialogue|bio|ad)(?: (?:says|said|reads|goes|starts|begins|went))?|lyrics?|chorus|verse|bio|story|scene|dialogue|role|character|persona) ?:/giu;

/**
 * Hides what a text holds that its writer does not say of himself: code, quotations, pasted texts, transcripts, lyrics,
 * blocks in tags, addresses of pages. Offsets stay as they are.
 */
export function hideUnsaid(text: string): string {
  let shown = text.replace(/[’‘ʼ´]/g, "'");
  for (const pattern of BLOCKS) shown = shown.replace(pattern, hide);
  shown = hideHandedText(shown);
  shown = shown.replace(DOUBLE_QUOTED, (whole) => (isTitle(whole) ? whole : hide(whole)));
  shown = hideSingleQuoted(shown);
  return hideTranscript(shown);
}

/** As long as it was. */
export function hide(text: string): string {
  return text.replace(/[^\n]/g, HIDDEN);
}

/** Each ends at the end of the text or of its line, if it is not closed: nothing is read twice. */
const BLOCKS: readonly RegExp[] = [
  /```[\s\S]*?(?:```|$)/g,
  /~~~[\s\S]*?(?:~~~|$)/g,
  /`[^`\n]*(?:`|$)/gm,
  /\[(system|assistant|user|inst|memory|admin|instructions?)\][\s\S]*?(?:\[\/\1\]|$)/gi,
  /<\|?(system|assistant|user|script|pre|code|quote|blockquote|memory|instructions?)\b[^>\n]{0,200}>[\s\S]*?(?:<\/\1>|$)/gi,
  /^[ \t]*>[^\n]*/gm,
  /[♪♫♬][^♪♫♬\n]*[♪♫♬]*/gu,
  /^[ \t]*(?:system|assistant|user|human|ai|bot|info|warn(?:ing)?|error|debug|trace)[ \t]*[:\]|][^\n]*/gim,
  /\b(?:ignore|disregard|forget) (?:all |any |the |your |everything )?(?:of )?(?:your |the |my )?(?:previous|prior|earlier|above|preceding)\b[^\n]*/gi,
  /\bhttps?:\/\/[^\s\0]+/g,
];
const DOUBLE_QUOTED =
  /(?<![\p{N}])"[^"\0]{0,4000}(?:"|$)|“[^”\0]{0,4000}(?:”|$)|„[^“”\0]{0,4000}(?:[“”]|$)|«[^»\0]{0,4000}(?:»|$)|「[^」\0]{0,4000}(?:」|$)|『[^』\0]{0,4000}(?:』|$)/gu;

/** A name in quotation marks: 'my dog "Rex"'. */
function isTitle(quoted: string): boolean {
  const words = quoted.match(/[\p{L}\p{N}'-]+/gu) ?? [];
  return (
    words.length <= 3 && quoted.length <= 40 && !words.some((word) => /^(?:i|i'm|im|my|me|we)$/i.test(word))
  );
}

function hideHandedText(text: string): string {
  let from = text.length;
  for (const pattern of [HANDED, FOREIGN]) {
    pattern.lastIndex = 0;
    const found = pattern.exec(text);
    if (found) from = Math.min(from, found.index + found[0].length);
  }
  // What comes after an empty line that follows the text may be the speaker's again, and nobody can say.
  return text.slice(0, from) + hide(text.slice(from));
}

/** Single quotation marks are apostrophes, too: one opens before a word, and closes after one. */
function hideSingleQuoted(text: string): string {
  const closers: number[] = [];
  for (const { index } of text.matchAll(/(?<=[\p{L}\p{N}.!?,…])'(?![\p{L}\p{N}])/gu)) closers.push(index);
  let shown = '';
  let at = 0;
  let next = 0;
  for (const { index } of text.matchAll(/(?<![\p{L}\p{N}'])'(?=[\p{L}\p{N}])/gu)) {
    if (index < at) continue;
    while (next < closers.length && (closers[next] ?? 0) <= index) next++;
    const close = closers[next];
    if (close === undefined) break;
    const quoted = text.slice(index, close + 1);
    if (quoted.length > 2000 || /\n\s*\n/.test(quoted) || isTitle(quoted)) continue;
    shown += text.slice(at, index) + hide(quoted);
    at = close + 1;
  }
  return shown + text.slice(at);
}

/** Lines of several speakers, each after a name and a colon. */
function hideTranscript(text: string): string {
  const lines = text.split('\n');
  const isLine = (line: string) => {
    const name = /^\s*(\p{Lu}[\p{L}'.-]{0,30}(?: \p{Lu}[\p{L}'.-]{0,30}){0,2})\s?:\s/u.exec(line)?.[1];
    return name !== undefined && !LABELS.test(name);
  };
  const spoken = lines.filter(isLine).length;
  if (spoken < 2) return text;
  return lines.map((line) => (isLine(line) ? hide(line) : line)).join('\n');
}
