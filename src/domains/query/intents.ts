import { INTENT_RULES } from './intent-rules.ts';
import type { Intent, IntentRule } from './intent-vocabulary.ts';

export type { Intent };

export interface Classification {
  intent: Intent;
  /** 0 to 1; a fixed figure of the rule that decided. */
  confidence: number;
  /** What to generate, for the two generation intents; null elsewhere, and where the query names nothing. */
  prompt: string | null;
  requiresClarification: boolean;
  /** One to three questions if clarification is required, else empty. */
  clarifyingQuestions: string[];
  /** The model that decided, because rules were unsure; null: they decided. */
  model: string | null;
}

export interface IntentContext {
  mentionsCharacter: boolean;
  hasHistory: boolean;
}

/**
 * Decides by rules what a query asks for. Nothing of the query is ever executed.
 *
 * The first rule of INTENT_RULES that matches any clause decides; none means conversation. A mention of a
 * character then wins over every intent except the two generations (they draw the character) and
 * system_command: that one must stay a refusal, whoever is named in it.
 *
 * Time is linear in the length of the query: rules see the first 4,000 and the last 1,000 characters, since
 * a wish stands at either end and what lies between is pasted. Throws nothing.
 *
 * @param query the text of the turn, any length
 */
export function classifyIntent(query: string, context: IntentContext): Classification {
  const flat = query.replace(/\s+/g, (run) => (run.includes('\n') ? '\n' : ' ')).trim();
  const found = firstMatch(flat);
  const intent = found?.rule.intent ?? 'conversation';
  const isGeneration = intent === 'anime_generation' || intent === 'image_generation';
  if (context.mentionsCharacter && !isGeneration && intent !== 'system_command') {
    return settled('character_query', CHARACTER_CONFIDENCE, null);
  }
  const prompt = found && isGeneration ? extractPrompt(flat, found) : null;
  if (!context.hasHistory && !context.mentionsCharacter) {
    const questions = clarifyingQuestions(flat, intent, prompt);
    if (questions.length > 0) {
      const confidence = found ? found.rule.confidence : UNCLEAR_CONFIDENCE;
      const asksBack = { requiresClarification: true, clarifyingQuestions: questions };
      return { intent, confidence, prompt, ...asksBack, model: null };
    }
  }
  return settled(intent, found?.rule.confidence ?? CONVERSATION_CONFIDENCE, prompt);
}

const CHARACTER_CONFIDENCE = 0.98;
const CONVERSATION_CONFIDENCE = 0.6;
const UNCLEAR_CONFIDENCE = 0.3;
const headCharacters = 4_000;
const tailCharacters = 1_000;
const maxQuotedCharacters = 60;

interface Clause {
  text: string;
  /** Where the clause starts in the whole text. */
  start: number;
}

interface Found {
  rule: IntentRule;
  match: RegExpExecArray;
  clause: Clause;
}

function settled(intent: Intent, confidence: number, prompt: string | null): Classification {
  return { intent, confidence, prompt, requiresClarification: false, clarifyingQuestions: [], model: null };
}

function firstMatch(flat: string): Found | null {
  const clauses = clausesOf(flat, 0, headCharacters);
  const head = flat.slice(0, headCharacters);
  if (flat.length > headCharacters) {
    clauses.push(...clausesOf(flat, Math.max(headCharacters, flat.length - tailCharacters), flat.length));
  }
  for (const rule of INTENT_RULES) {
    for (const clause of clauses) {
      const match = matchRule(rule, clause.text);
      if (!match) continue;
      if (rule.unlessText?.test(head)) break;
      return { rule, match, clause };
    }
  }
  return null;
}

/** What speaks against a rule is asked last: most rules match nothing, and what is never asked is never compiled. */
function matchRule(rule: IntentRule, clause: string): RegExpExecArray | null {
  const match = rule.pattern.exec(clause);
  if (!match || rule.unless?.test(clause)) return null;
  if (!rule.distinct) return match;
  const words = new Set<string>();
  for (const [word] of clause.matchAll(new RegExp(rule.pattern, 'gi'))) {
    words.add(word.toLowerCase());
    if (words.size >= rule.distinct) return match;
  }
  return null;
}

/** Cuts at sentence ends and line breaks and drops what is said before an order: "Hey, could you please …". */
function clausesOf(flat: string, from: number, to: number): Clause[] {
  const clauses: Clause[] = [];
  let start = from;
  for (const piece of flat.slice(from, to).split(/(?<=[.!?;。!?])(?=\s)|(?<=[。!?])|\n/)) {
    const text = withoutLead(piece);
    if (text) clauses.push({ text, start: flat.indexOf(text, start) });
    start += piece.length;
    if (flat[start] === '\n') start += 1;
  }
  return clauses;
}

const LEAD =
  /^(?:please|pls|bitte|por favor|s['’]il (?:te|vous) pla[iî]t|per favore|пожалуйста|alstublieft|lütfen|proszę|hey|hi|hello|ok(?:ay)?|alright|so|now|well|just|also|and|then|oh|thanks|kindly|kannst du|könntest du|können sie|kun je|peux-tu|pouvez-vous|puedes|podrías|puoi|você pode|pode|можешь|можете|czy możesz|quickly|immediately|echo brain|echo(?!\s?[$"'`>|-])|(?:can|could|would|will) you|i(?: would|['’]d) like you to|i (?:want|need) you to|you (?:should|must|have to|need to)|go ahead and|let['’]?s|try to|ignore (?:all |any |the |your )*(?:previous|prior|above|earlier) instructions)(?![\p{L}\p{N}])[\s,!.:]*/iu;
/** A name that is called: "Mei, restart …". */
const VOCATIVE = /^\p{Lu}\p{L}{1,20},\s/u;
const maxLeads = 8;

function withoutLead(piece: string): string {
  let text = piece.trim();
  for (let round = 0; round < maxLeads; round++) {
    const lead = LEAD.exec(text) ?? VOCATIVE.exec(text);
    // A clause that is nothing but a lead ("thanks!") keeps it.
    if (!lead || lead[0].length === text.length) break;
    text = text.slice(lead[0].length);
  }
  return text;
}

const CONNECTOR =
  /^[\s,:–—-]*(?:(?:of|with|where|in which|about|showing|featuring|depicting|that shows|which shows|called|titled)(?![\p{L}\p{N}])[\s,:–—-]*)?/iu;
const FILLER = /(?<![\p{L}\p{N}])(?:me|us|an?|the|some|new|another|short|one|my|nice)(?![\p{L}\p{N}])/giu;

/** The prompt is everything after the order, to the end of the query, plus what was said of its style. */
function extractPrompt(flat: string, { match, clause }: Found): string | null {
  const rest = flat.slice(clause.start + match.index + match[0].length).replace(/\s+/g, ' ');
  const connector = CONNECTOR.exec(rest)?.[0] ?? '';
  const body = trimEnds(rest.slice(connector.length));
  const style = (match.groups?.style ?? '').replace(FILLER, '').replace(/\s+/g, ' ').trim();
  const subject = match.groups?.subject?.trim() ?? '';
  // "a logo for my bakery": without "of" the kind of picture belongs to what is wished for.
  const kind = /^for\s/i.test(body) ? (match.groups?.kind ?? '') : '';
  const joint = connector.trim() && style ? ', ' : ' ';
  const parts = joint === ', ' ? [subject, body, style] : [subject, style, kind, body];
  return parts.filter(Boolean).join(joint) || null;
}

// A loop, because /[.!?\s]+$/ is quadratic on long runs of such characters.
function trimEnds(text: string): string {
  let end = text.length;
  while (end > 0 && ' .!?'.includes(text.charAt(end - 1))) end -= 1;
  const trimmed = text.slice(0, end);
  return /^(?:please|for me)$/i.test(trimmed) ? '' : trimmed.replace(/,? please$/i, '').trimStart();
}

const REFERENCE = new Set(
  'it that this one ones them those these same again more next other another continue yes no why how what who which huh go him her'.split(
    ' ',
  ),
);
const GLUE = new Set(
  'do the please me a an and on ahead first second last then make fix show tell explain about of is was with give try keep going'.split(
    ' ',
  ),
);
const maxUnclearWords = 5;

function clarifyingQuestions(flat: string, intent: Intent, prompt: string | null): string[] {
  const quoted = quote(flat);
  if (intent === 'anime_generation' || intent === 'image_generation') {
    if (prompt !== null && !isOnlyReference(prompt)) return [];
    return [`What should ${quoted} show: who or what, and where?`, 'Which style or mood should it have?'];
  }
  if (intent === 'task_request') {
    if (wordsOf(flat).length > 3) return [];
    return [`What should be done, when you write ${quoted}?`, 'When is it due?'];
  }
  if (intent !== 'conversation' || !isOnlyReference(flat)) return [];
  if (wordsOf(flat).length === 0) return [`What would you like to know? I received only ${quoted}.`];
  return [
    `What does ${quoted} refer to? I have nothing earlier in this conversation to go by.`,
    'Is it something to answer, to remember or to create?',
  ];
}

function isOnlyReference(text: string): boolean {
  const words = wordsOf(text);
  if (words.length > maxUnclearWords) return false;
  if (words.length === 0) return true;
  return (
    words.some((word) => REFERENCE.has(word)) && words.every((word) => REFERENCE.has(word) || GLUE.has(word))
  );
}

function wordsOf(text: string): string[] {
  return (
    text
      .slice(0, headCharacters)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

function quote(flat: string): string {
  const characters = Array.from(flat.slice(0, 4 * maxQuotedCharacters).replace(/[\p{C}\s]+/gu, ' '));
  const cut = characters.length > maxQuotedCharacters || flat.length > 4 * maxQuotedCharacters;
  return `“${characters.slice(0, maxQuotedCharacters).join('')}${cut ? '…' : ''}”`;
}
