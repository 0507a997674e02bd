import type { Sentence } from './sentences.ts';

/** What is said with it is not so, or only supposed. */
const SUPPOSED =
  /^(?:(?:and|but|so|ok|okay|hm+|well|also|now|like|just|then|oh|or)[, ]+)*(?:if|unless|imagine|imagining|suppose|supposing|assuming|assume|pretend|picture this|what if|let's (?:say|pretend|imagine|assume|suppose)|say (?:i|we|my|you|that)\b|hypothetical(?:ly)?|theoretically|in theory|in (?:another|a different|my next|a past|a previous) (?:life|world|universe|timeline)|in a (?:parallel|perfect) \w+|in my dreams?|last night i dream|i (?:had a )?dream(?:ed|t)?\b|once upon|wenn|falls|angenommen|stell dir|si (?:yo |j'|je |tuviera|viviera|fuera|pudiera)|imagina|imagine|supposons|もし)/iu;
const HARMLESS_IF =
  /^(?:\p{L}+[, ]+){0,2}(?:if|in case) (?:it|that|this|you|anyone|anybody|people|u)(?:'s|'re| is| are)? (?:helps?|matters?|relevant|useful|of (?:any )?(?:help|interest)|wonder(?:ing)?|curious|interested|must know|asks?|need(?:s)? to know|want to know|didn't know|don't know|haven't guessed|can't tell|couldn't tell)\b/iu;
const MOCKING =
  /^(?:oh|yeah|yea|ya|sure|right|wow|ah|great|ok|well)[, ]+(?:oh |yeah )?(?:sure|right|great|fantastic|wonderful|lovely|perfect|brilliant|awesome|terrific|joy|how (?:nice|lovely|wonderful|kind))\b|(?:^|\s)\/s$|\bsaid (?:no ?one|nobody) ever\b|\b(?:yeah|oh),? (?:right|sure)\b|\bas if\b|\bsarcas(?:m|tic)|\bnot!?$/iu;
const SHOUTED = /\b(?:LOVE|ADORE|LIVE|ENJOY|LOVED|SO|TOTALLY|DEFINITELY)\b/;
const TAKEN_BACK =
  /^(?:(?:nah|no|lol|haha|ok|hah)[, ]+)*(?:just |only |i'm |im )*(?:kidding|joking|jk|j\/k|sarcasm|not really|i wish|as if|not|nah jk|in my dreams|psych|yeah right|scherz|broma|je plaisante|je rigole|冗談)\b/iu;
const PLAYED =
  /\b(?:role-?play(?:ing)?|role play|let's play (?:a )?(?:pretend|game|scene|rpg)|you(?:'re| are| will be|'ll be) (?:now )?(?:playing )?an? [\p{L} -]{2,40}(?:\. |, )i(?:'m| am) |pretend (?:to be|you're|you are|i'm|i am)|act as if|stay in character|in character|as my character|my character (?:is|lives|has|works)|write (?:me )?(?:a|the|another) (?:story|poem|scene|song|dialogue|letter|monologue|script|chapter)|rollenspiel|juego de rol|jeu de rôle|ロールプレイ)\b/iu;
const PLAY_OVER =
  /\b(?:ooc|out of character|back to reality|end (?:of )?(?:the )?(?:role-?play|scene|game)|stop (?:the )?(?:role-?play|game)|real talk|for real now|joking aside|seriously though)\b/iu;
const ACTION = /(?:^|\s)\*[^*\n]{3,200}\*/u;

/** Whether a sentence says nothing of the speaker's life: it supposes, mocks, or is taken back by the next one. */
export function isUnmeant({ text }: Sentence, next: Sentence | undefined): boolean {
  if (SUPPOSED.test(text) && !HARMLESS_IF.test(text)) return true;
  if (MOCKING.test(text)) return true;
  if (SHOUTED.test(text) && /\p{Ll}{3}/u.test(text) && /\bjust\b|^oh\b/i.test(text)) return true;
  return next !== undefined && TAKEN_BACK.test(next.text);
}

/** Whether a text begins a play, goes on with one, or ends it; null: none of that. */
export function playIn(text: string): 'play' | 'over' | null {
  const head = text.slice(0, 4_000);
  if (PLAY_OVER.test(head)) return 'over';
  return PLAYED.test(head) || ACTION.test(head) ? 'play' : null;
}
