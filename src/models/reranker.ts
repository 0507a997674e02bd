import { z } from 'zod';
import { UrlForbidden } from '../errors.ts';
import { connectionTo, type ProviderOptions } from './provider.ts';

/** A model that reads a question and texts together, and judges how well each text answers it. */
export interface Reranker {
  /** The model's name. */
  readonly name: string;
  /**
   * One number for each text, in the order given; the greater, the more relevant. Their scale is the model's own.
   *
   * @param signal ends the work; then rejects with its reason
   * @throws RerankFailed
   */
  judge(question: string, texts: readonly string[], signal: AbortSignal): Promise<number[]>;
}

/** The model did not judge all texts. The message says why, for whoever searched, and quotes nobody. */
export class RerankFailed extends Error {
  override readonly name = 'RerankFailed';
}

export interface HttpRerankerOptions extends ProviderOptions {
  /** The provider's id of the model. */
  readonly model: string;
}

const Judged = z
  .object({ index: z.int(), relevance_score: z.number().optional(), score: z.number().optional() })
  .transform(({ index, relevance_score, score }) => ({ index, relevance: relevance_score ?? score }));
/** Cohere, Jina, vLLM and llama.cpp say `results`, others `data`. */
const Answer = z.object({ results: z.array(Judged).optional(), data: z.array(Judged).optional() });

/**
 * A reranking model behind an endpoint that speaks the protocol of Cohere and Jina (`POST …/rerank`: llama.cpp, vLLM,
 * hosted ones). It tries each request once: nobody waits for a second.
 */
export function createHttpReranker(options: HttpRerankerOptions): Reranker {
  const { model } = options;
  return {
    name: model,
    async judge(question, texts, signal) {
      const { url, fetch } = connectionTo(options);
      try {
        const response = await fetch(`${url.href.replace(/\/$/, '')}/rerank`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model, query: question, documents: texts, top_n: texts.length }),
          signal,
        });
        if (!response.ok) {
          await response.body?.cancel().catch(() => undefined);
          throw new RerankFailed(`the reranking model "${model}" answered ${response.status}`);
        }
        return judgementsOf(model, await response.text(), texts.length);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RerankFailed) throw error;
        throw new RerankFailed(
          error instanceof UrlForbidden
            ? `the reranking model "${model}" must not be called`
            : `the reranking model "${model}" could not be reached, or its answer is too large`,
        );
      }
    },
  };
}

/** In the order of the texts. An answer that leaves one out, or tells of one twice, is none. */
function judgementsOf(model: string, body: string, count: number): number[] {
  const { data: answer } = Answer.safeParse(jsonOf(body));
  const judged = answer?.results ?? answer?.data;
  if (!judged) throw new RerankFailed(`the reranking model "${model}" sent an answer that can't be read`);
  const byIndex = new Map(judged.map(({ index, relevance }) => [index, relevance]));
  const relevances = Array.from({ length: count }, (_, index) => byIndex.get(index));
  const known = relevances.filter((relevance) => relevance !== undefined);
  if (known.length !== count || judged.length !== count)
    throw new RerankFailed(
      `the reranking model "${model}" judged ${known.length} of ${count} texts, in ${judged.length} judgements`,
    );
  return known;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
