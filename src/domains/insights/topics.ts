import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { isVeryCommonWord, languagesOf } from '../characters/common-words.ts';
import { subjectWordsAmong } from '../utterances/frames.ts';
import { wordsOf } from '../word-index/analysis.ts';
import type { CountOf } from './reads.ts';

const TEXTS_BETWEEN_PAUSES = 100;
/** A topic is a word of so many letters, and nothing with digits or signs in it, which may be a secret. */
const TOPIC = /^\p{L}{3,30}$/u;
/** A topic was spoken of in so many turns. */
const LEAST_TURNS = 2;

/** What texts are about, by rules: words that are neither frequent nor of questions themselves, in any of their forms, each once a text. */
export async function topicsOf(
  texts: readonly { readonly start: Date; readonly text: string }[],
): Promise<CountOf<string>[]> {
  const topics = new Map<
    string,
    { forms: Map<string, number>; starts: Map<number, number>; count: number }
  >();
  for (const [at, { start, text }] of texts.entries()) {
    if (at % TEXTS_BETWEEN_PAUSES === TEXTS_BETWEEN_PAUSES - 1) await turnOfOthers();
    for (const [term, word] of topicWords(text)) {
      const topic = topics.get(term) ?? { forms: new Map(), starts: new Map(), count: 0 };
      topics.set(term, topic);
      topic.count++;
      topic.forms.set(word, (topic.forms.get(word) ?? 0) + 1);
      topic.starts.set(start.getTime(), (topic.starts.get(start.getTime()) ?? 0) + 1);
    }
  }
  return [...topics.values()]
    .filter(({ count }) => count >= LEAST_TURNS)
    .flatMap(({ forms, starts }) => {
      const [value = ''] = [...forms].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0] ?? [];
      return [...starts].map(([start, count]) => ({ start: new Date(start), value, count }));
    });
}

function topicWords(text: string): Map<string, string> {
  const words = wordsOf(text);
  const all = words.map(({ word }) => word);
  const subject = subjectWordsAmong(all);
  const languages = languagesOf(all);
  const topics = new Map<string, string>();
  for (const { word, term } of words)
    if (TOPIC.test(word) && subject.has(word) && !isVeryCommonWord(word, languages) && !topics.has(term))
      topics.set(term, word);
  return topics;
}
