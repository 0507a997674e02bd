import { createHash } from 'node:crypto';
import { predicateOf } from './predicates.ts';
import { comparable, namedAlike, plain } from './values.ts';

/** What a fact says, and of whom. */
export interface Said {
  readonly subject: string;
  readonly predicate: string;
  readonly object: string;
  readonly negated: boolean;
}

export interface FactKeys {
  readonly identityKey: Buffer;
  readonly polarityKey: Buffer;
  readonly slotKey: Buffer | null;
}

/**
 * By which facts are compared: two whose identity is the same are one fact, said twice. Subject and predicate are compared
 * without regard to case and accents, and predicates under one name ("dislikes" is not "likes"); objects as `comparable` has them
 * ("a dog called Biscuit" is "dog, called Biscuit"), or as they are written where no word is left.
 */
export function keysOf({ subject, predicate, object, negated }: Said): FactKeys {
  const { predicate: name, isOpposite } = namedAlike(plain(predicate));
  const about = [plain(subject), name];
  const what = comparable(name, object);
  return {
    identityKey: digest([...about, what, negated !== isOpposite ? 'not' : 'is']),
    polarityKey: digest([...about, what]),
    slotKey: predicateOf(name).isSingle ? digest(about) : null,
  };
}

/** Of a fact that says nothing any more: it is like no other. */
export const wordlessKey = (factId: string): Buffer => digest([factId]);

function digest(parts: readonly string[]): Buffer {
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
