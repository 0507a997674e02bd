import { newAct } from '../../src/domains/facts/changes.ts';
import { predicateOf } from '../../src/domains/facts/predicates.ts';
import { type Recorded, recordFact, type TurnGone } from '../../src/domains/facts/record.ts';
import type { FactOrigin, Precision } from '../../src/domains/facts/tables.ts';
import type { TestApp } from './harness.ts';

export const FACT = `factId userId statement subject predicate object category negated confidence status origin validFrom validUntil
  recordedAt retiredAt sources { quote field start end saidAt interaction { turnId } } supersedes { factId } supersededBy { factId }
  changes { changeId kind by runId undone fact { factId } }`;

/** What a turn says, as something that learns would put it. */
export interface Said {
  readonly turnId: string;
  readonly saidAt: string;
  readonly predicate: string;
  readonly object: string;
  readonly quote?: string;
  readonly statement?: string;
  readonly subject?: string;
  readonly negated?: boolean;
  readonly confidence?: number;
  readonly validFrom?: string;
  readonly validUntil?: string;
  readonly precision?: Precision;
  /** Where the quote begins; 0 without it. */
  readonly startsAt?: number;
  readonly origin?: FactOrigin;
}

const date = (text: string | undefined) => (text === undefined ? null : new Date(text));

/** Learns what turns say, one transaction each, as what learns does. */
export async function learn(
  { app }: Pick<TestApp, 'app'>,
  userId: string,
  said: readonly Said[],
): Promise<(Recorded | TurnGone)[]> {
  const done: (Recorded | TurnGone)[] = [];
  for (const { turnId, saidAt, predicate, object, ...more } of said) {
    const { subject = 'user', negated = false, confidence = 0.8, origin = 'RULES', startsAt = 0 } = more;
    const { statement = `${subject} ${negated ? 'not ' : ''}${predicate} ${object}`, quote = statement } =
      more;
    done.push(
      await app.services.db.transaction((client) =>
        recordFact(client, { tenantId: 'default', userId }, newAct('rules', crypto.randomUUID()), {
          ...{ subject, predicate, object, negated, statement, confidence, origin },
          category: predicateOf(predicate).category,
          ...{ validFrom: date(more.validFrom), validUntil: date(more.validUntil) },
          precision: more.precision ?? null,
          evidence: {
            ...{ turnId, field: 'query', quote, startsAt, endsAt: startsAt + [...quote].length },
            saidAt: new Date(saidAt),
          },
        }),
      ),
    );
  }
  return done;
}
