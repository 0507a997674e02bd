import type { Ports } from '../../ground/ports.ts';
import { LearningWatch } from './watch.ts';

interface LearningParts {
  readonly learning: { readonly watch: LearningWatch };
}

declare module '../../graphql/context.ts' {
  interface Services extends LearningParts {}
}

/** What is known of learning; what it takes is loaded by its tasks. */
export function openLearning({ db }: Pick<Ports, 'db'>): LearningParts {
  return { learning: { watch: new LearningWatch(db) } };
}
