import type { Ports } from '../../ground/ports.ts';
import { FlagSnapshot } from './snapshot.ts';

interface FlagParts {
  readonly flags: FlagSnapshot;
}

declare module '../../graphql/context.ts' {
  interface Services extends FlagParts {}
}

/** What is on for whom; reads when somebody asks. */
export function openFlags({ db, availability }: Pick<Ports, 'db' | 'availability'>): FlagParts {
  return { flags: new FlagSnapshot(db, availability) };
}
