import type { Owner } from '../../access/principals.ts';
import { asks } from '../utterances/utterance.ts';
import type { Classification } from './intents.ts';

/** Says what a query asks for where rules do not know; null where no model does, and only they decide. */
export interface IntentModel {
  /** Never rejects, and is not waited for longer than its budget. @returns null: it does not know, or gave no answer */
  decide(owner: Owner, query: string): Promise<Decided | null>;
}

interface Decided {
  readonly intent: 'memory_recall' | 'technical' | 'conversation';
  readonly model: string;
}

/** How sure a model is held to be: more than the lack of a rule, less than most rules. Our own figure, not measured. */
const MODEL_CONFIDENCE = 0.65;

/**
 * Whether rules do not know what a query asks for: none fits, and it asks something, or they would ask back. What tells
 * something is conversation, which needs no model.
 */
export function isUnsure(query: string, { intent, requiresClarification }: Classification): boolean {
  return intent === 'conversation' && (requiresClarification || asks(query));
}

/** What rules found, with what a model made of it. */
export function decidedBy(rules: Classification, decided: Decided | null): Classification {
  // That it is talk does not answer what is asked back.
  if (decided === null || (rules.requiresClarification && decided.intent === 'conversation')) return rules;
  return {
    ...{ intent: decided.intent, confidence: MODEL_CONFIDENCE, prompt: null, model: decided.model },
    ...{ requiresClarification: false, clarifyingQuestions: [] },
  };
}

/** The intent by which the level of the answering model is chosen: what a model says spends nothing. */
export function intentByRules({ intent, model }: Classification): Classification['intent'] {
  return model === null ? intent : 'conversation';
}
