import type { Attributes, SpanStart, Tracing } from '../tracing/tracing.ts';
import type { Embedder, Purpose } from './embedder.ts';
import { type FailureReason, type LanguageModel, ModelFailure } from './language-model.ts';
import type { Reranker } from './reranker.ts';

/**
 * What a model is called for: to answer, to say what a query asks for, to learn, to describe pictures, to judge hits, to write a brief or to judge one, or for
 * the vector of a question or a turn.
 */
export type CallKind = 'answer' | 'intent' | 'learning' | 'vision' | 'rerank' | 'brief' | 'judging' | Purpose;

/** One call of a model that has ended. */
export interface ModelCall {
  readonly kind: CallKind;
  /** The provider's id of it. */
  readonly model: string;
  readonly seconds: number;
  /** Until the first words or the first call of a tool were there; null: none were, or nobody asked for pieces. */
  readonly firstSeconds: number | null;
  /** Null: it did what it was asked. */
  readonly failure: FailureReason | 'UNAVAILABLE' | null;
  /** As counted by the provider; null: it did not say. */
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
}

/** Told of each call; must not wait. */
type Listener = (call: ModelCall) => void;

/** Every call of a model goes through here: chats and vectors, of models elsewhere and of those inside. */
export class ModelCalls {
  readonly #listeners: Listener[] = [];
  readonly #tracing: Pick<Tracing, 'run'>;

  constructor(tracing: Pick<Tracing, 'run'>) {
    this.#tracing = tracing;
  }

  onEnd(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** The same model; its calls are told of. */
  ofModel(kind: CallKind, model: LanguageModel): LanguageModel {
    const { name } = model;
    return {
      name,
      answer: (request, options) =>
        this.#call({ kind, model: name, operation: 'chat', provider: 'openai' }, async (end, first) => {
          try {
            const answer = await model.answer(request, {
              ...options,
              onDelta: before(first, options.onDelta),
              onToolCall: before(first, options.onToolCall),
            });
            end(null, answer, { 'gen_ai.response.finish_reasons': [answer.finishReason] });
            return answer;
          } catch (error) {
            end(error instanceof ModelFailure ? error.reason : 'UNAVAILABLE');
            throw error;
          }
        }),
    };
  }

  /** The same embedder; its calls are told of. @param provider who computes: a server that speaks the protocol, or this one */
  ofEmbedder(embedder: Embedder, provider: Called['provider'] = 'openai'): Embedder {
    const { name: model } = embedder;
    return {
      ...embedder,
      embed: (texts, signal, purpose = 'turn') =>
        this.#call({ kind: purpose, model, operation: 'embeddings', provider }, async (end) => {
          try {
            const vectors = await embedder.embed(texts, signal, purpose);
            end(null);
            return vectors;
          } catch (error) {
            end(signal.aborted ? 'ABORTED' : 'UNAVAILABLE');
            throw error;
          }
        }),
    };
  }

  /** The same reranker; its calls are told of. */
  ofReranker(reranker: Reranker): Reranker {
    const { name: model } = reranker;
    return {
      name: model,
      judge: (question, texts, signal) =>
        this.#call({ kind: 'rerank', model, operation: 'rerank', provider: 'openai' }, async (end) => {
          try {
            const relevances = await reranker.judge(question, texts, signal);
            end(null);
            return relevances;
          } catch (error) {
            end(signal.aborted ? 'ABORTED' : 'UNAVAILABLE');
            throw error;
          }
        }),
    };
  }

  async #call<T>(of: Called, work: (end: End, first: () => void) => Promise<T>): Promise<T> {
    return this.#tracing.run(spanOf(of), (span) => {
      const began = performance.now();
      let firstSeconds: number | null = null;
      const first = () => {
        firstSeconds ??= (performance.now() - began) / 1_000;
      };
      const end: End = (failure, counted, attributes = {}) => {
        const { tokensIn = null, tokensOut = null } = counted ?? {};
        span?.set({
          ...attributes,
          ...(tokensIn !== null && { 'gen_ai.usage.input_tokens': tokensIn }),
          ...(tokensOut !== null && { 'gen_ai.usage.output_tokens': tokensOut }),
        });
        const seconds = (performance.now() - began) / 1_000;
        const { kind, model } = of;
        for (const listener of this.#listeners)
          listener({ kind, model, seconds, firstSeconds, failure, tokensIn, tokensOut });
      };
      return work(end, first);
    });
  }
}

/** The same reader, with something that is done before each piece. */
function before<Piece>(
  first: () => void,
  reader: ((piece: Piece) => void) | undefined,
): ((piece: Piece) => void) | undefined {
  return (
    reader &&
    ((piece) => {
      first();
      reader(piece);
    })
  );
}

interface Called {
  readonly kind: CallKind;
  readonly model: string;
  readonly operation: 'chat' | 'embeddings' | 'rerank';
  /** By its protocol: whose server it is, nobody says. */
  readonly provider: 'openai' | 'echo_brain';
}
type End = (
  failure: ModelCall['failure'],
  counted?: Pick<ModelCall, 'tokensIn' | 'tokensOut'>,
  attributes?: Attributes,
) => void;

/** By the semantic conventions for generative AI (in development, November 2026): no messages, no texts. */
function spanOf({ kind, model, operation, provider }: Called): SpanStart {
  const name = `${operation} ${model}`;
  return {
    name,
    kind: 'client',
    attributes: {
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': provider,
      'gen_ai.request.model': model,
      'echo.model.purpose': kind,
    },
  };
}
