import type { Embedder, Purpose } from './embedder.ts';
import { type FailureReason, type LanguageModel, ModelFailure } from './language-model.ts';

/** What a model is called for: to answer, to learn, to describe pictures, or for the vector of a question or a turn. */
export type CallKind = 'answer' | 'learning' | 'vision' | Purpose;

/** One call of a model that has ended. */
export interface ModelCall {
  readonly kind: CallKind;
  /** The provider's id of it. */
  readonly model: string;
  readonly seconds: number;
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

  onEnd(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** The same model; its calls are told of. */
  ofModel(kind: CallKind, model: LanguageModel): LanguageModel {
    return {
      name: model.name,
      answer: async (request, options) => {
        const end = this.#begin(kind, model.name);
        try {
          const answer = await model.answer(request, options);
          end(null, answer);
          return answer;
        } catch (error) {
          end(error instanceof ModelFailure ? error.reason : 'UNAVAILABLE');
          throw error;
        }
      },
    };
  }

  /** The same embedder; its calls are told of. */
  ofEmbedder(embedder: Embedder): Embedder {
    return {
      ...embedder,
      embed: async (texts, signal, purpose) => {
        const end = this.#begin(purpose ?? 'turn', embedder.name);
        try {
          const vectors = await embedder.embed(texts, signal, purpose);
          end(null);
          return vectors;
        } catch (error) {
          end(signal.aborted ? 'ABORTED' : 'UNAVAILABLE');
          throw error;
        }
      },
    };
  }

  #begin(kind: CallKind, model: string) {
    const began = performance.now();
    return (failure: ModelCall['failure'], counted?: Partial<Pick<ModelCall, 'tokensIn' | 'tokensOut'>>) => {
      const call: ModelCall = {
        ...{ kind, model, failure, seconds: (performance.now() - began) / 1_000 },
        tokensIn: counted?.tokensIn ?? null,
        tokensOut: counted?.tokensOut ?? null,
      };
      for (const listener of this.#listeners) listener(call);
    };
  }
}
